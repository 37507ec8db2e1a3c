/* matching.h - the subscriptions in memory: whom an event reaches. Store thread.
 *
 * It follows the table by the number of the last change it has seen, so it never misses what
 * another instance did, and it is loaded anew after a rollback that undid what it had seen.
 *
 * Why nothing can be lost between an event and its audience: an audience is a function of the
 * event's stored attributes and of the subscriptions that hold at its sequence. A subscription
 * takes `from` (and its end `to`) as the number of the next event, in a transaction during which
 * nobody appends (SQLite: one writer; PostgreSQL: the journal's head row is locked from its begin).
 * So when an event is durable, every subscription that will ever hold at its sequence is durable
 * too, and none of their ends can still come to lie before it: whenever the audience is asked for,
 * after any kill, by any instance, it is the same set. */
#ifndef DIFFUSION_MATCHING_H
#define DIFFUSION_MATCHING_H

#include <stddef.h>
#include <stdint.h>

#include "pia/db.h"

#include "attributes.h"
#include "match_index.h"
#include "match_shares.h"

typedef struct matching matching_t;

matching_t *matching_new(void);
void matching_destroy(matching_t **self_p);

/* Reads what changed in the table since the last call. */
pia_status_t matching_refresh(matching_t *self, pia_db_t *db);

/* What was read so far is durable, or may have been undone. */
void matching_committed(matching_t *self);
void matching_rolled_back(matching_t *self);

/* Fills up to `limit` slots above `after` whom the event reaches, in order; returns how many. */
size_t matching_audience(const matching_t *self,
                         uint64_t sequence,
                         const attributes_t *attributes,
                         int64_t after,
                         int64_t *ret_slots,
                         size_t limit);

/* Counts whom an event would reach at `sequence`, in all and by shares (match_shares.h). */
size_t matching_shares(const matching_t *self,
                       uint64_t sequence,
                       const attributes_t *attributes,
                       match_share_t *shares,
                       size_t share_count);

/* Subscriptions in it, ended ones included. */
size_t matching_count(const matching_t *self);

#endif
