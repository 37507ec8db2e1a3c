/* dates.h - dates as readers of a language expect them, local days in Paris. */
#ifndef DATES_H
#define DATES_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { LANGUAGE_FR, LANGUAGE_EN } language_t;

enum { LANGUAGE_COUNT = 2, DATE_TEXT_SIZE = 64 };

/* "en" is English; everything else is written in French. */
language_t language_parse(const char *text);
const char *language_name(language_t language);

/* "2026-01-01" as "1er janvier 2026", "1 January 2026"; false if it is not a date. */
bool date_day(language_t language, const char *date, char ret_text[DATE_TEXT_SIZE]);

/* A moment as "26 novembre 2026 à 7 h 05", "26 November 2026 at 7:05", Paris time; the spaces
 * inside a date and an hour do not break. */
void date_moment(language_t language, int64_t time_ms, char ret_text[DATE_TEXT_SIZE]);

#endif
