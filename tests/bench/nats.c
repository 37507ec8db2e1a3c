/* nats.c - NATS through libnats: core (publish, subscribe) and JetStream (publish with
 * acknowledgement, file store). */
#include <nats/nats.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { WAIT_MS = 20000, PENDING_MAX = 1 << 20 };

typedef struct {
    natsConnection *connection;
    jsCtx *stream;   /* NULL: core */
    unsigned window; /* 1: each publish waits for its own acknowledgement */
    uint64_t fresh;  /* events that publisher_acknowledged has not told yet */
} publisher_t;

static void check(natsStatus status, const char *what)
{
    if (status != NATS_OK)
        die("NATS, %s: %s", what, natsStatus_GetText(status));
}

static bool is_stream(const options_t *options)
{
    return strcmp(options->subscriber, "stream") == 0;
}

static natsConnection *connect_nats(const options_t *options)
{
    natsOptions *settings = NULL;
    natsConnection *connection = NULL;
    check(natsOptions_Create(&settings), "options");
    check(natsOptions_SetURL(settings, options->endpoint), "URL");
    check(natsOptions_SetMaxPendingMsgs(settings, PENDING_MAX), "pending");
    check(natsConnection_Connect(&connection, settings), "connect");
    natsOptions_Destroy(settings);
    return connection;
}

static void on_refused(jsCtx *stream, jsPubAckErr *error, void *arg)
{
    (void)stream, (void)arg;
    die("NATS: an event was not stored: %s", error->ErrText ? error->ErrText : "no reason given");
}

static jsCtx *open_stream(natsConnection *connection, unsigned window)
{
    jsOptions settings;
    jsCtx *stream = NULL;
    (void)jsOptions_Init(&settings);
    settings.PublishAsync.MaxPending = window;
    settings.PublishAsync.StallWait = WAIT_MS;
    settings.PublishAsync.ErrHandler = on_refused;
    settings.Wait = WAIT_MS;
    check(natsConnection_JetStream(&stream, connection, &settings), "JetStream");
    return stream;
}

static void prepare(const options_t *options)
{
    if (!is_stream(options))
        return;
    natsConnection *connection = connect_nats(options);
    jsCtx *stream = open_stream(connection, 1);
    const char *subjects[] = {"events"};
    jsStreamConfig config;
    (void)jsStreamConfig_Init(&config);
    config.Name = "EVENTS";
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    check(js_AddStream(NULL, stream, &config, NULL, NULL), "stream");
    jsCtx_Destroy(stream);
    natsConnection_Destroy(connection);
}

static void *publisher_new(const options_t *options, unsigned index)
{
    (void)index;
    publisher_t *publisher = calloc(1, sizeof *publisher);
    if (!publisher)
        die("out of memory");
    publisher->connection = connect_nats(options);
    publisher->window = options->window;
    if (is_stream(options))
        publisher->stream = open_stream(publisher->connection, options->window);
    return publisher;
}

/* js_PublishAsync waits by itself while MaxPending events have no acknowledgement. */
static void send_one(publisher_t *publisher, const char *bytes)
{
    if (!publisher->stream)
        check(natsConnection_Publish(publisher->connection, "events", bytes, EVENT_SIZE),
              "publish");
    else if (publisher->window > 1)
        check(js_PublishAsync(publisher->stream, "events", bytes, EVENT_SIZE, NULL), "publish");
    else
        check(js_Publish(NULL, publisher->stream, "events", bytes, EVENT_SIZE, NULL, NULL),
              "publish");
}

static void publisher_send(void *arg, const char *bytes, size_t count)
{
    publisher_t *publisher = arg;
    for (size_t i = 0; i < count; i++)
        send_one(publisher, bytes + i * EVENT_SIZE);
    publisher->fresh += count;
}

/* The window is the library's: what could be sent counts as acknowledged until the draining. */
static uint64_t publisher_acknowledged(void *arg, bool block)
{
    (void)block;
    publisher_t *publisher = arg;
    uint64_t fresh = publisher->fresh;
    publisher->fresh = 0;
    return fresh;
}

static uint64_t publisher_drain(void *arg)
{
    publisher_t *publisher = arg;
    if (publisher->stream && publisher->window > 1) {
        jsPubOptions options;
        (void)jsPubOptions_Init(&options);
        options.MaxWait = WAIT_MS;
        check(js_PublishAsyncComplete(publisher->stream, &options), "acknowledgements");
    } else if (!publisher->stream) {
        check(natsConnection_Flush(publisher->connection), "flush");
    }
    return publisher_acknowledged(publisher, true);
}

static void publisher_destroy(void *arg)
{
    publisher_t *publisher = arg;
    if (publisher->stream)
        jsCtx_Destroy(publisher->stream);
    natsConnection_Destroy(publisher->connection);
    free(publisher);
}

/* One subscription, on a connection and threads of its own. */
typedef struct {
    followers_t *followers;
    unsigned index;
    natsConnection *connection;
    natsSubscription *subscription;
} follower_t;

static void on_event(natsConnection *connection, natsSubscription *from, natsMsg *event, void *arg)
{
    (void)connection, (void)from;
    follower_t *follower = arg;
    followers_event(follower->followers, follower->index, natsMsg_GetData(event),
                    (size_t)natsMsg_GetDataLength(event));
    natsMsg_Destroy(event);
}

static void subscribe(follower_t *follower)
{
    follower->connection = connect_nats(follower->followers->options);
    if (is_stream(follower->followers->options)) {
        jsSubOptions options;
        (void)jsSubOptions_Init(&options);
        options.Ordered = true;
        jsCtx *stream = open_stream(follower->connection, 1);
        check(js_Subscribe(&follower->subscription, stream, "events", on_event, follower, NULL,
                           &options, NULL),
              "subscribe");
        jsCtx_Destroy(stream);
    } else {
        check(natsConnection_Subscribe(&follower->subscription, follower->connection, "events",
                                       on_event, follower),
              "subscribe");
    }
    check(natsSubscription_SetPendingLimits(follower->subscription, -1, -1), "limits");
    check(natsConnection_Flush(follower->connection), "flush");
}

static void follow(followers_t *followers)
{
    static follower_t follower[FOLLOWERS_MAX];
    for (unsigned i = 0; i < followers->count; i++) {
        follower[i] = (follower_t){.followers = followers, .index = i};
        subscribe(&follower[i]);
    }
    atomic_store(&followers->ready, true);
    while (!followers_done(followers))
        wait_until(clock_ns() + 1000000); /* the library's threads receive */
    for (unsigned i = 0; i < followers->count; i++) {
        natsSubscription_Destroy(follower[i].subscription);
        natsConnection_Destroy(follower[i].connection);
    }
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "nats",
                                    .prepare = prepare,
                                    .publisher_new = publisher_new,
                                    .publisher_send = publisher_send,
                                    .publisher_acknowledged = publisher_acknowledged,
                                    .publisher_drain = publisher_drain,
                                    .publisher_destroy = publisher_destroy,
                                    .follow = follow};
    return bench_main(&system, argc, argv);
}
