/* french.h - dates as French readers expect them, local days in Paris. */
#ifndef FRENCH_H
#define FRENCH_H

#include <stdbool.h>
#include <stdint.h>

enum { FRENCH_SIZE = 64 };

/* "2026-01-01" as "1er janvier 2026"; false if it is not a date. */
bool french_day(const char *date, char ret_text[FRENCH_SIZE]);

/* A moment as "26 novembre 2026 à 7 h 05", Paris time, with non-breaking spaces in the hour. */
void french_time(int64_t time_ms, char ret_text[FRENCH_SIZE]);

#endif
