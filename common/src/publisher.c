/* publisher.c - events gathered into frames; a frame waits, is on its way, and is done with when
 * its receipts are there. */
#include "pia/publisher.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "pia/token.h"
#include "stream_private.h"

enum {
    FRAME_BYTES = 512 * 1024, /* a frame that holds so much is sent */
    FLYING_MAX = 1024,        /* frames; more the journal refuses */
    PAUSE_MS = 200,           /* doubling, while the journal takes nothing */
    PAUSE_MAX_MS = 5000,
    WAIT_MAX_MS = 500, /* heartbeats must not be late */
};

/* Events that stand or fall together. */
typedef struct frame frame_t;
struct frame {
    uint64_t request; /* that it flies with, or flew with last; 0: it never did */
    zmq_msg_t events;
    uint64_t *tags;
    size_t count;
    frame_t *next;
};

typedef struct {
    frame_t *first, *last;
    size_t count;
} queue_t;

struct pia_publisher {
    pia_publisher_options_t options;
    pia_stream_t *stream;
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size;
    pia_batch_t batch; /* what is being gathered */
    uint64_t *tags;    /* of it; NULL while it is empty */
    queue_t waiting, flying;
    size_t pending; /* events */
    uint64_t request;
    int64_t until_ms, pause_ms; /* nothing is sent before (monotonic) */
};

static void push(queue_t *queue, frame_t *frame)
{
    frame->next = NULL;
    if (queue->last)
        queue->last->next = frame;
    else
        queue->first = frame;
    queue->last = frame;
    queue->count++;
}

/* Before all that flew later or never. */
static void put_back(queue_t *waiting, frame_t *frame)
{
    frame_t **at = &waiting->first;
    while (*at && (*at)->request && (*at)->request < frame->request)
        at = &(*at)->next;
    frame->next = *at;
    *at = frame;
    if (!frame->next)
        waiting->last = frame;
    waiting->count++;
}

/* Takes the frame of this request out, usually the first; NULL: there is none. */
static frame_t *take(queue_t *queue, uint64_t request)
{
    frame_t *before = NULL;
    frame_t *frame = queue->first;
    while (frame && frame->request != request) {
        before = frame;
        frame = frame->next;
    }
    if (!frame)
        return NULL;
    if (before)
        before->next = frame->next;
    else
        queue->first = frame->next;
    if (queue->last == frame)
        queue->last = before;
    queue->count--;
    return frame;
}

static void frame_destroy(frame_t *frame)
{
    zmq_msg_close(&frame->events);
    free(frame->tags);
    free(frame);
}

static void queue_clear(queue_t *queue)
{
    while (queue->first)
        frame_destroy(take(queue, queue->first->request));
}

/* The present batch becomes a frame. */
static frame_t *close_batch(pia_publisher_t *self)
{
    frame_t *frame = pia_alloc(sizeof *frame);
    frame->count = self->batch.count;
    frame->tags = self->tags;
    self->tags = NULL;
    pia_batch_move(&self->batch, &frame->events);
    return frame;
}

static void send_waiting(pia_publisher_t *self)
{
    if (self->until_ms && pia_clock_monotonic() < self->until_ms)
        return;
    self->until_ms = 0;
    while (self->waiting.first && self->flying.count < FLYING_MAX) {
        frame_t *frame = take(&self->waiting, self->waiting.first->request);
        frame->request = ++self->request;
        push(&self->flying, frame);
        pia_stream_publish_message(self->stream, frame->request, self->token, self->token_size,
                                   NULL, &frame->events);
    }
}

static void tell(pia_publisher_t *self, pia_published_t *published, uint64_t tag)
{
    self->pending--;
    published->tag = tag;
    self->options.on_published(self->options.arg, published);
}

static void
tell_receipts(pia_publisher_t *self, frame_t *frame, const pia_stream_message_t *message)
{
    pia_published_t published = {.status = PIA_OK, .journal = message->journal};
    for (size_t i = 0; i < frame->count; i++) {
        published.receipt = &message->receipts[i];
        tell(self, &published, frame->tags[i]);
    }
    self->pause_ms = 0;
}

static void tell_all_refused(pia_publisher_t *self, frame_t *frame, const pia_problem_t *problem)
{
    pia_published_t published = {.status = problem->status, .problem = problem};
    for (size_t i = 0; i < frame->count; i++)
        tell(self, &published, frame->tags[i]);
}

/* "/12/id" names event 12 of `count`. */
static bool index_of(const pia_problem_t *problem, size_t count, size_t *ret_index)
{
    char *end = NULL;
    const char *digits = problem->pointer + 1;
    if (problem->pointer[0] != '/' || *digits < '0' || *digits > '9')
        return false;
    errno = 0;
    unsigned long index = strtoul(digits, &end, 10);
    *ret_index = index;
    return errno == 0 && (*end == '/' || *end == '\0') && index < count;
}

