/* legal_words.h - the French of explanations: dates, periods, segments. Any thread. */
#ifndef LEGAL_WORDS_H
#define LEGAL_WORDS_H

#include "legal_clock.h"

enum { LEGAL_PERIOD_SIZE = 64 };

/* "2 mois", "1 an et 10 jours"; of a period counted back its size. */
void legal_period(const period_t *period, char ret_text[LEGAL_PERIOD_SIZE]);

typedef struct {
    legal_effect_t effect;
    int64_t from, to;
    const char *article;
} legal_span_t;

/* Adds a segment; there is always room (LEGAL_SEGMENTS_MAX is more than the facts can give). */
void legal_say(legal_deadline_t *deadline, legal_span_t span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
