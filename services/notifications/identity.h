/* identity.h - identifiers that follow from what they name, so that a repeat is the same one. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "pia/uuid.h"

/* UUID-shaped (version 8, RFC 9562) BLAKE2b of the texts, which may hold any bytes but NUL.
 * `parts` ends with NULL. */
void identity_of(const char *const *parts, char ret_id[PIA_UUID_TEXT_SIZE]);

/* Of the event: (source, id) is its only identity, also when the journal numbers it anew. */
void identity_of_notice(const char *source, const char *id, char ret_id[PIA_UUID_TEXT_SIZE]);

/* Of one message to one addressee ("contact:UUID" or "person:UUID") by one channel. */
void identity_of_delivery(const char *notice,
                          const char *addressee,
                          const char *channel,
                          char ret_id[PIA_UUID_TEXT_SIZE]);

#endif
