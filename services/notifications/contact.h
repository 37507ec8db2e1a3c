/* contact.h - an address and the proof that its owner agreed; the table `contact`. Store thread. */
#ifndef CONTACT_H
#define CONTACT_H

#include <jansson.h>

#include "pia/db.h"

enum { CONTACT_SECRET_SIZE = 32 };

/* A row; texts are owned. */
typedef struct {
    char *id, *channel, *address, *person, *language, *state, *consent_basis, *consent_by;
    int64_t consent_at, version;
} contact_t;

void contact_clear(contact_t *contact);
void contact_copy(const contact_t *contact, contact_t *ret_copy);

/* The resource of proto/contact.schema.json; the caller owns it. */
json_t *contact_json(const contact_t *contact);

/* Adds a row (its state and version are not looked at: active, 1). `secret` may be NULL. */
pia_status_t contact_add(pia_db_t *db, const contact_t *contact, const uint8_t *secret);

/* PIA_NOT_FOUND: no such row. On PIA_OK the caller clears *ret_contact. */
pia_status_t contact_get(pia_db_t *db, const char *id, contact_t *ret_contact);

/* Whether the person has an active contact with this channel and address. */
pia_status_t contact_exists(pia_db_t *db, const contact_t *contact, bool *ret_exists);

/* Called for each row; stops at the first status that is not PIA_OK. */
typedef pia_status_t contact_fn(void *arg, const contact_t *contact);

/* Which contacts: a person's or, with `person` NULL, nobody's that `consent_by` recorded. */
typedef struct {
    const char *person, *consent_by;
    const char *after; /* an id, or NULL */
    int64_t limit;
} contact_page_t;

/* Calls `each` in the order of the ids. */
pia_status_t contact_each(pia_db_t *db, const contact_page_t *page, contact_fn *each, void *arg);

/* Ends an active contact as "removed" or "gone", and erases address and secret if removed.
 * PIA_GONE: it was not active. */
pia_status_t contact_end(pia_db_t *db, const char *id, const char *state);

#endif
