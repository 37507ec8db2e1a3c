/* french.c - French dates without the process's locale, which a service does not set. */
#include "french.h"

#include <stdio.h>
#include <stdlib.h>

#include "pia/clock.h"

enum { HOUR_MS = 3600000, MARCH = 3, OCTOBER = 10 };

#define NBSP "\xc2\xa0"

static const char *const months[] = {"janvier",   "février", "mars",     "avril",
                                     "mai",       "juin",    "juillet",  "août",
                                     "septembre", "octobre", "novembre", "décembre"};

/* The number in text[0..size), which holds only digits. */
static int number(const char *text, int size)
{
    int value = 0;
    for (int i = 0; i < size; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool french_day(const char *date, char ret_text[FRENCH_SIZE])
{
    int64_t days = 0;
    if (!pia_date_parse(date, &days)) {
        return false;
    }
    int day = number(date + 8, 2);
    (void)snprintf(ret_text, FRENCH_SIZE, "%d%s" NBSP "%s %d", day, day == 1 ? "er" : "",
                   months[number(date + 5, 2) - 1], number(date, 4));
    return true;
}

/* 01:00 UTC on the last Sunday of a month of 31 days: when summer time begins or ends (directive
 * 2000/84/EC; in France so since 1996). */
static int64_t change_of_time(int year, int month)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%04d-%02d-31", year % 10000, month % 100);
    int64_t days = 0;
    (void)pia_date_parse(text, &days);
    int64_t weekday = (days + 4) % 7; /* 1970-01-01 was a Thursday; Sunday is 0 */
    return ((days - weekday) * 24 + 1) * HOUR_MS;
}

void french_time(int64_t time_ms, char ret_text[FRENCH_SIZE])
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    int year = number(text, 4);
    bool summer = time_ms >= change_of_time(year, MARCH) && time_ms < change_of_time(year, OCTOBER);
    pia_time_format(time_ms + (int64_t)HOUR_MS * (summer ? 2 : 1), text);
    int hour = number(text + 11, 2);
    int minute = number(text + 14, 2);
    text[10] = '\0';
    char day[FRENCH_SIZE];
    (void)french_day(text, day); // NOLINT(readability-suspicious-call-argument)
    (void)snprintf(ret_text, FRENCH_SIZE, "%.40s à %d" NBSP "h" NBSP "%02d", day, hour, minute);
}
