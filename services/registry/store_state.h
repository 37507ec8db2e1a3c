/* store_state.h - the registry's single rows: legal time, turns at the first start, what was
 * refused. Store thread, in a transaction. */
#ifndef REGISTRY_STORE_STATE_H
#define REGISTRY_STORE_STATE_H

#include "pia/db.h"
#include "pia/event.h"

/* Waits until no other instance is in its first start; until commit this one is. */
pia_status_t store_first_start(pia_db_t *db);

/* How far legal time is ahead, ms; locked until commit, so that two advances add up. */
pia_status_t store_clock_find(pia_db_t *db, int64_t *ret_shift_ms);
pia_status_t store_clock_lock(pia_db_t *db, int64_t *ret_shift_ms);
pia_status_t store_clock_set(pia_db_t *db, int64_t shift_ms);

/* Records an event that could not be applied; the same one once. */
pia_status_t
store_refuse_event(pia_db_t *db, const pia_event_t *event, const char *reason, int64_t now_ms);

/* How many are recorded. */
pia_status_t store_refused_count(pia_db_t *db, int64_t *ret_count);

#endif
