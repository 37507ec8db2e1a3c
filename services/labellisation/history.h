/* history.h - what happened to a matter, append-only. Each entry's chain is BLAKE2b-256 over the
 * chain before it (32 zero bytes at first) and the entry's hash: BLAKE2b-256, with the entry's
 * random salt as its key, over the entry as JSON: members sorted, no spaces (matter, number,
 * transition, from or null, to, actor, effective_at and recorded_at in ms, data). So the hash of an
 * entry may be shown to who may not read it: without the salt its content cannot be tried out.
 * Each is a leaf of the one log over all matters, too (evidence.h). Store thread. */
#ifndef HISTORY_H
#define HISTORY_H

#include <jansson.h>
#include <stdbool.h>
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

enum { HISTORY_SALT_SIZE = 32, HISTORY_HASH_SIZE = 32 };

/* The bytes of an entry that are hashed; the caller frees them. */
char *history_bytes(const char *matter, int64_t number, const history_entry_t *entry);
void history_hash(const char *bytes,
                  const uint8_t salt[HISTORY_SALT_SIZE],
                  uint8_t ret_hash[HISTORY_HASH_SIZE]);
/* Moves a chain on over the next entry's hash; history_no_chain writes the one before the first. */
void history_chain(char chain[MATTER_HASH_SIZE], const uint8_t hash[HISTORY_HASH_SIZE]);
void history_no_chain(char ret_chain[MATTER_HASH_SIZE]);

/* Appends entry number matter->version and moves matter->chain on. From here to the commit nobody
 * else appends to any history. */
pia_status_t history_append(pia_db_t *db, matter_t *matter, const history_entry_t *entry);

/* Who reads: what an entry shows depends on it (engine_reads). */
typedef struct {
    const machine_t *machine;
    uint32_t roles;      /* of matter_roles */
    const char *subject; /* of the principal */
} history_reader_t;

/* Whether the reader may read the data of such an entry, and whether it may know who made it: who
 * decides, and who made it. */
bool history_may_read(const history_reader_t *reader, const char *transition, const char *actor);
bool history_may_know(const history_reader_t *reader, const char *actor);

/* Entries after number `after`, at most `limit`, as proto's history_page; the caller owns it. */
pia_status_t history_page(pia_db_t *db,
                          const char *matter,
                          const history_reader_t *reader,
                          int64_t after,
                          int64_t limit,
                          json_t **ret_page);

/* What changed after version `version`: the newest entries, at most HISTORY_CHANGES_MAX, as an
 * array of {"number", "transition", "to", "actor", "at"}, the actor as far as the reader may know
 * it. The caller owns it. */
enum { HISTORY_CHANGES_MAX = 16 };
pia_status_t history_changes(pia_db_t *db,
                             const matter_t *matter,
                             const history_reader_t *reader,
                             int64_t version,
                             json_t **ret_changes);

/* The texts of entry `number` as proto's history_text_list; the caller owns it. PIA_NOT_FOUND: no
 * such entry; PIA_FORBIDDEN: the reader may not read its data. */
pia_status_t history_texts(pia_db_t *db,
                           const char *matter,
                           const history_reader_t *reader,
                           int64_t number,
                           json_t **ret_list);

#endif
