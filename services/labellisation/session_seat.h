/* session_seat.h - the seats of a sitting: how each is held, who takes part in an item, whether
 * there is a quorum (CRPA R133-3, R133-9, R133-10, R133-12). Pure, any thread. */
#ifndef SESSION_SEAT_H
#define SESSION_SEAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/problem.h"

enum { SEATS_MAX = 64 };

typedef enum {
    SEAT_ABSENT,
    SEAT_PRESENT,
    SEAT_REMOTE,
    SEAT_REPRESENTED, /* by a mandate */
    SEAT_SUBSTITUTED, /* by a suppléant */
} seat_mode_t;

typedef struct {
    int64_t member; /* its number in the committee */
    seat_mode_t mode;
    int64_t by; /* the member who holds its mandate, or its suppléant; 0: none */
    bool votes, chair;
    const json_t *themes;      /* called for these only; NULL: permanent */
    const json_t *substitutes; /* [{"member": number …}], may be NULL */
} seat_t;

typedef struct {
    seat_t seats[SEATS_MAX];
    size_t count;
} seats_t;

const char *seat_mode_name(seat_mode_t mode);

/* From a sitting's `seats` (proto's session_seat); its texts and arrays are borrowed. */
void seats_read(const json_t *json, seats_t *ret_seats);

/* NULL: no seat has this number. */
const seat_t *seats_find(const seats_t *self, int64_t member);

/* The seat's number if its suppléant has this number, else 0. */
int64_t seats_substituted(const seats_t *self, int64_t member);

/* Whether a seat may be held so among the others; PIA_INVALID at the pointer `at`: a mandate is
 * given to a member who attends, who holds no other one, a suppléant sits for its own member. */
pia_status_t
seat_check(const seats_t *self, const seat_t *seat, const char *at, pia_problem_t *problem);

/* What an item makes of the seats. `interests` is proto's session_item's. */
typedef struct {
    const json_t *themes;    /* NULL: permanent members only */
    const json_t *interests; /* may be NULL */
} seat_item_t;

/* Whether the seat belongs to the formation that deliberates the item. */
bool seat_is_called(const seat_t *seat, const seat_item_t *item);

/* Whether a vote of this seat counts for the item: it is called, has a vote, and who holds it is
 * there and not recused. A mandate counts while who holds it takes part. */
bool seat_may_vote(const seats_t *self, const seat_t *seat, const seat_item_t *item);

/* The number of who acts in the seat: its own, its suppléant's, or who holds its mandate; 0:
 * nobody.
 */
int64_t seat_actor(const seat_t *seat);

/* The first seat that may vote although an interest of who sits there, or of who has given the
 * mandate, is not ruled upon; NULL: none. */
const seat_t *seats_find_unruled(const seats_t *self, const seat_item_t *item);

/* Who presides over the item: the seat of this number, if who holds it is there and not recused;
 * else the first named member with a vote of whom that is true. NULL: nobody. */
const seat_t *seats_presiding(const seats_t *self, const seat_item_t *item, int64_t presiding);

typedef struct {
    int64_t composing;   /* members with a vote in the formation */
    int64_t taking_part; /* of them present, remote, substituted or represented, not recused */
    int64_t needed;      /* half, upwards */
    bool met;
} quorum_t;

void seats_count(const seats_t *self, const seat_item_t *item, quorum_t *ret_quorum);

#endif
