/* text.h - texts that people wrote, kept apart from the history and named by their hash, so that
 * erasing one deletes its row and leaves the hash. Store thread. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/db.h"

enum { TEXT_HASH_SIZE = 65 }; /* hexadecimal, with its NUL */

/* Stores a text of a matter; writes its name: BLAKE2b-256 over a new random salt and the text. */
pia_status_t text_add(pia_db_t *db,
                      const char *matter,
                      const char *content,
                      int64_t recorded_ms,
                      char ret_hash[TEXT_HASH_SIZE]);

/* The text of this name, for the caller to free. PIA_NOT_FOUND: it was erased. PIA_INTERNAL: what
 * is stored is not what the hash names. */
pia_status_t text_get(pia_db_t *db, const char *hash, char **ret_content);

/* Whether there is one of this name. */
pia_status_t text_has(pia_db_t *db, const char *hash, bool *ret_found);

/* Erases a text; PIA_OK also if it is gone already. */
pia_status_t text_erase(pia_db_t *db, const char *hash);

#endif
