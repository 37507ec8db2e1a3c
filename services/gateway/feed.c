/* feed.c - clients of the event stream. */
#include "feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "feed_links.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/journal.h"
#include "reply.h"
#include "sse.h"
#include "timing.h"

enum {
    CREDIT =
        32, /* events on their way to a client; times PIA_EVENT_SIZE_MAX it bounds its buffer */
    TICK_MS = 250,
    START_MS = 500,       /* a stream begins then, if the journal has not refused it before */
    HEAD_MS = 1000,       /* how long the journal may take to say where it is */
    AGAIN_MS = 1000,      /* how soon it is asked again */
    RENEW_LOOK_MS = 4000, /* twice in the last 10 s of a token, where another is given */
};

typedef struct client {
    LIST_ENTRY(client) link;
    feed_t *feed;
    http_request_t *http;
    feed_place_t *place;
    json_t *filter;
    char *key;                    /* NULL: anonymous */
    char cursor[PIA_CURSOR_SIZE]; /* covered up to here */
    uint32_t written;             /* events since the last credit */
    int64_t opened_ms;            /* monotonic, as all below */
    int64_t written_ms, drained_ms;
    unsigned asking;  /* questions to the journal or the registry that are not answered */
    bool renewed;     /* the token was replaced since the last progress */
    bool started;     /* the answer has begun */
    bool gone;        /* the client has left meanwhile */
    bool waiting;     /* the journal is not there: told to the client */
    int64_t again_ms; /* when to ask for it again */
    int64_t renew_ms; /* when to see whether there is another token */
    bool positioned;  /* the journal itself said from where: it will not refuse that */
    bool moved;       /* the cursor is further than the last id sent */
} client_t;

struct feed {
    bus_t *bus;   /* not owned */
    auth_t *auth; /* not owned */
    feed_links_t *links;
    feed_options_t options;
    feed_stats_t stats;
    struct event *timer;
    bool draining;
    LIST_HEAD(, client) clients;
};

static void client_free(client_t *self)
{
    assert(self->http == NULL);
    LIST_REMOVE(self, link);
    self->feed->stats.clients--;
    feed_place_release(&self->place);
    json_decref(self->filter);
    free(self->key);
    free(self);
}

/* Ends the answer, whatever state it is in. One that waits for an answer is freed then. */
static void finish(client_t *self, const pia_problem_t *problem)
{
    if (self->started) {
        if (problem != NULL) {
            char *text = sse_problem(problem);
            http_stream_write(self->http, text, strlen(text));
            free(text);
        }
        http_stream_end(&self->http);
    } else if (self->http != NULL && problem != NULL) {
        reply_status(&self->http, problem);
    }
    if (self->asking)
        self->gone = true;
    else
        client_free(self);
}

/* One that is gone, when something was answered. */
static void forget(client_t *self)
{
    if (!self->asking)
        client_free(self);
}

static void on_closed(void *arg)
{
    finish(arg, NULL);
}

/* The kernel has taken everything: the client gets as many events more. */
static void on_drained(void *arg)
{
    client_t *self = arg;
    self->drained_ms = pia_clock_monotonic();
    if (self->written > 0)
        feed_place_credit(self->place, self->written);
    self->written = 0;
}

static void write_text(client_t *self, char *text)
{
    self->written_ms = pia_clock_monotonic();
    if (http_stream_pending(self->http) == 0)
        self->drained_ms = self->written_ms;
    http_stream_write(self->http, text, strlen(text));
    free(text);
}

static void start(client_t *self)
{
    if (self->started)
        return;
    self->started = true;
    http_reply_header(self->http, "Content-Type", "text/event-stream");
    http_reply_header(self->http, "Cache-Control", "no-store");
    http_reply_header(self->http, "X-Content-Type-Options", "nosniff");
    http_reply_header(self->http, "X-Accel-Buffering", "no");
    http_stream_start(self->http, on_closed, on_drained, self);
    write_text(self, sse_start(self->moved ? self->cursor : NULL));
    self->moved = false;
}

static void on_message(void *arg, const pia_stream_message_t *message);

