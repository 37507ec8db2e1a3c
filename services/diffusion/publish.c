/* publish.c - PUBLISH: parsed and checked in the loop's thread, appended in the store thread, and
 * acknowledged when it is durable. */
#include "publish.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "epoch.h"
#include "pia/clock.h"
#include "pia/memory.h"
#include "problems.h"

enum {
    RECEIPT_SIZE = 4 + 8 + CHAIN_SIZE + 1,
    HERE_BYTES_MAX = 8 * 1024, /* in a round: so little is made durable in the loop's thread */
};

struct publisher_queue {
    diffusion_t *diffusion; /* not owned */
    peers_t *peers;         /* not owned */
    size_t bytes;           /* of events that wait for the store */
    size_t held;            /* of these, what came in this round */
};

typedef struct {
    pia_job_t job; /* first */
    publisher_queue_t *queue;
    uint8_t identity[PEER_IDENTITY_MAX];
    size_t identity_size;
    uint64_t request;
    pia_principal_t principal;
    bool locates; /* whether `after` is in this history is looked up first */
    cursor_t after;
    zmq_msg_t frame;  /* the events' bytes */
    char *room;       /* for the texts of their attributes */
    entry_t *entries; /* `count` of them, borrowing from the frame */
    receipt_t *receipts;
    size_t count;
    pia_problem_t problem; /* why it was refused */
} publish_t;

publisher_queue_t *publisher_queue_new(diffusion_t *diffusion, peers_t *peers)
{
    publisher_queue_t *self = pia_alloc(sizeof *self);
    self->diffusion = diffusion;
    self->peers = peers;
    return self;
}

