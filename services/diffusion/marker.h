/* marker.h - the event that says which events were removed, by which rule: journal.retained, signed
 * with the journal's key over the statement of proto/README.md. */
#ifndef DIFFUSION_MARKER_H
#define DIFFUSION_MARKER_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/uuid.h"

#include "attributes.h"
#include "cursor.h"
#include "signer.h"

enum { MARKER_RANGES_MAX = 512, MARKER_KIND_SIZE = 65 };

/* MARKER_OLDER_THAN: those recorded before `limit` (ms); MARKER_KEEP_BYTES: all but the last
 * `limit` bytes of the kind. */
typedef enum { MARKER_OLDER_THAN, MARKER_KEEP_BYTES } marker_rule_t;

typedef struct {
    uint64_t first, last; /* events, both included */
} marker_range_t;

typedef struct {
    char journal[PIA_UUID_TEXT_SIZE];
    char kind[MARKER_KIND_SIZE]; /* "-": events that have none */
    marker_rule_t rule;
    int64_t limit;
    int64_t at_ms;
    uint64_t count, bytes;                    /* of events, as they were */
    uint8_t chain[CHAIN_SIZE];                /* after the last one */
    size_t range_count;                       /* 1.. */
    marker_range_t ranges[MARKER_RANGES_MAX]; /* ascending, apart */
    uint8_t key[SIGNER_KEY_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
} marker_t;

extern const char marker_source[], marker_type[];

bool marker_is(const attributes_t *attributes);

/* Fills in key and signature. */
void marker_sign(marker_t *self, const signer_t *signer);
bool marker_is_signed(const marker_t *self);

/* The event; the caller owns it. */
json_t *marker_event(const marker_t *self);

/* Reads the event's bytes; false if they are no such event. Its signature is not looked at. */
bool marker_read(const void *bytes, size_t size, marker_t *ret_marker);

/* Whether it says of this event that it was removed. */
bool marker_has(const marker_t *self, uint64_t sequence);

#endif
