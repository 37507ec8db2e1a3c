/* group_server.c - the members of groups: what they say and what they are told. */
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "pia/schema.h"
#include "proto/group.h"

#include "groups_private.h"

enum {
    WORK_SIZE_MAX = 128 * 1024, /* of a frame, unless one event is larger */
    MEMBERSHIPS_PER_PEER_MAX = 64,
    OUTCOME_SIZE = 17,
    LEASE_DEFAULT_MS = 10000,
};

static membership_t *find(const peer_t *peer, uint32_t id)
{
    membership_t *membership = peer->memberships;
    while (membership && membership->id != id)
        membership = membership->next_of_peer;
    return membership;
}

bool groups_have(const peer_t *peer, uint32_t id)
{
    return find(peer, id);
}

static groups_t *groups_of(const membership_t *membership)
{
    return membership->owned->groups;
}

static void begin(const membership_t *membership, pia_frames_t *frames, piad_command_t command)
{
    peer_begin(frames, membership->peer, command);
    peer_add_u32(frames, membership->id);
}

/* A peer that could not be told something of its groups is dropped: it finds out by its next
 * heartbeat at the latest, and joins again. */
static void send(membership_t *membership, pia_frames_t *frames)
{
    if (membership->broken) { /* what follows a lost frame would be out of order */
        pia_frames_clear(frames);
        return;
    }
    if (peer_send(groups_of(membership)->options.peers, membership->peer, frames))
        return;
    membership->broken = true;
    membership->peer->lost = true;
}

static void send_buffer(membership_t *membership, buffer_t *buffer, piad_command_t command)
{
    pia_frames_t frames;
    if (!buffer->size)
        return;
    begin(membership, &frames, command);
    pia_frames_add(&frames, buffer->bytes, buffer->size);
    send(membership, &frames);
    buffer_reset(buffer);
}

static void flush(membership_t *membership)
{
    send_buffer(membership, &membership->settled, PIAD_SETTLED);
    send_buffer(membership, &membership->work, PIAD_WORK);
}

static void mark(membership_t *membership)
{
    groups_t *groups = groups_of(membership);
    if (membership->marked)
        return;
    membership->marked = true;
    membership->next_marked = groups->marked;
    groups->marked = membership;
}

static void unmark(membership_t *membership)
{
    membership_t **at = &groups_of(membership)->marked;
    while (membership->marked && *at != membership)
        at = &(*at)->next_marked;
    if (membership->marked)
        *at = membership->next_marked;
    membership->marked = false;
}

/* Who cannot be sent its work does not have it: its queue is full, or it is gone. */
void groups_flush(groups_t *self)
{
    membership_t *membership = NULL;
    while ((membership = self->marked)) {
        self->marked = membership->next_marked;
        membership->marked = false;
        flush(membership);
        if (membership->broken)
            membership_end(membership, NULL);
    }
}

void membership_give(membership_t *membership, const group_grant_t *grant)
{
    buffer_t *work = &membership->work;
    if (work->size && work->size + grant->wire_size > WORK_SIZE_MAX)
        flush(membership);
    buffer_add_u64(work, grant->fence);
    buffer_add_u16(work, (uint16_t)grant->attempt);
    buffer_add(work, grant->wire, grant->wire_size);
    atomic_fetch_add(&groups_of(membership)->counters.delivered, 1);
    mark(membership);
}

static void count(groups_t *groups, group_outcome_t outcome)
{
    atomic_ullong *counters[] = {
        [GROUP_ACKNOWLEDGED] = &groups->counters.acknowledged,
        [GROUP_FENCED] = &groups->counters.fenced,
        [GROUP_RETURNED] = &groups->counters.failed,
        [GROUP_PARKED] = &groups->counters.parked_total,
    };
    atomic_fetch_add(counters[outcome], 1);
}

