/* group_engine.h - who of a group gets which event: order per key, a key in one member's hands at a
 * time, nothing behind an event that is not durably settled. Pure: no sockets, no database, no
 * clock; one thread.
 *
 * A member has one event of a key in its hands, or a run of them if it asked for runs; when all are
 * durably settled the key is free again and moves to whoever has room. Each time a key moves it
 * gets a higher fencing token.
 *
 * The journal is read in order by the scan; what the group may not see or does not want is passed.
 * The low-water mark is the place before the first unsettled event. A key that would hold it back
 * goes its own way (it is detached): one whose event has failed too often is PARKED; one with too
 * much waiting behind an event, when the window is full, is set ASIDE. A detached key has a mark of
 * its own; its later events are not kept, for they are found again in the journal: by a second
 * reading (the lane) that serves all keys that are behind, until they have caught up with the scan,
 * and then by the scan, until nothing of them is unsettled and they go with the others again. */
#ifndef DIFFUSION_GROUP_ENGINE_H
#define DIFFUSION_GROUP_ENGINE_H

#include "group_types.h"

/* Begins from what is stored; borrows it. */
group_engine_t *group_engine_new(const group_limits_t *limits,
                                 const group_place_t *place,
                                 const group_key_row_t *rows,
                                 size_t row_count);
void group_engine_destroy(group_engine_t **self_p);

/* The time of what follows. Keys whose delay is over are ready. */
void group_engine_time(group_engine_t *self, int64_t monotonic_ms, int64_t wall_ms);

/* The scan: whether it should go on, from where, and what it finds. */
bool group_engine_wants(group_engine_t *self);
const cursor_t *group_engine_scanned(const group_engine_t *self);
/* The place up to which all is settled, but events of detached keys. */
const cursor_t *group_engine_low(const group_engine_t *self);
/* An event of the group; false: there is no room, the scan stands before it. */
bool group_engine_offer(group_engine_t *self, const group_event_t *event);
/* An event that is none of the group's, or up to where there is none. */
void group_engine_pass(group_engine_t *self, const cursor_t *to);

/* The lane: whether something after *ret_after, up to where the scan is, should be read. */
bool group_engine_wants_lane(group_engine_t *self, uint64_t *ret_after);
/* False: the lane has ended or has no room, and stands before this event. */
bool group_engine_offer_lane(group_engine_t *self, const group_event_t *event);
void group_engine_pass_lane(group_engine_t *self, uint64_t to);

/* Members. `owner` is the caller's; credit 1.., run 1.. . */
group_member_t *group_engine_join(group_engine_t *self, void *owner, uint32_t credit, uint32_t run);
void *group_member_owner(const group_member_t *member);
/* It gets nothing more. */
void group_engine_drain(group_engine_t *self, group_member_t *member);
/* Nothing is in its hands, and all that it settled has been told. */
bool group_member_is_done(const group_member_t *member);
/* It is gone, and freed; its keys are free at once. With `blame` (it died; NULL: it did not) the
 * events that it may have been at have failed once more. */
void group_engine_leave(group_engine_t *self, group_member_t **member_p, const char *blame);

/* The next event to be given out; false: nobody has room, or nothing is ready. */
bool group_engine_grant(group_engine_t *self, group_grant_t *ret_grant);

/* What a member says of an event. False: it is fenced. */
bool group_engine_ack(group_engine_t *self,
                      group_member_t *member,
                      uint64_t sequence,
                      uint64_t fence);
bool group_engine_nack(group_engine_t *self, group_member_t *member, const group_nack_t *nack);

/* What was decided about a parked key, elsewhere and durably: it goes on after `settled`. */
void group_engine_unpark(group_engine_t *self, const char *text, uint64_t settled);

/* Whether something waits to be stored: what members have settled (`any`: or the mark moved). */
bool group_engine_is_dirty(const group_engine_t *self, bool any);
/* One commit at a time. */
void group_engine_begin_commit(group_engine_t *self, group_changes_t *ret_changes);
/* Durable: members are told, keys go on. Not durable: nothing has happened; commit again. */
void group_engine_end_commit(group_engine_t *self, bool durable, group_tell_fn *tell, void *arg);

void group_engine_stats(const group_engine_t *self, group_engine_stats_t *ret_stats);

#endif
