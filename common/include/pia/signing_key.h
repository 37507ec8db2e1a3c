/* signing_key.h - a process's own Ed25519 key, with which it signs what others can check: its
 * secret is a file beside the database, made at the first start, mode 0600. */
#ifndef PIA_SIGNING_KEY_H
#define PIA_SIGNING_KEY_H

#include <stdint.h>

#include "pia/problem.h"

enum { PIA_PUBLIC_KEY_SIZE = 32, PIA_SECRET_KEY_SIZE = 64 };

typedef struct {
    uint8_t public_key[PIA_PUBLIC_KEY_SIZE];
    uint8_t secret[PIA_SECRET_KEY_SIZE];
} pia_signing_key_t;

/* Reads the key from the file `path`, which is made if it is missing. PIA_UNAVAILABLE. */
pia_status_t
pia_signing_key_open(const char *path, pia_signing_key_t *ret_key, pia_problem_t *problem);

#endif
