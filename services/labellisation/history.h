/* history.h - what happened to a matter, append-only. Each entry's chain is BLAKE2b-256 over the
 * chain before it (32 zero bytes at first) and BLAKE2b-256 of the entry as JSON: members sorted,
 * no spaces (matter, number, transition, from or null, to, actor, effective_at and recorded_at in
 * ms, data). Store thread. */
#ifndef HISTORY_H
#define HISTORY_H

#include <jansson.h>
#include <stdint.h>

#include "matter.h"
#include "pia/db.h"

typedef struct {
    const char *transition;
    const char *from; /* NULL at the creation */
    const char *to;
    const char *actor; /* subject of the principal, or the service */
    int64_t effective_ms, recorded_ms;
    const json_t *data; /* an object; texts as their hashes */
} history_entry_t;

/* Appends entry number matter->version and moves matter->chain on. */
pia_status_t history_append(pia_db_t *db, matter_t *matter, const history_entry_t *entry);

/* Who reads: what an entry shows depends on it (engine_reads). */
typedef struct {
    const machine_t *machine;
    uint32_t roles;      /* of matter_roles */
    const char *subject; /* of the principal */
} history_reader_t;

/* Entries after number `after`, at most `limit`, as proto's history_page; the caller owns it. */
pia_status_t history_page(pia_db_t *db,
                          const char *matter,
                          const history_reader_t *reader,
                          int64_t after,
                          int64_t limit,
                          json_t **ret_page);

/* The texts of entry `number` as proto's history_text_list; the caller owns it. PIA_NOT_FOUND: no
 * such entry; PIA_FORBIDDEN: the reader may not read its data. */
pia_status_t history_texts(pia_db_t *db,
                           const char *matter,
                           const history_reader_t *reader,
                           int64_t number,
                           json_t **ret_list);

/* Reads all entries again: proto's history_proof, the caller owns it. */
pia_status_t history_verify(pia_db_t *db, const matter_t *matter, json_t **ret_proof);

#endif
