/* session_seat.c - who takes part. Convention where texts leave a choice: a recused member still
 * composes the formation and is not counted as taking part; a mandate that was given counts for the
 * quorum even where who holds it is recused, and its vote does not. */
#include "session_seat.h"

#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "pia/json.h"

static const char *const modes[] = {
    [SEAT_ABSENT] = "absent",           [SEAT_PRESENT] = "present",
    [SEAT_REMOTE] = "remote",           [SEAT_REPRESENTED] = "represented",
    [SEAT_SUBSTITUTED] = "substituted",
};

const char *seat_mode_name(seat_mode_t mode)
{
    return modes[mode];
}

static seat_mode_t parse_mode(const char *text)
{
    for (seat_mode_t mode = SEAT_PRESENT; text && mode <= SEAT_SUBSTITUTED; mode++)
        if (strcmp(modes[mode], text) == 0)
            return mode;
    return SEAT_ABSENT;
}

void seats_read(const json_t *json, seats_t *ret_seats)
{
    ret_seats->count = 0;
    for (size_t i = 0; i < json_array_size(json) && i < SEATS_MAX; i++) {
        const json_t *seat = json_array_get(json, i);
        ret_seats->seats[ret_seats->count++] = (seat_t){
            .member = pia_json_integer(seat, "member"),
            .mode = parse_mode(json_string_value(json_object_get(seat, "mode"))),
            .by = pia_json_integer(seat, "by"),
            .votes = json_is_true(json_object_get(seat, "votes")),
            .chair = json_is_true(json_object_get(seat, "chair")),
            .themes = json_object_get(seat, "themes"),
            .substitutes = json_object_get(seat, "substitutes"),
        };
    }
}

const seat_t *seats_find(const seats_t *self, int64_t member)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->seats[i].member == member)
            return &self->seats[i];
    return NULL;
}

static bool has_substitute(const seat_t *seat, int64_t member)
{
    for (size_t i = 0; i < json_array_size(seat->substitutes); i++)
        if (pia_json_integer(json_array_get(seat->substitutes, i), "member") == member)
            return true;
    return false;
}

int64_t seats_substituted(const seats_t *self, int64_t member)
{
    for (size_t i = 0; i < self->count; i++)
        if (has_substitute(&self->seats[i], member))
            return self->seats[i].member;
    return 0;
}

static bool attends(const seat_t *seat)
{
    return seat->mode == SEAT_PRESENT || seat->mode == SEAT_REMOTE ||
           seat->mode == SEAT_SUBSTITUTED;
}

static bool mandate_is_doubled(const seats_t *self, const seat_t *seat)
{
    for (size_t i = 0; i < self->count; i++) {
        const seat_t *other = &self->seats[i];
        if (other != seat && other->mode == SEAT_REPRESENTED && other->by == seat->by)
            return true;
    }
    return false;
}

static pia_status_t
check_mandate(const seats_t *self, const seat_t *seat, const char *at, pia_problem_t *problem)
{
    const seat_t *holder = seats_find(self, seat->by);
    if (!holder || holder == seat)
        return pia_problem_set(problem, PIA_INVALID, at,
                               "member %lld gives its mandate to another member of the committee",
                               (long long)seat->member);
    if (!attends(holder))
        return pia_problem_set(problem, PIA_INVALID, at,
                               "member %lld, who holds a mandate, does not attend",
                               (long long)seat->by);
    if (mandate_is_doubled(self, seat))
        return pia_problem_set(problem, PIA_INVALID, at,
                               "member %lld holds more than one mandate (CRPA R133-9)",
                               (long long)seat->by);
    return PIA_OK;
}

pia_status_t
seat_check(const seats_t *self, const seat_t *seat, const char *at, pia_problem_t *problem)
{
    if (seat->mode == SEAT_REPRESENTED)
        return check_mandate(self, seat, at, problem);
    if (seat->mode == SEAT_SUBSTITUTED && !has_substitute(seat, seat->by))
        return pia_problem_set(problem, PIA_INVALID, at,
                               "member %lld has no suppléant of the number %lld (CRPA R133-3)",
                               (long long)seat->member, (long long)seat->by);
    return PIA_OK;
}

static bool shares(const json_t *one, const json_t *other)
{
    for (size_t i = 0; i < json_array_size(one); i++)
        if (names_have(other, json_string_value(json_array_get(one, i))))
            return true;
    return false;
}

bool seat_is_called(const seat_t *seat, const seat_item_t *item)
{
    return !seat->themes || shares(seat->themes, item->themes);
}

/* Whether this member has an interest with this ruling (NULL: without one). */
static bool has_interest(const seat_item_t *item, int64_t member, const char *ruling)
{
    for (size_t i = 0; i < json_array_size(item->interests); i++) {
        const json_t *interest = json_array_get(item->interests, i);
        const char *made = json_string_value(json_object_get(interest, "ruling"));
        bool same = made && ruling ? strcmp(made, ruling) == 0 : made == ruling;
        if (pia_json_integer(interest, "member") == member && same)
            return true;
    }
    return false;
}

static bool is_out(const seat_item_t *item, int64_t member)
{
    return has_interest(item, member, "recused");
}

/* Who sits there: the member or its suppléant. */
static int64_t sitter(const seat_t *seat)
{
    return seat->mode == SEAT_SUBSTITUTED ? seat->by : seat->member;
}

int64_t seat_actor(const seat_t *seat)
{
    if (seat->mode == SEAT_ABSENT)
        return 0;
    return seat->mode == SEAT_REPRESENTED ? seat->by : sitter(seat);
}

static bool takes_part(const seat_t *seat, const seat_item_t *item)
{
    return seat->mode != SEAT_ABSENT && seat_is_called(seat, item) && !is_out(item, sitter(seat));
}

bool seat_may_vote(const seats_t *self, const seat_t *seat, const seat_item_t *item)
{
    if (!seat->votes || !takes_part(seat, item))
        return false;
    if (seat->mode != SEAT_REPRESENTED)
        return true;
    const seat_t *holder = seats_find(self, seat->by);
    return holder && attends(holder) && takes_part(holder, item);
}

const seat_t *seats_presiding(const seats_t *self, const seat_item_t *item, int64_t presiding)
{
    const seat_t *chair = seats_find(self, presiding), *eldest = NULL;
    if (chair && attends(chair) && takes_part(chair, item))
        return chair;
    for (size_t i = 0; i < self->count; i++) {
        const seat_t *seat = &self->seats[i];
        if (seat->votes && attends(seat) && takes_part(seat, item) &&
            (!eldest || seat->member < eldest->member))
            eldest = seat;
    }
    return eldest;
}

const seat_t *seats_find_unruled(const seats_t *self, const seat_item_t *item)
{
    for (size_t i = 0; i < self->count; i++) {
        const seat_t *seat = &self->seats[i];
        if (seat_may_vote(self, seat, item) &&
            (has_interest(item, sitter(seat), NULL) || has_interest(item, seat_actor(seat), NULL)))
            return seat;
    }
    return NULL;
}

void seats_count(const seats_t *self, const seat_item_t *item, quorum_t *ret_quorum)
{
    *ret_quorum = (quorum_t){.composing = 0};
    for (size_t i = 0; i < self->count; i++) {
        const seat_t *seat = &self->seats[i];
        if (!seat->votes || !seat_is_called(seat, item))
            continue;
        ret_quorum->composing++;
        ret_quorum->taking_part += takes_part(seat, item);
    }
    ret_quorum->needed = (ret_quorum->composing + 1) / 2;
    ret_quorum->met = ret_quorum->composing > 0 && ret_quorum->taking_part >= ret_quorum->needed;
}