static void
add_outcome(buffer_t *buffer, uint64_t sequence, uint64_t fence, group_outcome_t outcome)
{
    buffer_add_u64(buffer, sequence);
    buffer_add_u64(buffer, fence);
    buffer_add_u8(buffer, (uint8_t)outcome);
}

void membership_tell(membership_t *membership,
                     uint64_t sequence,
                     uint64_t fence,
                     group_outcome_t outcome)
{
    count(groups_of(membership), outcome);
    add_outcome(&membership->settled, sequence, fence, outcome);
    mark(membership);
}

static void unlink_membership(membership_t *membership)
{
    membership_t **at = &membership->peer->memberships;
    while (*at != membership)
        at = &(*at)->next_of_peer;
    *at = membership->next_of_peer;
    membership->peer->membership_count--;
    if (membership->previous)
        membership->previous->next = membership->next;
    else
        membership->owned->memberships = membership->next;
    if (membership->next)
        membership->next->previous = membership->previous;
    membership->owned->member_count--;
}

void membership_free(membership_t *membership)
{
    unmark(membership);
    unlink_membership(membership);
    json_decref(membership->json);
    buffer_free(&membership->work);
    buffer_free(&membership->settled);
    free(membership);
}

void membership_end(membership_t *membership, const char *blame)
{
    if (membership->member)
        group_engine_leave(membership->owned->engine, &membership->member, blame);
    if (blame)
        atomic_fetch_add(&groups_of(membership)->counters.died, 1);
    membership_free(membership);
}

void membership_refuse(membership_t *membership, const pia_problem_t *problem)
{
    membership_expel(membership, problem, NULL);
}

void membership_expel(membership_t *membership, const pia_problem_t *problem, const char *blame)
{
    pia_frames_t frames;
    begin(membership, &frames, PIAD_ERROR);
    peer_add_json(&frames, pia_problem_json(problem));
    send(membership, &frames);
    membership_end(membership, blame);
}

void membership_move(membership_t *membership, const char *endpoint)
{
    pia_frames_t frames;
    begin(membership, &frames, PIAD_MOVED);
    peer_add_json(&frames, json_pack("{s:s}", "endpoint", endpoint));
    send(membership, &frames);
    atomic_fetch_add(&groups_of(membership)->counters.moved, 1);
    membership_end(membership, NULL);
}

static void say_joined(membership_t *membership)
{
    const owned_t *owned = membership->owned;
    char cursor[CURSOR_TEXT_SIZE];
    pia_frames_t frames;
    cursor_format(group_engine_low(owned->engine), cursor);
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:i, s:I, s:i, s:o}", "group", owned->name, "cursor", cursor,
                  "credit", (int)membership->credit, "run", (int)membership->run, "lease_ms",
                  (json_int_t)membership->lease_ms, "attempts", (int)owned->group.attempts,
                  "filter", json_loads(owned->group.filter, 0, NULL));
    if (owned->reset)
        json_object_set_new(json, "epoch",
                            json_integer((json_int_t)group_engine_low(owned->engine)->epoch));
    begin(membership, &frames, PIAD_JOINED);
    peer_add_json(&frames, json);
    send(membership, &frames);
}

void membership_admit(membership_t *membership)
{
    owned_t *owned = membership->owned;
    pia_problem_t problem = {0};
    pia_status_t status = group_check_join(&owned->group, &membership->principal, &problem);
    if (status == PIA_OK)
        status = group_check_wish(&owned->group, &membership->wish, &problem);
    if (status != PIA_OK) {
        membership_refuse(membership, &problem);
    } else if (owned->state == OWNED_ELSEWHERE) {
        membership_move(membership, owned->group.endpoint);
    } else {
        membership->member =
            group_engine_join(owned->engine, membership, membership->credit, membership->run);
        say_joined(membership);
    }
}

