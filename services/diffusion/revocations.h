/* revocations.h - who lost its rights: a projection of the registry's principal.revoked, kept as
 * long as a token may live, so that a restart does not let one in again. */
#ifndef DIFFUSION_REVOCATIONS_H
#define DIFFUSION_REVOCATIONS_H

#include <jansson.h>
#include <stdint.h>

#include "pia/db.h"

enum { REVOCATION_SUBJECT_SIZE = 64 };

typedef struct {
    char subject[REVOCATION_SUBJECT_SIZE];
    int64_t at_ms; /* wall clock */
} revocation_t;

/* Reads the data of principal.revoked. PIA_INVALID with a pointer. */
pia_status_t
revocation_read(const json_t *data, revocation_t *ret_revocation, pia_problem_t *problem);

/* Keeps it; store thread, in the transaction that appends the event. */
pia_status_t revocations_keep(pia_db_t *db, const json_t *data, pia_problem_t *problem);

/* Those of which tokens may still live: *ret_revocations is an array of *ret_count that the caller
 * frees. Store thread. */
pia_status_t revocations_load(pia_db_t *db, revocation_t **ret_revocations, size_t *ret_count);

#endif