void publisher_queue_destroy(publisher_queue_t **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

static publish_t *
publish_new(publisher_queue_t *queue, const peer_t *peer, const piad_t *message, zmq_msg_t *frame)
{
    publish_t *publish = pia_alloc(sizeof *publish);
    publish->queue = queue;
    publish->locates = message->goes_on && !peer->located;
    publish->after = message->after;
    /* Its events alone; what they change beside is not, nor what must be looked up. */
    publish->job.tidy = !publish->locates;
    memcpy(publish->identity, peer->identity, peer->identity_size);
    publish->identity_size = peer->identity_size;
    publish->request = message->request;
    zmq_msg_init(&publish->frame);
    zmq_msg_move(&publish->frame, frame);
    publish->room = pia_realloc(NULL, zmq_msg_size(&publish->frame)); /* not zeroed, as these: */
    publish->entries = pia_realloc(NULL, message->event_count * sizeof *publish->entries);
    publish->receipts = pia_realloc(NULL, message->event_count * sizeof *publish->receipts);
    return publish;
}

static void publish_destroy(publish_t *publish)
{
    for (size_t i = 0; i < publish->count; i++)
        entry_clear(&publish->entries[i]);
    free(publish->entries);
    free(publish->receipts);
    free(publish->room);
    zmq_msg_close(&publish->frame);
    free(publish);
}

/* 45 bytes an event; as JSON it were 320, which both sides would pay for. */
static void add_receipts(pia_frames_t *frames, const publish_t *publish)
{
    uint8_t journal[PIA_UUID_SIZE];
    buffer_t bytes = {0};
    bool good = pia_uuid_parse(journal_id(publish->queue->diffusion->journal), journal);
    assert(good);
    buffer_add(&bytes, journal, sizeof journal);
    for (size_t i = 0; i < publish->count; i++) {
        const receipt_t *receipt = &publish->receipts[i];
        uint8_t *at = buffer_reserve(&bytes, RECEIPT_SIZE);
        bytes_put_u32(at, receipt->epoch);
        bytes_put_u64(at + 4, receipt->sequence);
        memcpy(at + 12, receipt->chain, CHAIN_SIZE);
        at[44] = receipt->duplicate ? 1 : 0;
    }
    pia_frames_add(frames, bytes.bytes, bytes.size);
    buffer_free(&bytes);
}

/* Sends the receipts, or why it was refused, and frees the publish. A peer that is gone, or that
 * cannot take its receipts and is dropped, publishes again when it is back, and gets the first
 * receipts. */
static void finish(publish_t *publish, pia_status_t status)
{
    pia_frames_t frames;
    peer_t *peer = peers_find(publish->queue->peers, publish->identity, publish->identity_size);
    if (peer) {
        peer_begin(&frames, peer, status == PIA_OK ? PIAD_RECEIPT : PIAD_REFUSED);
        peer_add_u64(&frames, publish->request);
        if (status == PIA_OK)
            add_receipts(&frames, publish);
        else
            peer_add_json(&frames, pia_problem_json(&publish->problem));
        if (!peer_send(publish->queue->peers, peer, &frames))
            peer->lost = true;
    }
    publish_destroy(publish);
}

/* Store thread. The journal is of one epoch while it is open, so once in a connection is enough. */
static pia_status_t locate(publish_t *publish, pia_db_t *db)
{
    cursor_t common = {0};
    if (!publish->locates)
        return PIA_OK;
    assert(db);
    pia_status_t status = journal_locate(db, &publish->after, &common);
    if (status == PIA_GONE)
        return pia_problem_set(&publish->problem, PIA_CONFLICT, "/after",
                               "It is of another history: what this one lacks goes first.");
    return status;
}

static pia_status_t run_publish(pia_job_t *job, pia_db_t *db)
{
    publish_t *publish = (publish_t *)job;
    append_t append = {.principal = &publish->principal,
                       .entries = publish->entries,
                       .count = publish->count,
                       .receipts = publish->receipts,
                       .now_ms = pia_clock_now()};
    publish->problem = (pia_problem_t){0};
    pia_status_t status = locate(publish, db);
    if (status != PIA_OK)
        return status;
    return diffusion_append(publish->queue->diffusion, db, &append, &publish->problem);
}

static void publish_done(pia_job_t *job, pia_status_t status)
{
    publish_t *publish = (publish_t *)job;
    publisher_queue_t *queue = publish->queue;
    queue->bytes -= zmq_msg_size(&publish->frame);
    peer_t *peer = peers_find(queue->peers, publish->identity, publish->identity_size);
    if (peer && peer->publishing)
        peer->publishing--;
    if (peer && publish->locates && status == PIA_OK)
        peer->located = true;
    if (status != PIA_OK && publish->problem.status != status)
        (void)pia_problem_set(&publish->problem, status, "",
                              "It could not be stored now, or not be confirmed: publish again.");
    finish(publish, status);
}

/* Token, then each event. */
static pia_status_t check(publish_t *publish, const piad_t *message)
{
    pia_problem_t *problem = &publish->problem;
    pia_status_t status =
        pia_verifier_check(publish->queue->diffusion->context->verifier, message->token.data,
                           message->token.size, &publish->principal, problem);
    if (status == PIA_OK && publish->principal.roles == PIA_ROLE_NONE)
        status = /* before anything is parsed, which costs many times its size */
            pia_problem_set(problem, PIA_UNAUTHENTICATED, "", "Events are appended with a token.");
    piad_frame_t events = {.data = zmq_msg_data(&publish->frame),
                           .size = zmq_msg_size(&publish->frame)};
    piad_frame_t event;
    size_t offset = 0;
    while (status == PIA_OK && piad_next_event(events, &offset, &event)) {
        entry_t *entry = &publish->entries[publish->count];
        char *room = publish->room + ((const char *)event.data - (const char *)events.data);
        const entry_t *before = publish->count ? entry - 1 : NULL;
        status = entry_parse(event.data, event.size, room, before, entry, problem);
        if (status != PIA_OK) {
            problem_under(problem, publish->count);
            break;
        }
        publish->job.tidy = publish->job.tidy && !entry_is_projected(&entry->attributes);
        publish->count++;
    }
    if (status == PIA_OK)
        journal_identify(publish->queue->diffusion->journal, publish->entries, publish->count);
    return status;
}

static pia_status_t check_room(const publisher_queue_t *self,
                               const peer_t *peer,
                               const piad_t *message,
                               pia_problem_t *problem)
{
    if (peer->publishing >= PUBLISHES_PER_PEER_MAX)
        return pia_problem_set(problem, PIA_RATE_LIMITED, "",
                               "At most 1024 publishes may wait for their receipts.");
    if (self->bytes + message->events.size > PUBLISH_BYTES_MAX)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "Too much waits to be stored.");
    return PIA_OK;
}

void publisher_queue_take(publisher_queue_t *self,
                          peer_t *peer,
                          const piad_t *message,
                          zmq_msg_t *events_frame)
{
    publish_t *publish = publish_new(self, peer, message, events_frame);
    pia_status_t status = check_room(self, peer, message, &publish->problem);
    if (status == PIA_OK)
        status = check(publish, message);
    if (status != PIA_OK) {
        finish(publish, status);
        return;
    }
    publish->job.run = run_publish;
    publish->job.done = publish_done;
    status = pia_executor_queue(self->diffusion->context->executor, &publish->job);
    if (status != PIA_OK) {
        (void)pia_problem_set(&publish->problem, status, "", "Too much waits to be stored.");
        finish(publish, status);
        return;
    }
    self->bytes += message->events.size;
    self->held += message->events.size;
    peer->publishing++;
    if (self->held > HERE_BYTES_MAX)
        pia_executor_go(self->diffusion->context->executor, false);
}

void publisher_queue_go(publisher_queue_t *self)
{
    bool little = self->held <= HERE_BYTES_MAX;
    if (self->held)
        pia_executor_go(self->diffusion->context->executor, little);
    self->held = 0;
}
