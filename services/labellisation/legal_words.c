/* legal_words.c - the French of explanations. */
#include "legal_words.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NBSP "\xc2\xa0"

/* Appends "2 mois", with "et" before the last part or a comma before others. */
static void add_part(char *text, int64_t count, const char *one, const char *many, bool last)
{
    size_t used = strlen(text);
    if (count == 0)
        return;
    int64_t size = llabs(count);
    (void)snprintf(text + used, LEGAL_PERIOD_SIZE - used, "%s%" PRId64 NBSP "%s",
                   !used  ? ""
                   : last ? " et "
                          : ", ",
                   size, size > 1 ? many : one);
}

void legal_period(const period_t *period, char ret_text[LEGAL_PERIOD_SIZE])
{
    ret_text[0] = '\0';
    add_part(ret_text, period->years, "an", "ans", false);
    add_part(ret_text, period->months, "mois", "mois", !period->weeks && !period->days);
    add_part(ret_text, period->weeks, "semaine", "semaines", !period->days);
    add_part(ret_text, period->days, "jour", "jours", true);
}

void legal_say(legal_deadline_t *deadline, legal_span_t span, const char *format, ...)
{
    assert(deadline->segment_count < LEGAL_SEGMENTS_MAX);
    legal_segment_t *segment = &deadline->segments[deadline->segment_count++];
    segment->effect = span.effect;
    segment->from = span.from;
    segment->to = span.to;
    segment->article = span.article;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(segment->text, sizeof segment->text, format, arguments);
    va_end(arguments);
}
