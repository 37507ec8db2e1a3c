/* french.c - French for more than one process. */
#include "pia/french.h"

#include <stdio.h>
#include <time.h>

enum { DAY_S = 24 * 3600 };

void pia_french_day(int64_t day, char ret_text[PIA_FRENCH_DAY_SIZE])
{
    static const char *const months[] = {"janvier",   "février", "mars",     "avril",
                                         "mai",       "juin",    "juillet",  "août",
                                         "septembre", "octobre", "novembre", "décembre"};
    time_t noon = (time_t)day * DAY_S + DAY_S / 2;
    struct tm date = {.tm_year = 0};
    (void)gmtime_r(&noon, &date);
    (void)snprintf(ret_text, PIA_FRENCH_DAY_SIZE, "%d%s\u00a0%s\u00a0%d", date.tm_mday,
                   date.tm_mday == 1 ? "er" : "", months[date.tm_mon], date.tm_year + 1900);
}
