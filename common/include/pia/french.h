/* french.h - what is written for people in French by more than one process. Any thread. */
#ifndef PIA_FRENCH_H
#define PIA_FRENCH_H

#include <stdint.h>

enum { PIA_FRENCH_DAY_SIZE = 32 };

/* A day, counted from 1970-01-01, as "1er octobre 2007", with no-break spaces. */
void pia_french_day(int64_t day, char ret_text[PIA_FRENCH_DAY_SIZE]);

#endif
