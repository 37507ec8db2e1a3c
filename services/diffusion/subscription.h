/* subscription.h - the table of subscriptions. Store thread. */
#ifndef DIFFUSION_SUBSCRIPTION_H
#define DIFFUSION_SUBSCRIPTION_H

#include <jansson.h>
#include <stdint.h>

#include "pia/db.h"
#include "pia/uuid.h"
#include "proto/subscription.h"

/* Opens one that holds from `from_sequence` on; the caller owns the resource. */
pia_status_t subscription_create(pia_db_t *db,
                                 const char *contact,
                                 const json_t *filter,
                                 uint64_t from_sequence,
                                 json_t **ret_resource);

pia_status_t subscription_read(pia_db_t *db, const char *id, json_t **ret_resource);

/* Ends it before `to_sequence`; nothing changes if it has ended. */
pia_status_t subscription_end(pia_db_t *db, const char *id, uint64_t to_sequence);

/* The journal's tail was cut after event `end`: what began or ended behind it does so with the next
 * event, whose number is given again. Who has them in memory loads them anew. */
pia_status_t subscription_cut(pia_db_t *db, uint64_t end);

/* A page in the order of creation: {"items", "next"}. PIA_INVALID: `after` is none of ours. */
pia_status_t subscription_list(pia_db_t *db,
                               const pia_diffusion_subscription_list_t *query,
                               json_t **ret_page,
                               pia_problem_t *problem);

/* Told of who is behind a slot; the texts are borrowed for the call. */
typedef void subscriber_fn(void *arg, const char *id, const char *contact);

/* Tells who is behind each of these slots, which ascend. PIA_INTERNAL: one is nobody's. */
pia_status_t subscription_people(
    pia_db_t *db, const int64_t *slots, size_t count, subscriber_fn *each, void *arg);

/* A position in a list, as text and back; false if it is not one. */
void subscription_place(int64_t slot, char ret_text[24]);
bool subscription_parse_place(const char *text, int64_t *ret_slot);

#endif