static void on_identity(void *arg, const pia_problem_t *problem, const void *token, size_t size)
{
    client_t *self = arg;
    self->asking--;
    if (self->gone) {
        forget(self);
        return;
    }
    if (problem->status != PIA_OK) {
        finish(self, problem);
        return;
    }
    pia_subscribe_t options = {
        .token = token,
        .token_size = size,
        .cursor = self->cursor,
        .filter = self->filter,
        .credit = CREDIT,
    };
    self->written = 0;
    self->renew_ms = pia_clock_monotonic() + RENEW_LOOK_MS;
    feed_place_open(self->place, &options);
    if (self->positioned)
        start(self);
}

/* Opens the stream from where the client is, with a token that is still good. */
static void subscribe(client_t *self)
{
    pia_problem_t none = {.status = PIA_OK};
    self->asking++;
    if (self->key == NULL)
        on_identity(self, &none, NULL, 0);
    else
        auth_ask(self->feed->auth, self->key, on_identity, self);
}

static void move(client_t *self, const char *cursor)
{
    assert(strlen(cursor) < PIA_CURSOR_SIZE);
    memcpy(self->cursor, cursor, strlen(cursor) + 1);
    self->renewed = false;
}

/* The journal is not there: the client is told, and it is asked again from tick. */
static void wait_for_journal(client_t *self)
{
    start(self);
    if (!self->waiting)
        write_text(self, sse_state(false));
    self->waiting = true;
    self->again_ms = pia_clock_monotonic() + AGAIN_MS;
}

/* The journal is there. "From now" becomes a position, so that even a client that has seen nothing
 * resumes there. */
static void go_on(client_t *self, const char *head)
{
    if (strcmp(self->cursor, "head") == 0) {
        move(self, head);
        self->moved = self->positioned = true;
    }
    if (self->waiting)
        write_text(self, sse_state(true));
    self->waiting = false;
    subscribe(self);
}

static void on_head(void *arg, const pia_answer_t *answer)
{
    client_t *self = arg;
    const char *head = pia_json_text(answer->body, "cursor");
    self->asking--;
    if (self->gone)
        forget(self);
    else if (answer->status != PIA_OK || head == NULL || strlen(head) >= PIA_CURSOR_SIZE)
        wait_for_journal(self);
    else
        go_on(self, head);
}

/* Asks where the journal is, and whether it is there at all. */
static void ask_head(client_t *self)
{
    pia_call_t call = {.message = &pia_msg_diffusion_journal_head, .timeout_ms = HEAD_MS};
    json_t *body = json_object();
    self->asking++;
    bus_ask(self->feed->bus, &call, body, on_head, self);
    json_decref(body);
}

static void take_event(client_t *self, const pia_stream_message_t *message)
{
    move(self, message->cursor);
    self->moved = false;
    self->written++;
    self->feed->stats.events++;
    write_text(self, sse_event(message->event));
}

static void take_progress(client_t *self, const pia_stream_message_t *message)
{
    self->moved = strcmp(self->cursor, message->cursor) != 0 || self->moved;
    move(self, message->cursor);
}

static void take_gap(client_t *self, const pia_stream_message_t *message)
{
    move(self, message->cursor);
    write_text(self, sse_gap(message->from, message->cursor, message->problem->detail));
}

static void take_epoch(client_t *self, const pia_stream_message_t *message)
{
    move(self, message->cursor);
    write_text(self, sse_epoch(message->cursor));
    subscribe(self);
}

static void take_error(client_t *self, const pia_stream_message_t *message)
{
    if (message->status == PIA_UNAUTHENTICATED && self->key != NULL && !self->renewed) {
        self->renewed = true;
        auth_forget(self->feed->auth, self->key);
        subscribe(self);
        return;
    }
    finish(self, message->problem);
}

static void on_message(void *arg, const pia_stream_message_t *message)
{
    client_t *self = arg;
    if (message->kind == PIA_STREAM_LOST) {
        self->feed->stats.lost++;
        wait_for_journal(self);
        ask_head(self);
        return;
    }
    if (message->kind == PIA_STREAM_ERROR) {
        take_error(self, message);
        return;
    }
    start(self);
    switch (message->kind) {
    case PIA_STREAM_EVENT:
        take_event(self, message);
        break;
    case PIA_STREAM_PROGRESS:
        take_progress(self, message);
        break;
    case PIA_STREAM_GAP:
        take_gap(self, message);
        break;
    case PIA_STREAM_EPOCH:
        take_epoch(self, message);
        break;
    default:
        break;
    }
}

