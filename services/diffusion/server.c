/* server.c - the diffusion's own sockets: who says what, and what everybody is told. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "server_private.h"

enum {
    BUDGET = 1000,            /* messages a round */
    BUDGET_BYTES = 64 * 1024, /* or so much of events */
    SILENCE_MS = 10000,       /* a peer that says nothing for so long is dropped */
    BEAT_MS = 2000,
};

static void say_disconnect(server_t *self, const void *identity, size_t size)
{
    pia_frames_t frames;
    peers_begin(&frames, identity, size, PIAD_DISCONNECT);
    (void)links_send(self->links, &frames);
}

static void forget(server_t *self, peer_t *peer)
{
    streams_close_all(self->streams, peer);
    groups_drop_peer(self->groups, peer, "The worker was lost.");
    peers_remove(self->peers, &peer);
}

/* It is told once what was wrong, and then it is nobody to us. */
static void drop_nonsense(server_t *self, const pia_frames_t *message, const char *why)
{
    const void *identity = pia_frames_data(message, 0);
    size_t size = pia_frames_size(message, 0);
    atomic_fetch_add(&self->counters.nonsense, 1);
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_INVALID, "", "%s", why);
    pia_frames_t frames;
    peers_begin(&frames, identity, size, PIAD_ERROR);
    peer_add_u32(&frames, 0);
    peer_add_json(&frames, pia_problem_json(&problem));
    (void)links_send(self->links, &frames);
    peer_t *peer = peers_find(self->peers, identity, size);
    if (peer)
        forget(self, peer);
}

static void welcome(void *arg, peer_t *peer)
{
    server_t *self = arg;
    char cursor[CURSOR_TEXT_SIZE];
    const cursor_t *head = ring_head(self->ring);
    cursor_format(head, cursor);
    json_t *json = json_pack("{s:s, s:I, s:s, s:i, s:i, s:i, s:i, s:i}", "journal",
                             journal_id(self->diffusion->journal), "epoch", (json_int_t)head->epoch,
                             "cursor", cursor, "heartbeat_ms", BEAT_MS, "batch_max", PIAD_BATCH_MAX,
                             "event_max", PIA_EVENT_SIZE_MAX, "frame_max", PIAD_FRAME_MAX,
                             "publishes_max", PUBLISHES_PER_PEER_MAX);
    if (self->backups.told[0] != '\0')
        json_object_set_new(json, "backed_up", json_string(self->backups.told));
    pia_frames_t frames;
    peer_begin(&frames, peer, PIAD_WELCOME);
    peer_add_json(&frames, json);
    (void)peer_send(self->peers, peer, &frames);
}

static void welcome_again(void *arg, peer_t *peer)
{
    if (peer->greeted)
        welcome(arg, peer);
}

void server_welcome_again(server_t *self)
{
    peers_each(self->peers, welcome_again, self);
}

/* A hello is the first thing on a connection: what an earlier one of the same identity left ends.
 */
static void take_hello(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)message;
    (void)last;
    streams_close_all(self->streams, peer);
    groups_drop_peer(self->groups, peer, "The worker began anew.");
    peer->greeted = true;
    welcome(self, peer);
}

static void take_publish(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    publisher_queue_take(self->queue, peer, message, last);
}

static void take_subscribe(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    pia_problem_t problem = {0};
    pia_principal_t principal = {0};
    piad_subscribe_t subscribe = {0};
    pia_status_t status =
        pia_verifier_check(self->diffusion->context->verifier, message->token.data,
                           message->token.size, &principal, &problem);
    if (status == PIA_OK && groups_have(peer, message->stream)) {
        groups_close(self->groups, peer, message->stream);
        status = pia_problem_set(&problem, PIA_CONFLICT, "", "This number was in use already.");
    }
    if (status == PIA_OK)
        status = piad_parse_subscribe(message->json, &subscribe, &problem);
    if (status == PIA_OK)
        status =
            streams_open(self->streams, peer, message->stream, &principal, &subscribe, &problem);
    json_decref(subscribe.filter);
    if (status != PIA_OK)
        (void)peer_send_error(self->peers, peer, message->stream, &problem);
}

static void take_renew(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    tenure_t tenure = {0};
    (void)pia_verifier_check(self->diffusion->context->verifier, message->token.data,
                             message->token.size, &tenure.principal, &tenure.problem);
    if (!streams_renew(self->streams, peer, message->stream, &tenure))
        (void)groups_renew(peer, message->stream, &tenure);
}

static void take_credit(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    (void)streams_credit(self->streams, peer, message->stream, message->amount);
}

static void take_unsubscribe(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    streams_close(self->streams, peer, message->stream);
    groups_close(self->groups, peer, message->stream);
}

