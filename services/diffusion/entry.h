/* entry.h - an event on its way in: its bytes as they came, parsed and checked once. */
#ifndef DIFFUSION_ENTRY_H
#define DIFFUSION_ENTRY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

#include "attributes.h"
#include "cursor.h"
#include "fingerprint.h"

typedef struct {
    json_t *json;      /* owned reference; NULL unless it is projected, or came the long way */
    const void *bytes; /* what is stored: borrowed, or `dumped` */
    size_t size;
    char *dumped;              /* owned; NULL if the bytes came from outside */
    attributes_t attributes;   /* borrowed from json, `joined`, or the room it was given */
    const char *id;            /* as they */
    char *joined;              /* owned; may be NULL */
    uint32_t stated;           /* which attributes the event has itself; 0: it came the long way */
    bool like_before;          /* the same attributes as the entry before it in its array */
    char home[4];              /* région of its pôle, once it is known; "" */
    bool identified;           /* by the journal (journal.h); then it has the next two: */
    uint8_t hash[CHAIN_SIZE];  /* of the bytes */
    fingerprint_t fingerprint; /* of its (source, id) */
} entry_t;

/* Reads and checks an event from outside; `bytes`, and `room` of `size` bytes for its texts (NULL:
 * the entry has its own), must outlive the entry. `before` is the entry before it in its array, or
 * NULL. On failure there is nothing to clear. */
pia_status_t entry_parse(const void *bytes,
                         size_t size,
                         char *room,
                         const entry_t *before,
                         entry_t *ret_entry,
                         pia_problem_t *problem);

/* Whether something else than the journal changes with such an event (append.c): it has its JSON.
 */
bool entry_is_projected(const attributes_t *attributes);

/* The same for an event that is JSON already (borrowed): its compact form is stored. */
pia_status_t entry_from_json(json_t *event, entry_t *ret_entry, pia_problem_t *problem);

void entry_clear(entry_t *entry);

/* The fingerprint of an event that was stored; false if the bytes are not one. */
bool entry_fingerprint(const void *bytes,
                       size_t size,
                       const uint8_t key[FINGERPRINT_KEY_SIZE],
                       fingerprint_t *ret_fingerprint);

/* Its (source, id). */
const char *entry_source(const entry_t *entry);
const char *entry_id(const entry_t *entry);
const char *entry_type(const entry_t *entry);

#endif
