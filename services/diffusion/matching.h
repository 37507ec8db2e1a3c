/* matching.h - the index of subscriptions in memory: whom an event reaches. Store thread.
 *
 * It follows the table by the number of the last change it has seen, so it never misses what
 * another instance did, and it is loaded anew after a rollback, so it never keeps what was undone.
 * An audience is computed from the event's stored attributes and the subscriptions that held at its
 * sequence, in the order of their slots: the same set at any time. */
#ifndef DIFFUSION_MATCHING_H
#define DIFFUSION_MATCHING_H

#include <stddef.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/uuid.h"

#include "attributes.h"
#include "filter.h"

typedef struct matching matching_t;

typedef struct {
    int64_t slot;
    uint64_t from, to; /* [from, to); to 0: still holds */
    char id[PIA_UUID_TEXT_SIZE];
    char contact[PIA_UUID_TEXT_SIZE];
    filter_t *filter; /* owned */
} subscriber_t;

matching_t *matching_new(void);
void matching_destroy(matching_t **self_p);

/* Reads what changed in the table since the last call. */
pia_status_t matching_refresh(matching_t *self, pia_db_t *db);

/* Forgets everything; the next refresh loads it. */
void matching_reset(matching_t *self);

/* Puts one in, or changes the end of one that is there. Takes the filter. */
void matching_put(matching_t *self, const subscriber_t *subscriber);

/* Fills up to `limit` subscribers with slots above `after` that the event reaches, in order;
 * borrowed until the next refresh. Returns how many. */
size_t matching_audience(const matching_t *self,
                         uint64_t sequence,
                         const attributes_t *attributes,
                         int64_t after,
                         const subscriber_t **ret_subscribers,
                         size_t limit);

size_t matching_count(const matching_t *self);

#endif
