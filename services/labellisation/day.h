/* day.h - legal days and periods: local days in Paris, counted since 1970-01-01; a period runs from
 * date to date. Pure functions, any thread. */
#ifndef DAY_H
#define DAY_H

#include <stdint.h>

enum { DAY_TEXT_SIZE = 11 }; /* "2026-11-26" and its NUL */

typedef struct {
    int64_t years, months, weeks, days; /* each >= 0 */
} period_t;

/* The local day of an instant, by the European rule of summer time as it is since October 1996. */
int64_t day_of(int64_t time_ms);

/* The instant when a day begins (0:00 in Paris), which is when the day before ends (24:00). */
int64_t day_start(int64_t day);

/* The day on which a period that begins on `day` ends. Years and months first: the same day number,
 * or the month's last day if it has none; then weeks and days. */
int64_t day_add(int64_t day, const period_t *period);

void day_format(int64_t day, char ret_text[DAY_TEXT_SIZE]);

#endif