/* A key that is not good any more ends the stream with its token. */
static void on_renewed(void *arg, const pia_problem_t *problem, const void *token, size_t size)
{
    client_t *self = arg;
    self->asking--;
    if (self->gone)
        forget(self);
    else if (problem->status == PIA_OK)
        feed_place_renew(self->place, token, size);
}

static void renew(client_t *self, int64_t now_ms)
{
    if (self->key == NULL || self->asking || now_ms < self->renew_ms ||
        !feed_place_is_open(self->place))
        return;
    self->renew_ms = now_ms + RENEW_LOOK_MS;
    self->asking++;
    auth_ask(self->feed->auth, self->key, on_renewed, self);
}

static void tick_client(client_t *self, int64_t now_ms)
{
    const feed_options_t *options = &self->feed->options;
    if (self->gone)
        return;
    if (self->waiting && !self->asking && now_ms >= self->again_ms)
        ask_head(self);
    renew(self, now_ms);
    if (!self->started && now_ms - self->opened_ms >= START_MS && feed_place_is_open(self->place))
        start(self);
    if (!self->started)
        return;
    if (http_stream_pending(self->http) > 0 && now_ms - self->drained_ms >= options->stall_ms) {
        self->drained_ms = now_ms;
        self->feed->stats.stalled++;
        http_stream_cut(self->http);
    } else if (now_ms - self->written_ms >= options->heartbeat_ms) {
        write_text(self, sse_heartbeat(self->moved ? self->cursor : NULL));
        self->moved = false;
    }
}

static void on_tick(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    feed_t *feed = arg;
    int64_t now_ms = pia_clock_monotonic();
    client_t *client;
    LIST_FOREACH(client, &feed->clients, link)
    tick_client(client, now_ms);
}

feed_t *feed_new(struct event_base *base, const feed_options_t *options)
{
    feed_t *self = pia_alloc(sizeof *self);
    self->bus = options->bus;
    self->auth = options->auth;
    self->options = *options;
    self->links = feed_links_new(base, options->endpoint);
    LIST_INIT(&self->clients);
    self->timer = timing_every(base, TICK_MS, on_tick, self);
    return self;
}

void feed_destroy(feed_t **feed_p)
{
    feed_t *self = *feed_p;
    *feed_p = NULL;
    if (self == NULL)
        return;
    assert(LIST_EMPTY(&self->clients));
    feed_links_destroy(&self->links);
    event_free(self->timer);
    free(self);
}

void feed_open(feed_t *feed, http_request_t **request_p, const feed_request_t *wanted)
{
    client_t *self = pia_alloc(sizeof *self);
    self->place = feed->draining ? NULL : feed_place_take(feed->links, on_message, self);
    if (self->place == NULL) {
        reply_problem(request_p, 503, "there is no room for another stream", NULL, NULL);
        json_decref(wanted->filter);
        free(self);
        return;
    }
    self->feed = feed;
    self->http = *request_p;
    *request_p = NULL;
    self->filter = wanted->filter;
    self->key = pia_strdup(wanted->key);
    self->opened_ms = self->written_ms = self->drained_ms = pia_clock_monotonic();
    move(self, wanted->cursor);
    LIST_INSERT_HEAD(&feed->clients, self, link);
    feed->stats.clients++;
    feed->stats.opened++;
    ask_head(self);
}

void feed_drain(feed_t *feed)
{
    pia_problem_t problem;
    (void)pia_problem_set(&problem, PIA_UNAVAILABLE, NULL, "the gateway is stopping");
    feed->draining = true;
    client_t *next;
    for (client_t *client = LIST_FIRST(&feed->clients); client != NULL; client = next) {
        next = LIST_NEXT(client, link);
        if (!client->gone)
            finish(client, client->started ? NULL : &problem);
    }
}

const feed_stats_t *feed_stats(const feed_t *feed)
{
    return &feed->stats;
}
