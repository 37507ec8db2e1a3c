/* evidence.h - one log over the histories of all matters: each entry is also a leaf of a Merkle
 * tree (merkle.h), in the transaction that writes it, so that nothing can be changed, left out or
 * put in without changing the tree's head. A leaf's bytes are the text "MATTER NUMBER CHAIN": the
 * matter's chain after the entry (history.h), which covers all its entries before. Store thread. */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "merkle.h"
#include "pia/db.h"
#include "pia/signing_key.h"
#include "pia/uuid.h"

typedef struct {
    char log[PIA_UUID_TEXT_SIZE]; /* random, made with the database */
    merkle_t tree;
} evidence_t;

/* The log as it is, for whom a transaction that appends does not matter. */
pia_status_t evidence_read(pia_db_t *db, evidence_t *ret_evidence);

/* Reads it and keeps all others from appending until the commit: positions have no hole. */
pia_status_t evidence_lock(pia_db_t *db, evidence_t *ret_evidence);
pia_status_t evidence_store(pia_db_t *db, const evidence_t *evidence);

/* Where an entry stands in the log, from 0. PIA_NOT_FOUND. */
pia_status_t
evidence_position(pia_db_t *db, const char *matter, int64_t number, int64_t *ret_position);

/* The hash of an entry's leaf; `chain` is hexadecimal. */
void evidence_leaf(const char *matter, int64_t number, const char *chain, merkle_hash_t ret_leaf);

/* Where the tree's hashes are kept: the nodes that a leaf completes stand in its row. */
merkle_source_t evidence_source(pia_db_t *db);

/* What is signed of a head: four lines, see proto/README.md. A head has one signature, always the
 * same, whenever it is made. */
enum { EVIDENCE_SIGNATURE_SIZE = 64 };
void evidence_sign(const char *log,
                   uint64_t size,
                   const merkle_hash_t root,
                   const pia_signing_key_t *key,
                   uint8_t ret_signature[EVIDENCE_SIGNATURE_SIZE]);

/* Opening: makes the log if there is none and notes the key, with which old heads are checked. In a
 * transaction. */
pia_status_t evidence_open(pia_db_t *db, const pia_signing_key_t *key);

/* Keeps a signed head if the last one is an hour old (wall clock) and the log has grown: what was
 * signed before can no longer be changed by who has only the database. */
pia_status_t evidence_keep(pia_db_t *db, const pia_signing_key_t *key, int64_t wall_ms);

/* Whether a kept head of this size has this root and a signature by a noted key; *ret_own: by this
 * one. PIA_NOT_FOUND: none is kept; PIA_CONFLICT: it is another head, or its signature is not good.
 */
pia_status_t evidence_check(pia_db_t *db,
                            const pia_signing_key_t *key,
                            const evidence_t *evidence,
                            bool *ret_own);

#endif