/* The frame without event `index`, which was refused; NULL if nothing is left. */
static frame_t *frame_without(const frame_t *frame, size_t index)
{
    if (frame->count == 1)
        return NULL;
    frame_t *rest = pia_alloc(sizeof *rest);
    rest->request = frame->request;
    rest->tags = pia_alloc(frame->count * sizeof *rest->tags);
    pia_batch_t batch = {0};
    const uint8_t *at = zmq_msg_data((zmq_msg_t *)&frame->events);
    for (size_t i = 0; i < frame->count; i++) {
        size_t size =
            (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | (size_t)at[3];
        if (i != index) {
            pia_batch_add(&batch, (const char *)at + 4, size);
            rest->tags[rest->count++] = frame->tags[i];
        }
        at += 4 + size;
    }
    pia_batch_move(&batch, &rest->events);
    return rest;
}

/* The journal cannot store now, or not be sure that it has. */
static bool passes(pia_status_t status)
{
    return status == PIA_UNAVAILABLE || status == PIA_RATE_LIMITED || status == PIA_TIMEOUT;
}

static void pause_sending(pia_publisher_t *self)
{
    int64_t pause = self->pause_ms ? 2 * self->pause_ms : PAUSE_MS;
    self->pause_ms = pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
    self->until_ms = pia_clock_monotonic() + self->pause_ms;
}

/* Frees the frame or keeps it. */
static void handle_refusal(pia_publisher_t *self, frame_t *frame, const pia_problem_t *problem)
{
    size_t index = 0;
    if (passes(problem->status)) {
        put_back(&self->waiting, frame);
        pause_sending(self);
        return;
    }
    if (!index_of(problem, frame->count, &index)) {
        tell_all_refused(self, frame, problem);
        frame_destroy(frame);
        return;
    }
    frame_t *rest = frame_without(frame, index);
    if (rest)
        put_back(&self->waiting, rest);
    pia_problem_t inner = *problem;
    const char *slash = strchr(problem->pointer + 1, '/');
    memmove(inner.pointer, slash ? slash : "", slash ? strlen(slash) + 1 : 1);
    pia_published_t published = {.status = inner.status, .problem = &inner};
    tell(self, &published, frame->tags[index]);
    frame_destroy(frame);
}

static void handle_receipt(pia_publisher_t *self, const pia_stream_message_t *message)
{
    frame_t *frame = take(&self->flying, message->request);
    if (!frame)
        return; /* of an earlier connection: it was published again meanwhile */
    if (message->status != PIA_OK) {
        handle_refusal(self, frame, message->problem);
    } else if (message->receipt_count == frame->count) {
        tell_receipts(self, frame, message);
        frame_destroy(frame);
    } else { /* not ours to understand: the repeat gets them all */
        put_back(&self->waiting, frame);
        pause_sending(self);
    }
}

/* What was on its way waits again, in its order. */
static void fly_again(pia_publisher_t *self)
{
    while (self->flying.first)
        put_back(&self->waiting, take(&self->flying, self->flying.first->request));
}

static void handle_message(void *arg, const pia_stream_message_t *message)
{
    pia_publisher_t *self = arg;
    if (message->kind == PIA_STREAM_RECEIPT)
        handle_receipt(self, message);
    else if (message->kind == PIA_STREAM_LOST)
        fly_again(self);
}

pia_publisher_t *pia_publisher_new(const pia_publisher_options_t *options)
{
    assert(options->window >= 1 && options->window <= PIA_PUBLISHER_WINDOW_MAX);
    assert(options->frame <= PIA_PUBLISHER_FRAME_MAX);
    pia_publisher_t *self = pia_alloc(sizeof *self);
    self->options = *options;
    if (!self->options.frame) {
        size_t quarter = options->window / 4;
        self->options.frame = quarter < 4                         ? 4
                              : quarter > PIA_PUBLISHER_FRAME_MAX ? PIA_PUBLISHER_FRAME_MAX
                                                                  : quarter;
    }
    self->stream = pia_stream_new(options->endpoint, handle_message, self);
    return self;
}

void pia_publisher_destroy(pia_publisher_t **publisher_p)
{
    pia_publisher_t *self = *publisher_p;
    if (!self)
        return;
    pia_stream_destroy(&self->stream);
    queue_clear(&self->waiting);
    queue_clear(&self->flying);
    pia_batch_clear(&self->batch);
    free(self->tags);
    free(self);
    *publisher_p = NULL;
}

void pia_publisher_set_token(pia_publisher_t *publisher, const void *token, size_t size)
{
    assert(size <= sizeof publisher->token);
    if (size)
        memcpy(publisher->token, token, size);
    publisher->token_size = size;
}

bool pia_publisher_add(pia_publisher_t *publisher, const void *event, size_t size, uint64_t tag)
{
    if (publisher->pending >= publisher->options.window)
        return false;
    if (!publisher->tags)
        publisher->tags = pia_alloc(publisher->options.frame * sizeof *publisher->tags);
    publisher->tags[publisher->batch.count] = tag;
    pia_batch_add(&publisher->batch, event, size);
    publisher->pending++;
    if (publisher->batch.count == publisher->options.frame || publisher->batch.size >= FRAME_BYTES)
        pia_publisher_flush(publisher);
    return true;
}

void pia_publisher_flush(pia_publisher_t *publisher)
{
    if (publisher->batch.count)
        push(&publisher->waiting, close_batch(publisher));
    send_waiting(publisher);
}

size_t pia_publisher_pending(const pia_publisher_t *publisher)
{
    return publisher->pending;
}

int pia_publisher_descriptor(const pia_publisher_t *publisher)
{
    return pia_stream_descriptor(publisher->stream);
}

void pia_publisher_process(pia_publisher_t *publisher)
{
    pia_stream_process(publisher->stream);
    pia_publisher_flush(publisher);
}

void pia_publisher_tick(pia_publisher_t *publisher)
{
    pia_stream_tick(publisher->stream);
    pia_publisher_flush(publisher);
}

void pia_publisher_wait(pia_publisher_t *publisher, int timeout_ms)
{
    assert(timeout_ms >= 0 && timeout_ms <= WAIT_MAX_MS);
    pia_publisher_flush(publisher);
    struct pollfd entry = {.fd = pia_publisher_descriptor(publisher), .events = POLLIN};
    if (timeout_ms > 0)
        (void)poll(&entry, 1, timeout_ms);
    pia_publisher_process(publisher);
    pia_publisher_tick(publisher);
}
