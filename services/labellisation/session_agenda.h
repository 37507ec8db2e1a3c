/* session_agenda.h - the order of an agenda in which members leave the room as seldom as possible.
 * Pure, any thread. */
#ifndef SESSION_AGENDA_H
#define SESSION_AGENDA_H

#include <stddef.h>
#include <stdint.h>

enum {
    AGENDA_ITEMS_MAX = 64,
    AGENDA_EXACT_MAX = 12, /* different sets of members who leave, up to which no order is better:
                              measured 1.6 ms of CPU; each one more doubles it */
};

/* How often a member leaves in this order: `away[item]` has a bit for each member who may not stay
 * for it; all are there at the beginning. */
size_t agenda_leaves(const uint64_t *away, const size_t *order, size_t count);

/* Writes the order of `count` (0..AGENDA_ITEMS_MAX) items into ret_order; returns agenda_leaves of
 * it. Items for which the same members leave follow each other. Among equal orders it is the one
 * that keeps to the given one from the start on, so the same items give the same order. With more
 * than AGENDA_EXACT_MAX different sets: the nearest set next, then stretches are turned round while
 * that helps. */
size_t agenda_order(const uint64_t *away, size_t count, size_t *ret_order);

#endif
