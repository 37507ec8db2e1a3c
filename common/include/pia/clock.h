/* clock.h - the two clocks. Times are int64_t milliseconds. Any thread. */
#ifndef PIA_CLOCK_H
#define PIA_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIA_TIME_TEXT_SIZE = 25 }; /* "2026-11-26T06:30:55.123Z" and its NUL */

/* Legal time, ms since 1970-01-01 UTC: dates, timers, retention. The wall clock plus the shift. */
int64_t pia_clock_now(void);

/* The shift of legal time, ms >= 0, forward only: a smaller value than today's is ignored. */
void pia_clock_set_shift(int64_t shift_ms);
int64_t pia_clock_shift(void);

/* The unshifted wall clock, ms since 1970 UTC: expiry of tokens, log lines. */
int64_t pia_clock_wall(void);

/* Never goes back, unrelated to dates: leases, heartbeats, deadlines of requests. */
int64_t pia_clock_monotonic(void);

/* RFC 3339 in UTC with milliseconds. `ret_text` holds PIA_TIME_TEXT_SIZE bytes. */
void pia_time_format(int64_t time_ms, char *ret_text);

/* Reads an RFC 3339 date-time with offset, years 1970 to 9999; false if it is not one. */
bool pia_time_parse(const char *text, int64_t *ret_time_ms);

/* Reads a day of the calendar ("2026-11-26", years 1970 to 9999) as days since 1970-01-01. */
bool pia_date_parse(const char *text, int64_t *ret_days);

#endif
