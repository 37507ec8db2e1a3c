/* label_number.h - the numbers that labels have for people: PIA-2026-0016, counted by the year of
 * their first day, without a hole. Store thread. */
#ifndef LABEL_NUMBER_H
#define LABEL_NUMBER_H

#include <stdint.h>

#include "pia/db.h"
#include "pia/uuid.h"

enum { LABEL_NUMBER_SIZE = 24 };

/* The next number of a year; nobody else takes one of that year until the commit. */
pia_status_t label_number_take(pia_db_t *db, int64_t year, char ret_number[LABEL_NUMBER_SIZE]);

/* Notes whose it is. */
pia_status_t label_number_give(pia_db_t *db, const char *number, const char *label);

/* The label of a number. PIA_NOT_FOUND. */
pia_status_t
label_number_find(pia_db_t *db, const char *number, char ret_label[PIA_UUID_TEXT_SIZE]);

/* The number of a label. PIA_NOT_FOUND. */
pia_status_t label_number_of(pia_db_t *db, const char *label, char ret_number[LABEL_NUMBER_SIZE]);

#endif
