/* signer.h - the journal's own Ed25519 key: it signs the markers of what was removed. Public
 * keys that were ever used are rows, so that a backup is verified on another machine. */
#ifndef DIFFUSION_SIGNER_H
#define DIFFUSION_SIGNER_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/signing_key.h"

enum { SIGNER_KEY_SIZE = PIA_PUBLIC_KEY_SIZE, SIGNATURE_SIZE = 64 };

typedef pia_signing_key_t signer_t;

/* Notes the public key; in a transaction. */
pia_status_t signer_note(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE]);
/* Whether it was ever noted. */
bool signer_is_known(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE]);

#endif
