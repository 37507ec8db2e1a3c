/* erasure.h - texts that were erased: a transition erases the texts of an earlier entry; its own
 * entry names their hashes (member `effaces` of its data), so that a text which is missing without
 * such an entry is a text that somebody has removed. Store thread. */
#ifndef ERASURE_H
#define ERASURE_H

#include <stdbool.h>

#include "act.h"
#include "pia/problem.h"

typedef struct {
    int64_t erased_by; /* number of the matter's entry that says so */
    int64_t erased_ms;
} erasure_t;

/* Erases the texts of entry `number` of the act's matter and adds their hashes to its record.
 * PIA_INVALID at `at`: there is no such entry, or no text in it. */
pia_status_t erasure_make(act_t *act, int64_t number, const char *at, pia_problem_t *problem);

/* Notes that the act has erased what an entry of its matter names by this hash, and adds it to its
 * record. */
pia_status_t erasure_note(act_t *act, int64_t number, const char *hash);

/* The hashes that the act has erased so far; NULL: none. Borrowed from its record. */
const json_t *erasure_list(const act_t *act);

/* PIA_NOT_FOUND: it was not erased. */
pia_status_t erasure_find(pia_db_t *db, const char *hash, erasure_t *ret_erasure);

/* Whether the data of an entry say that it erased this text. */
bool erasure_says(const json_t *data, const char *hash);

#endif
