/* proof.h - what the log proves to a third party: heads, that it only grows, and that a history is
 * in it. The objects of proto/evidence.schema.json, which the caller owns. Store thread. */
#ifndef PROOF_H
#define PROOF_H

#include <jansson.h>

#include "history.h"
#include "pia/db.h"
#include "pia/signing_key.h"

/* Where it is proved from. */
typedef struct {
    pia_db_t *db;
    const pia_signing_key_t *key;
    pia_problem_t *problem;
} proof_source_t;

/* The head at `size` entries (0: the present one). PIA_INVALID: there are not so many. */
pia_status_t proof_head(const proof_source_t *source, int64_t size, json_t **ret_head);

/* That the head at `first` entries is the beginning of that at `size` (0: the present one). */
pia_status_t
proof_consistency(const proof_source_t *source, int64_t first, int64_t size, json_t **ret_proof);

/* That the matter's history is in the log of `size` entries (0: the present one; PROOF_LEAST: as
 * soon as it was, so that the proof is always the same). Entries that the reader may not read are
 * hashes. */
enum { PROOF_LEAST = -1, PROOF_ENTRIES_MAX = 500 };
pia_status_t proof_matter(const proof_source_t *source,
                          const matter_t *matter,
                          const history_reader_t *reader,
                          int64_t size,
                          json_t **ret_proof);

#endif
