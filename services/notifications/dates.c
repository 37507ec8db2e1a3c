/* dates.c - dates in words, without the process's locale, which a service does not set. */
#include "dates.h"

#include <stdio.h>
#include <string.h>

#include "pia/clock.h"

enum { HOUR_MS = 3600000, MARCH = 3, OCTOBER = 10 };

#define NBSP "\xc2\xa0"

static const int64_t time_max = INT64_C(253402300799999); /* the last ms of the year 9999 */

static const char *const names[] = {"fr", "en"};

static const char *const months[][12] = {
    {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
     "octobre", "novembre", "décembre"},
    {"January", "February", "March", "April", "May", "June", "July", "August", "September",
     "October", "November", "December"},
};

language_t language_parse(const char *text)
{
    return text && strcmp(text, names[LANGUAGE_EN]) == 0 ? LANGUAGE_EN : LANGUAGE_FR;
}

const char *language_name(language_t language)
{
    return names[language];
}

/* The number in text[0..size), which holds only digits. */
static int number(const char *text, int size)
{
    int value = 0;
    for (int i = 0; i < size; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool date_day(language_t language, const char *date, char ret_text[DATE_TEXT_SIZE])
{
    int64_t days = 0;
    if (!pia_date_parse(date, &days)) {
        return false;
    }
    int day = number(date + 8, 2);
    (void)snprintf(ret_text, DATE_TEXT_SIZE, "%d%s" NBSP "%s" NBSP "%d", day,
                   day == 1 && language == LANGUAGE_FR ? "er" : "",
                   months[language][number(date + 5, 2) - 1], number(date, 4));
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

void date_moment(language_t language, int64_t time_ms, char ret_text[DATE_TEXT_SIZE])
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    int year = number(text, 4);
    bool summer = time_ms >= change_of_time(year, MARCH) && time_ms < change_of_time(year, OCTOBER);
    int64_t local_ms = time_ms + (int64_t)HOUR_MS * (summer ? 2 : 1);
    pia_time_format(local_ms < time_max ? local_ms : time_max, text);
    int hour = number(text + 11, 2);
    int minute = number(text + 14, 2);
    text[10] = '\0';
    char day[DATE_TEXT_SIZE];
    (void)date_day(language, text, day); // NOLINT(readability-suspicious-call-argument)
    if (language == LANGUAGE_FR) {
        (void)snprintf(ret_text, DATE_TEXT_SIZE, "%.40s à %d" NBSP "h" NBSP "%02d", day, hour,
                       minute);
    } else {
        (void)snprintf(ret_text, DATE_TEXT_SIZE, "%.40s at %d:%02d", day, hour, minute);
    }
}