static pia_status_t read_join(piad_frame_t frame, membership_t *membership, pia_problem_t *problem)
{
    pia_group_join_t fields = {0};
    pia_status_t status = pia_json_parse(frame.data, frame.size, &membership->json, problem);
    if (status == PIA_OK)
        status = pia_schema_decode(&pia_group_join_schema, membership->json, PIA_UNKNOWN_REFUSED,
                                   &fields, problem);
    if (status != PIA_OK)
        return status;
    membership->wish = (group_wish_t){.name = fields.group,
                                      .filter = fields.filter,
                                      .from = fields.from,
                                      .roles = fields.roles,
                                      .attempts = (uint32_t)fields.attempts};
    membership->credit = fields.has_credit ? (uint32_t)fields.credit : 1;
    membership->run = fields.has_run ? (uint32_t)fields.run : 1;
    membership->lease_ms = fields.has_lease_ms ? fields.lease_ms : LEASE_DEFAULT_MS;
    return PIA_OK;
}

/* The group of the join, which is made known if it is not. */
static pia_status_t find_group(groups_t *self,
                               const membership_t *membership,
                               owned_t **ret_owned,
                               pia_problem_t *problem)
{
    group_t wish;
    *ret_owned = groups_find(self, membership->wish.name);
    if (*ret_owned && (*ret_owned)->member_count >= GROUP_MEMBERS_MAX)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "", "A group has at most 1024 members.");
    if (*ret_owned)
        return PIA_OK;
    if (self->count >= GROUPS_MAX)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "There are too many groups now.");
    pia_status_t status = group_make(&membership->wish, &membership->principal, &wish, problem);
    if (status != PIA_OK)
        return status;
    *ret_owned = owned_new(self, membership->wish.name);
    (*ret_owned)->wish = wish;
    (void)snprintf((*ret_owned)->from, sizeof(*ret_owned)->from, "%s",
                   membership->wish.from ? membership->wish.from : "");
    return PIA_OK;
}

static void link_membership(membership_t *membership, peer_t *peer, owned_t *owned)
{
    membership->peer = peer;
    membership->next_of_peer = peer->memberships;
    peer->memberships = membership;
    peer->membership_count++;
    membership->owned = owned;
    membership->next = owned->memberships;
    if (owned->memberships)
        owned->memberships->previous = membership;
    owned->memberships = membership;
    owned->member_count++;
    owned->wanted_ms = pia_clock_monotonic();
}

static pia_status_t check_room(groups_t *self, peer_t *peer, uint32_t id, pia_problem_t *problem)
{
    if (find(peer, id)) {
        groups_close(self, peer, id);
        return pia_problem_set(problem, PIA_CONFLICT, "", "This number was in use already.");
    }
    if (peer->membership_count >= MEMBERSHIPS_PER_PEER_MAX)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "",
                               "A connection is a member of at most 64 groups.");
    return self->draining ? pia_problem_set(problem, PIA_UNAVAILABLE, "", "It leaves.") : PIA_OK;
}

pia_status_t groups_join(groups_t *self,
                         peer_t *peer,
                         const piad_t *message,
                         const pia_principal_t *principal,
                         pia_problem_t *problem)
{
    owned_t *owned = NULL;
    pia_status_t status = check_room(self, peer, message->stream, problem);
    if (status != PIA_OK)
        return status;
    membership_t *membership = pia_alloc(sizeof *membership);
    membership->id = message->stream;
    membership->principal = *principal;
    membership->end_ms = tenure_end(principal);
    status = read_join(message->json, membership, problem);
    if (status == PIA_OK)
        status = find_group(self, membership, &owned, problem);
    if (status != PIA_OK) {
        json_decref(membership->json);
        free(membership);
        return status;
    }
    link_membership(membership, peer, owned);
    if (owned->state == OWNED_OURS || owned->state == OWNED_ELSEWHERE)
        membership_admit(membership);
    else
        owned_work(owned);
    return PIA_OK;
}

