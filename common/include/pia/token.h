/* token.h - the proof of a principal: what the registry signs and every service verifies.
 *
 *   version 1 (1 byte) | key id (8 bytes) | Ed25519 signature (64 bytes) | payload (JSON)
 *
 * The signature covers "PIA-TOKEN-1" followed by the payload. Expiry at most 60 s ahead. */
#ifndef PIA_TOKEN_H
#define PIA_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "pia/principal.h"
#include "pia/problem.h"

enum { PIA_TOKEN_MAX = 1024, PIA_TOKEN_LIFE_MS = 60000 };

typedef struct pia_signer pia_signer_t;
typedef struct pia_verifier pia_verifier_t;

/* Loads the signing key at `path` (mode 0600), making it durably if there is none (two processes
 * may race: one key wins), and publishes its public half at `public_path`. Caller owns the result.
 */
pia_status_t pia_signer_open(const char *path,
                             const char *public_path,
                             pia_signer_t **ret_signer,
                             pia_problem_t *problem);
void pia_signer_destroy(pia_signer_t **signer_p);

/* Writes a token for `principal` into `ret_token`; its expiry is principal->expires_at, cut to
 * PIA_TOKEN_LIFE_MS from now. Returns the size. */
size_t pia_signer_sign(const pia_signer_t *signer,
                       const pia_principal_t *principal,
                       uint8_t ret_token[PIA_TOKEN_MAX]);

/* Verifies against the public key file, read again when a token names another key id. Caches
 * results by token hash (bounded). The file may be missing at first. One thread. */
pia_verifier_t *pia_verifier_new(const char *public_path);
void pia_verifier_destroy(pia_verifier_t **verifier_p);

/* An empty token is the anonymous principal (PIA_OK). PIA_UNAUTHENTICATED: forged, expired,
 * foreign or malformed; `problem` does not say more than that. */
pia_status_t pia_verifier_check(pia_verifier_t *verifier,
                                const void *token,
                                size_t size,
                                pia_principal_t *ret_principal,
                                pia_problem_t *problem);

/* Refuses from now on every token of this subject made before `wall_ms` (principal.* events). */
void pia_verifier_revoke(pia_verifier_t *verifier, const char *subject, int64_t wall_ms);

#endif
