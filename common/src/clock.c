/* clock.c - legal, wall and monotonic time, and their RFC 3339 texts. */
#include "pia/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { YEAR_MIN = 1970, DAY_MS = 86400000 };

static const int64_t time_max = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */

static _Atomic int64_t clock_shift;

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(!failed);
    (void)failed;
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t pia_clock_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t pia_clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t pia_clock_shift(void)
{
    return atomic_load(&clock_shift);
}

int64_t pia_clock_now(void)
{
    return pia_clock_wall() + pia_clock_shift();
}

void pia_clock_set_shift(int64_t shift_ms)
{
    int64_t present = atomic_load(&clock_shift);
    while (shift_ms > present && !atomic_compare_exchange_weak(&clock_shift, &present, shift_ms)) {
    }
}

/* Days from 1970-01-01 of a date of the Gregorian calendar (years begin in March, so that the
 * leap day is the last one). */
static int64_t days_from_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t z = days + 719468;
    int64_t era = z / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_index = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1);
    *ret_month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

void pia_time_format(int64_t time_ms, char *ret_text)
{
    assert(time_ms >= 0 && time_ms <= time_max);
    int year, month, day;
    date_from_days(time_ms / DAY_MS, &year, &month, &day);
    int rest = (int)(time_ms % DAY_MS);
    (void)snprintf(ret_text, PIA_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
                   (unsigned)rest / 3600000 % 100, (unsigned)rest / 60000 % 60,
                   (unsigned)rest / 1000 % 60, (unsigned)rest % 1000);
}

/* Reads exactly `count` digits and moves on; -1 if they are not there. */
static int digits(const char **cursor, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char c = **cursor;
        if (c < '0' || c > '9') {
            return -1;
        }
        value = value * 10 + (c - '0');
        (*cursor)++;
    }
    return value;
}

static bool skip(const char **cursor, char expected)
{
    if (**cursor != expected) {
        return false;
    }
    (*cursor)++;
    return true;
}

static int month_length(int year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : lengths[month - 1];
}

static bool read_date(const char **cursor, int64_t *ret_days)
{
    int year = digits(cursor, 4);
    if (year < YEAR_MIN || !skip(cursor, '-')) {
        return false;
    }
    int month = digits(cursor, 2);
    if (month < 1 || month > 12 || !skip(cursor, '-')) {
        return false;
    }
    int day = digits(cursor, 2);
    if (day < 1 || day > month_length(year, month)) {
        return false;
    }
    *ret_days = days_from_date(year, month, day);
    return true;
}

/* hh:mm:ss and an optional fraction, whose digits beyond milliseconds are cut. */
static bool read_time(const char **cursor, int64_t *ret_ms)
{
    int hour = digits(cursor, 2);
    if (hour < 0 || hour > 23 || !skip(cursor, ':')) {
        return false;
    }
    int minute = digits(cursor, 2);
    if (minute < 0 || minute > 59 || !skip(cursor, ':')) {
        return false;
    }
    int second = digits(cursor, 2);
    if (second < 0 || second > 59) {
        return false;
    }
    *ret_ms = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * 1000;
    if (!skip(cursor, '.')) {
        return true;
    }
    int count = 0;
    for (int scale = 100; **cursor >= '0' && **cursor <= '9'; (*cursor)++, scale /= 10, count++) {
        *ret_ms += (int64_t)(**cursor - '0') * scale;
    }
    return count >= 1 && count <= 9;
}

/* Z or ±hh:mm, as ms to subtract. */
static bool read_offset(const char **cursor, int64_t *ret_ms)
{
    if (skip(cursor, 'Z') || skip(cursor, 'z')) {
        *ret_ms = 0;
        return true;
    }
    int64_t sign = **cursor == '-' ? -1 : 1;
    if (!skip(cursor, '+') && !skip(cursor, '-')) {
        return false;
    }
    int hour = digits(cursor, 2);
    if (hour < 0 || hour > 23 || !skip(cursor, ':')) {
        return false;
    }
    int minute = digits(cursor, 2);
    if (minute < 0 || minute > 59) {
        return false;
    }
    *ret_ms = sign * ((int64_t)hour * 60 + minute) * 60000;
    return true;
}

bool pia_time_parse(const char *text, int64_t *ret_time_ms)
{
    const char *cursor = text;
    int64_t days = 0, time_ms = 0, offset_ms = 0;
    if (!read_date(&cursor, &days) || (!skip(&cursor, 'T') && !skip(&cursor, 't')) ||
        !read_time(&cursor, &time_ms) || !read_offset(&cursor, &offset_ms) || *cursor) {
        return false;
    }
    int64_t result = days * DAY_MS + time_ms - offset_ms;
    if (result < 0 || result > time_max) {
        return false;
    }
    *ret_time_ms = result;
    return true;
}

bool pia_date_parse(const char *text, int64_t *ret_days)
{
    const char *cursor = text;
    int64_t days = 0;
    if (!read_date(&cursor, &days) || *cursor) {
        return false;
    }
    *ret_days = days;
    return true;
}
