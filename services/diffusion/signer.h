/* signer.h - the journal's own Ed25519 key: it signs the markers of what was removed. Its secret is
 * a file beside the database, made at the first start, mode 0600; public keys that were ever used
 * are rows, so that a backup is verified on another machine. */
#ifndef DIFFUSION_SIGNER_H
#define DIFFUSION_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/problem.h"

enum { SIGNER_KEY_SIZE = 32, SIGNER_SECRET_SIZE = 64, SIGNATURE_SIZE = 64 };

typedef struct {
    uint8_t public_key[SIGNER_KEY_SIZE];
    uint8_t secret[SIGNER_SECRET_SIZE];
} signer_t;

/* Reads the key from the file `path`, which is made if it is missing. PIA_UNAVAILABLE. */
pia_status_t signer_open(const char *path, signer_t *ret_signer, pia_problem_t *problem);

/* Notes the public key; in a transaction. */
pia_status_t signer_note(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE]);
/* Whether it was ever noted. */
bool signer_is_known(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE]);

#endif
