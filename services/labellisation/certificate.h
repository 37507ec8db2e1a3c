/* certificate.h - what is said of a label to whoever asks by its number, and its certificate for
 * its holder. Store thread. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "matter.h"
#include "pia/db.h"

/* Proto's certificate as of the end of a day in Paris, the caller owns it. PIA_NOT_FOUND: the label
 * has no number. */
pia_status_t
certificate_read(pia_db_t *db, const matter_t *label, int64_t day, json_t **ret_certificate);

/* The same as a PDF: `url` is where its number is verified. On PIA_OK the bytes are the caller's;
 * they depend on nothing else. PIA_TOO_LARGE: the address does not fit into a QR code. */
pia_status_t certificate_draw(const json_t *certificate,
                              const char *url,
                              int64_t made_ms,
                              uint8_t **ret_bytes,
                              size_t *ret_size);

#endif