bool groups_renew(const peer_t *peer, uint32_t id, tenure_t *tenure)
{
    membership_t *membership = find(peer, id);
    if (membership && !tenure_renew(tenure, &membership->principal, &membership->end_ms))
        membership_refuse(membership, &tenure->problem);
    return membership != NULL;
}

/* All of it is refused: these events are not, or no longer, in its hands. */
void groups_fence(groups_t *self, const void *identity, size_t size, const piad_t *message)
{
    buffer_t outcomes = {0};
    const uint8_t *at = message->acks.data;
    if (message->command == PIAD_NACK)
        add_outcome(&outcomes, message->sequence, message->fence, GROUP_FENCED);
    for (size_t i = 0; i < message->acks.size; i += PIAD_ACK_SIZE)
        add_outcome(&outcomes, bytes_get_u64(at + i), bytes_get_u64(at + i + 8), GROUP_FENCED);
    atomic_fetch_add(&self->counters.fenced, outcomes.size / OUTCOME_SIZE);
    pia_frames_t frames;
    peers_begin(&frames, identity, size, PIAD_SETTLED);
    peer_add_u32(&frames, message->stream);
    pia_frames_add(&frames, outcomes.bytes, outcomes.size);
    (void)links_send(self->options.links, &frames);
    buffer_free(&outcomes);
}

void groups_ack(groups_t *self, peer_t *peer, const piad_t *message)
{
    membership_t *membership = find(peer, message->stream);
    if (!membership || !membership->member) {
        groups_fence(self, peer->identity, peer->identity_size, message);
        return;
    }
    const uint8_t *at = message->acks.data;
    const uint8_t *end = at + message->acks.size;
    for (; at < end; at += PIAD_ACK_SIZE) {
        uint64_t sequence = bytes_get_u64(at);
        uint64_t fence = bytes_get_u64(at + 8);
        if (!group_engine_ack(membership->owned->engine, membership->member, sequence, fence))
            membership_tell(membership, sequence, fence, GROUP_FENCED);
    }
}

void groups_nack(groups_t *self, peer_t *peer, const piad_t *message)
{
    membership_t *membership = find(peer, message->stream);
    if (!membership || !membership->member) {
        groups_fence(self, peer->identity, peer->identity_size, message);
        return;
    }
    char reason[PIAD_REASON_MAX + 1] = "";
    if (message->reason.size)
        memcpy(reason, message->reason.data, message->reason.size);
    group_nack_t nack = {.sequence = message->sequence,
                         .fence = message->fence,
                         .delay_ms = message->delay_ms,
                         .reason = reason};
    if (!group_engine_nack(membership->owned->engine, membership->member, &nack))
        membership_tell(membership, nack.sequence, nack.fence, GROUP_FENCED);
}

void groups_leave(groups_t *self, peer_t *peer, const piad_t *message)
{
    (void)self;
    membership_t *membership = find(peer, message->stream);
    if (!membership)
        return;
    membership->leaving = true;
    if (membership->member)
        group_engine_drain(membership->owned->engine, membership->member);
    owned_let_leave(membership->owned);
}

void owned_let_leave(owned_t *owned)
{
    pia_frames_t frames;
    for (membership_t *membership = owned->memberships, *next = NULL; membership;
         membership = next) {
        next = membership->next;
        if (!membership->leaving ||
            (membership->member && !group_member_is_done(membership->member)))
            continue;
        flush(membership);
        begin(membership, &frames, PIAD_LEFT);
        send(membership, &frames);
        membership_end(membership, NULL);
    }
}

void groups_close(groups_t *self, peer_t *peer, uint32_t id)
{
    (void)self;
    membership_t *membership = find(peer, id);
    if (membership)
        membership_end(membership, NULL);
}

void groups_drop_peer(groups_t *self, peer_t *peer, const char *why)
{
    (void)self;
    for (membership_t *membership = peer->memberships, *next = NULL; membership;
         membership = next) {
        next = membership->next_of_peer;
        membership_end(membership, why);
    }
}