static void take_join(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    pia_problem_t problem = {0};
    pia_principal_t principal = {0};
    pia_status_t status =
        pia_verifier_check(self->diffusion->context->verifier, message->token.data,
                           message->token.size, &principal, &problem);
    streams_close(self->streams, peer, message->stream);
    if (status == PIA_OK)
        status = groups_join(self->groups, peer, message, &principal, &problem);
    if (status != PIA_OK)
        (void)peer_send_error(self->peers, peer, message->stream, &problem);
}

static void take_ack(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    groups_ack(self->groups, peer, message);
}

static void take_nack(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    groups_nack(self->groups, peer, message);
}

static void take_leave(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)last;
    groups_leave(self->groups, peer, message);
}

static void take_heartbeat(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last)
{
    (void)self;
    (void)peer;
    (void)message;
    (void)last;
}

typedef void take_fn(server_t *self, peer_t *peer, const piad_t *message, zmq_msg_t *last);

/* `opens`: may be the first thing that a peer says. */
static const struct {
    take_fn *take;
    bool opens;
} commands[] = {
    [PIAD_HELLO] = {take_hello, true},
    [PIAD_PUBLISH] = {take_publish, true},
    [PIAD_SUBSCRIBE] = {take_subscribe, true},
    [PIAD_CREDIT] = {take_credit, false},
    [PIAD_UNSUBSCRIBE] = {take_unsubscribe, false},
    [PIAD_HEARTBEAT] = {take_heartbeat, false},
    [PIAD_RENEW] = {take_renew, false},
    [PIAD_JOIN] = {take_join, true},
    [PIAD_ACK] = {take_ack, false},
    [PIAD_NACK] = {take_nack, false},
    [PIAD_LEAVE] = {take_leave, false},
};

/* Who is not known any more (dropped, or we were started again) is told to connect again. */
static void take_message(server_t *self, pia_frames_t *frames, const piad_t *message)
{
    const void *identity = pia_frames_data(frames, 0);
    size_t size = pia_frames_size(frames, 0);
    peer_t *peer = peers_find(self->peers, identity, size);
    if (!peer && commands[message->command].opens && !self->draining)
        peer = peers_get(self->peers, identity, size);
    if (!peer || self->draining) {
        if (message->command == PIAD_ACK || message->command == PIAD_NACK)
            groups_fence(self->groups, identity, size, message);
        say_disconnect(self, identity, size);
        return;
    }
    peer->heard_ms = pia_clock_monotonic();
    zmq_msg_t *last = &frames->frame[frames->count - 1];
    commands[message->command].take(self, peer, message, last);
}

static void take_frames(server_t *self, pia_frames_t *frames)
{
    piad_frame_t parts[PIA_FRAMES_MAX];
    piad_t message;
    for (size_t i = 1; i < frames->count; i++)
        parts[i - 1] =
            (piad_frame_t){.data = pia_frames_data(frames, i), .size = pia_frames_size(frames, i)};
    atomic_fetch_add(&self->counters.received, 1);
    const char *why = piad_parse(parts, frames->count - 1, &message);
    if (why)
        drop_nonsense(self, frames, why);
    else
        take_message(self, frames, &message);
}

void server_receive(void *arg)
{
    server_t *self = arg;
    size_t bytes = 0;
    for (int i = 0; i < BUDGET && bytes < BUDGET_BYTES; i++) {
        pia_frames_t frames;
        pia_frames_init(&frames);
        pia_status_t status = links_recv(self->links, &frames);
        for (size_t j = 0; j < frames.count; j++)
            bytes += pia_frames_size(&frames, j);
        if (status == PIA_OK)
            take_frames(self, &frames);
        else if (status == PIA_TOO_LARGE)
            drop_nonsense(self, &frames, "There are too many frames.");
        pia_frames_clear(&frames);
        if (status == PIA_TIMEOUT)
            break;
    }
    links_rest(self->links);
    publisher_queue_go(self->queue);
    server_run_streams(self);
}

static void look_after(void *arg, peer_t *peer)
{
    server_t *self = arg;
    int64_t now = pia_clock_monotonic();
    if (peer->lost || now - peer->heard_ms > SILENCE_MS || (self->draining && !peer->publishing)) {
        say_disconnect(self, peer->identity, peer->identity_size);
        atomic_fetch_add(&self->counters.dropped, 1);
        forget(self, peer);
        return;
    }
    if (now - peer->sent_ms < BEAT_MS)
        return;
    pia_frames_t frames;
    peer_begin(&frames, peer, PIAD_BEAT);
    (void)peer_send(self->peers, peer, &frames);
}

void server_look_after_peers(server_t *self)
{
    peers_each(self->peers, look_after, self);
}
