/* pia.c - PIA through its own client library: pia_publisher, and raw streams of pia_stream. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "pia/publisher.h"
#include "pia/record.h"
#include "pia/stream.h"
#include "token.h"

enum {
    WAIT_MS = 500,
    CREDIT_MAX = 65535,
    CREDIT_STEP = 16384, /* used up before more is given */
    STREAM = 1,
};
#define TICK_NS (500LL * 1000 * 1000)

typedef struct {
    token_t token;
    pia_publisher_t *publisher;
    uint64_t fresh; /* events acknowledged that publisher_acknowledged has not told yet */
} publisher_t;

static void on_published(void *arg, const pia_published_t *published)
{
    publisher_t *self = arg;
    if (published->status != PIA_OK)
        die("PIA refused: %s (%s)", published->problem->detail, published->problem->pointer);
    self->fresh++;
}

static void *publisher_new(const options_t *options, unsigned index)
{
    (void)index;
    publisher_t *self = calloc(1, sizeof *self);
    if (!self)
        die("out of memory");
    token_init(&self->token, options->broker, options->key);
    pia_publisher_options_t settings = {.endpoint = options->endpoint,
                                        .window = options->window,
                                        .on_published = on_published,
                                        .arg = self};
    self->publisher = pia_publisher_new(&settings);
    pia_publisher_set_token(self->publisher, self->token.bytes, self->token.size);
    return self;
}

static void publisher_send(void *arg, const char *bytes, size_t count)
{
    publisher_t *self = arg;
    if (token_renew(&self->token))
        pia_publisher_set_token(self->publisher, self->token.bytes, self->token.size);
    for (size_t i = 0; i < count; i++)
        if (!pia_publisher_add(self->publisher, bytes + i * EVENT_SIZE, EVENT_SIZE, 0))
            die("PIA: the window is full");
    pia_publisher_flush(self->publisher);
}

static uint64_t publisher_acknowledged(void *arg, bool block)
{
    publisher_t *self = arg;
    int64_t until = clock_ns() + PATIENCE_NS;
    do {
        pia_publisher_wait(self->publisher, block && self->fresh == 0 ? WAIT_MS : 0);
        if (clock_ns() > until)
            die("PIA: no receipt");
    } while (block && self->fresh == 0);
    uint64_t fresh = self->fresh;
    self->fresh = 0;
    return fresh;
}

static uint64_t publisher_drain(void *arg)
{
    publisher_t *self = arg;
    uint64_t count = self->fresh;
    self->fresh = 0;
    while (pia_publisher_pending(self->publisher) > 0)
        count += publisher_acknowledged(self, true);
    return count;
}

static void publisher_destroy(void *arg)
{
    publisher_t *self = arg;
    pia_publisher_destroy(&self->publisher);
    token_clear(&self->token);
    free(self);
}

/* One stream, on a connection of its own. */
typedef struct {
    followers_t *followers;
    pia_stream_t *stream;
    unsigned index;
    bool covered;  /* it has heard of its cursor: it follows */
    uint32_t used; /* events since credit was given */
} follower_t;

static void read_records(follower_t *self, const pia_stream_message_t *message)
{
    size_t offset = 0;
    pia_stream_record_t record;
    while (pia_record_read(message->records, message->size, &offset, &record))
        followers_event(self->followers, self->index, (const char *)record.bytes, record.size);
    self->used += (uint32_t)message->count;
    if (self->used < CREDIT_STEP)
        return;
    pia_stream_credit(self->stream, STREAM, self->used);
    self->used = 0;
}

static void on_message(void *arg, const pia_stream_message_t *message)
{
    follower_t *self = arg;
    if (message->kind == PIA_STREAM_RECORDS)
        read_records(self, message);
    else if (message->kind != PIA_STREAM_PROGRESS)
        die("PIA: the stream ended: %s", message->problem ? message->problem->detail : "");
    self->covered = true;
}

/* A stream is "core", from now on, or "stream", from the cursor. */
static void subscribe(follower_t *self, const token_t *token, const options_t *options)
{
    bool live = strcmp(options->subscriber, "core") == 0;
    pia_subscribe_t settings = {.token = token->bytes,
                                .token_size = token->size,
                                .cursor = live ? "head" : options->cursor,
                                .credit = CREDIT_MAX,
                                .raw = true};
    self->stream = pia_stream_new(options->endpoint, on_message, self);
    pia_stream_subscribe(self->stream, STREAM, &settings);
}

/* A stream ends with its token: another one is shown in time. */
static void tick(follower_t *followers, unsigned count, token_t *token, int64_t *next_ns)
{
    if (clock_ns() < *next_ns)
        return;
    bool renewed = token_renew(token);
    for (unsigned i = 0; i < count; i++) {
        if (renewed)
            pia_stream_renew(followers[i].stream, STREAM, token->bytes, token->size);
        pia_stream_tick(followers[i].stream);
    }
    *next_ns = clock_ns() + TICK_NS;
}

static bool all_covered(const follower_t *followers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!followers[i].covered)
            return false;
    return true;
}

static void follow(followers_t *followers)
{
    static follower_t follower[FOLLOWERS_MAX];
    struct pollfd items[FOLLOWERS_MAX];
    token_t token;
    token_init(&token, followers->options->broker, followers->options->key);
    for (unsigned i = 0; i < followers->count; i++) {
        follower[i] = (follower_t){.followers = followers, .index = i};
        subscribe(&follower[i], &token, followers->options);
        items[i] =
            (struct pollfd){.fd = pia_stream_descriptor(follower[i].stream), .events = POLLIN};
    }
    int64_t next_ns = clock_ns() + TICK_NS;
    while (!followers_done(followers)) {
        tick(follower, followers->count, &token, &next_ns);
        if (poll(items, followers->count, 50) <= 0)
            continue;
        for (unsigned i = 0; i < followers->count; i++)
            if (items[i].revents)
                pia_stream_process(follower[i].stream);
        if (!atomic_load_explicit(&followers->ready, memory_order_relaxed) &&
            all_covered(follower, followers->count))
            atomic_store(&followers->ready, true);
    }
    for (unsigned i = 0; i < followers->count; i++)
        pia_stream_destroy(&follower[i].stream);
    token_clear(&token);
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "pia",
                                    .publisher_new = publisher_new,
                                    .publisher_send = publisher_send,
                                    .publisher_acknowledged = publisher_acknowledged,
                                    .publisher_drain = publisher_drain,
                                    .publisher_destroy = publisher_destroy,
                                    .follow = follow};
    return bench_main(&system, argc, argv);
}
