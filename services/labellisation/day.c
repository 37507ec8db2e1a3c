/* day.c - legal days and periods, in Paris. */
#include "day.h"

#include <stdbool.h>
#include <stdio.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };
enum { MARCH = 3, OCTOBER = 10 };

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Days since 1970 of a date of the Gregorian calendar (eras of 400 years that begin in March). */
int64_t day_from_date(date_t date)
{
    int64_t year = date.year - (date.month <= 2);
    int64_t era = floor_div(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month = (date.month + 9) % 12; /* from March */
    int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

date_t day_to_date(int64_t day)
{
    int64_t shifted = day + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* from March */
    date_t date = {
        .year = year_of_era + era * 400 + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
    };
    return date;
}

weekday_t day_weekday(int64_t day)
{
    return (weekday_t)((day % 7 + 7 + THURSDAY) % 7); /* 1970-01-01 was a Thursday */
}

static int64_t month_days(int64_t year, int64_t month)
{
    date_t next = month == 12 ? (date_t){year + 1, 1, 1} : (date_t){year, month + 1, 1};
    return day_from_date(next) - day_from_date((date_t){year, month, 1});
}

int64_t day_nth_weekday(int64_t year, int64_t month, weekday_t weekday, int nth)
{
    int64_t first = day_from_date((date_t){year, month, 1});
    int64_t wanted = (int64_t)weekday;
    if (nth > 0)
        return first + (wanted - (int64_t)day_weekday(first) + 7) % 7 + (int64_t)7 * (nth - 1);
    int64_t last = first + month_days(year, month) - 1;
    return last - ((int64_t)day_weekday(last) - wanted + 7) % 7;
}

/* 1:00 UTC on the month's last Sunday: when the clocks change. */
static int64_t change_ms(int64_t year, int month)
{
    return day_nth_weekday(year, month, SUNDAY, 0) * DAY_MS + HOUR_MS;
}

static int64_t offset_ms(int64_t time_ms)
{
    int64_t year = day_to_date(floor_div(time_ms, DAY_MS)).year;
    bool summer = time_ms >= change_ms(year, MARCH) && time_ms < change_ms(year, OCTOBER);
    return summer ? 2 * HOUR_MS : HOUR_MS;
}

int64_t day_of(int64_t time_ms)
{
    return floor_div(time_ms + offset_ms(time_ms), DAY_MS);
}

int64_t day_start(int64_t day)
{
    /* Clocks change at 2:00 or 3:00, so the offset of 22:00 UTC holds at local midnight. */
    int64_t evening = day * DAY_MS - (int64_t)2 * HOUR_MS;
    return day * DAY_MS - offset_ms(evening);
}

int64_t day_add(int64_t day, const period_t *period)
{
    date_t date = day_to_date(day);
    int64_t months = date.year * 12 + date.month - 1 + period->years * 12 + period->months;
    date.year = floor_div(months, 12);
    date.month = months - date.year * 12 + 1;
    int64_t last = month_days(date.year, date.month);
    if (date.day > last)
        date.day = last;
    return day_from_date(date) + period->weeks * 7 + period->days;
}

void day_format(int64_t day, char ret_text[DAY_TEXT_SIZE])
{
    date_t date = day_to_date(day);
    (void)snprintf(ret_text, DAY_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000,
                   (unsigned)date.month % 100, (unsigned)date.day % 100);
}
