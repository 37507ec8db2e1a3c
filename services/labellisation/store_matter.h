/* store_matter.h - matters of all kinds in SQL. Store thread. */
#ifndef STORE_MATTER_H
#define STORE_MATTER_H

#include <stdbool.h>
#include <stdint.h>

#include "library.h"
#include "matter.h"
#include "pia/db.h"

typedef struct {
    const char *state;     /* NULL: any */
    const char *structure; /* NULL: any; else also those of `person`, assigned or its own */
    const char *person;
    const char *pole;   /* NULL: any */
    const char *parent; /* NULL: any; with one, `structure` and `person` are not looked at */
    const char *after;  /* id; "" from the first */
    int64_t limit;
} matter_filter_t;

typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    machine_kind_t kind;
} matter_key_t;

/* Reads one, whose definition `library` finds; PIA_NOT_FOUND. */
pia_status_t store_matter_find(pia_db_t *db,
                               library_t *library,
                               machine_kind_t kind,
                               const char *id,
                               matter_t *ret_matter,
                               pia_problem_t *problem);

pia_status_t store_matter_insert(pia_db_t *db, const matter_t *matter);

/* Makes the next version ours: PIA_CONFLICT if the store has another one than matter->version. On
 * success matter->version is the new one. */
pia_status_t store_matter_claim(pia_db_t *db, matter_t *matter);

/* Writes all that a transition changes, after a claim in the same transaction. PIA_CONFLICT: what
 * it has led to has moved this matter on. */
pia_status_t store_matter_save(pia_db_t *db, const matter_t *matter);

/* The ids of one page, in order; at most `filter->limit` + 1 of them: one more says that there is
 * a next page. The caller owns the array. */
pia_status_t store_matter_list(pia_db_t *db,
                               machine_kind_t kind,
                               const matter_filter_t *filter,
                               json_t **ret_ids);

/* Those whose timer is due, the longest due first, then by id, at most `max`. */
pia_status_t store_matter_due(
    pia_db_t *db, int64_t now_ms, size_t max, matter_key_t *ret_keys, size_t *ret_count);

/* Lets a due timer wait, if the matter is still of this version; the next transition computes it
 * anew. */
pia_status_t store_matter_postpone(pia_db_t *db, const char *id, int64_t version, int64_t until_ms);

/* The first child of this kind; PIA_NOT_FOUND. */
pia_status_t store_matter_child(pia_db_t *db,
                                const char *parent,
                                machine_kind_t kind,
                                char ret_id[PIA_UUID_TEXT_SIZE]);

/* Whether another structure has a label for a pôle of this code. */
pia_status_t
store_matter_is_held(pia_db_t *db, const char *pole, const char *structure, bool *ret_held);

/* Marks all that belongs to a structure as fictitious. */
pia_status_t store_matter_mark(pia_db_t *db, const char *structure);

/* A number that grows with each dossier or label that is made or moved: the sum of the versions.
 * Reads all rows of the kind: for lists that the cache answers most of the time. */
pia_status_t store_matter_versions(pia_db_t *db, machine_kind_t kind, int64_t *ret_sum);

#endif
