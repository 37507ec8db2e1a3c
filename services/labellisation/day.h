/* day.h - legal days and periods: local days in Paris, counted since 1970-01-01; a period runs from
 * date to date. Pure functions, any thread. */
#ifndef DAY_H
#define DAY_H

#include <stdint.h>

enum { DAY_TEXT_SIZE = 11 }; /* "2026-11-26" and its NUL */

typedef enum { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY } weekday_t;

/* A date of the Gregorian calendar. */
typedef struct {
    int64_t year;
    int64_t month, day; /* from 1 */
} date_t;

typedef struct {
    int64_t years, months, weeks, days; /* all < 0: counted back */
} period_t;

int64_t day_from_date(date_t date);
date_t day_to_date(int64_t day);
weekday_t day_weekday(int64_t day);

/* The `nth` (1..) given weekday of a month, or the last one (0). */
int64_t day_nth_weekday(int64_t year, int64_t month, weekday_t weekday, int nth);

/* The local day of an instant, by the European rule of summer time as it is since October 1996. */
int64_t day_of(int64_t time_ms);

/* The instant when a day begins (0:00 in Paris), which is when the day before ends (24:00). */
int64_t day_start(int64_t day);

/* The day on which a period that begins on `day` ends. Years and months first: the same day number,
 * or the month's last day if it has none; then weeks and days. */
int64_t day_add(int64_t day, const period_t *period);

void day_format(int64_t day, char ret_text[DAY_TEXT_SIZE]);

#endif
