/* signature.h - who has signed what is proposed now, in which capacity. Store thread. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "pia/db.h"

/* `authority`: under which it was given (authority.h), "" by a role alone. PIA_CONFLICT: this
 * capacity has signed. */
pia_status_t signature_add(pia_db_t *db,
                           const char *matter,
                           const char *capacity,
                           const char *signer,
                           const char *authority,
                           int64_t signed_ms);
pia_status_t signature_clear(pia_db_t *db, const char *matter);

/* Whether this capacity (NULL: any) has been signed for by this signer (NULL: anyone). */
pia_status_t signature_find(
    pia_db_t *db, const char *matter, const char *capacity, const char *signer, bool *ret_found);

/* Proto's dossier_signature objects, by time; the caller owns the array. */
pia_status_t signature_list(pia_db_t *db, const char *matter, json_t **ret_list);

/* A line of French text: for whom (`label`), who (`name`, `function`), by which `act`, when
 * (`signed_on`): CRPA L212-1. What is absent is left out. */
void signature_write(FILE *out, const json_t *signature);

#endif
