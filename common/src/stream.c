/* stream.c - the client's side of PIAD01 (proto/README.md). */
#include "pia/stream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/link.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "stream_codec.h"
#include "stream_private.h"
#include "stream_ranges.h"

static const char MAGIC[] = "PIAD01";

enum {
    HELLO = 0x01,
    PUBLISH = 0x02,
    SUBSCRIBE = 0x03,
    CREDIT = 0x04,
    UNSUBSCRIBE = 0x05,
    HEARTBEAT = 0x06,
    RENEW = 0x07,
    WELCOME = 0x81,
    RECEIPT = 0x82,
    DATA = 0x83,
    PROGRESS = 0x84,
    GAP = 0x85,
    EPOCH = 0x86,
    ERROR = 0x87,
    BEAT = 0x88,
    DISCONNECT = 0x89,
    REFUSED = 0x8A,
};

enum {
    HEARTBEAT_MS = 2000,
    SILENCE_MS = 10000,
    LOST_PAUSE_MS = 200, /* a server that keeps sending us away is not stormed */
    BUDGET = 1000,       /* messages a round, and those that were read along with the last */
    HELD_MAX = 64,       /* that wait while messages are handled */
    RECONNECT_MS = 200,  /* doubling up to the next */
    RECONNECT_MAX_MS = 10000,
    MESSAGE_MAX = 8 << 20, /* of what the server sends in one frame */
    TOKEN_MAX = 1024,
};

struct pia_stream {
    char *endpoint;
    pia_link_t *link;
    int epoll;                      /* of the link's socket, whichever it is */
    bool watched;                   /* by it */
    bool waits;                     /* for that to be writable */
    unsigned attempt;               /* which of the journal's addresses */
    int64_t again_ms, pause_ms;     /* when to connect, if the link is not attached (monotonic) */
    int64_t heard_ms, sent_ms;      /* monotonic */
    int64_t lost_ms;                /* when the connection was last given up */
    bool welcome;                   /* the server has said something on this connection */
    bool reading;                   /* what is sent is written when that is over */
    size_t held;                    /* sent since something was written */
    const char *broken;             /* why it is to be given up; NULL: it is not */
    pia_backed_up_fn *on_backed_up; /* NULL: nobody asks */
    void *backed_up_arg;
    pia_subscriptions_t subscriptions;
};

static void begin(pia_frames_t *frames, uint8_t command)
{
    pia_frames_init(frames);
    pia_frames_add_text(frames, MAGIC);
    pia_frames_add(frames, &command, 1);
}

static void watch(pia_stream_t *stream, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events};
    int rc = epoll_ctl(stream->epoll, operation, pia_link_descriptor(stream->link), &event);
    assert(rc == 0);
    stream->watched = operation != EPOLL_CTL_DEL;
    stream->waits = (events & EPOLLOUT) != 0;
}

/* The socket is gone. What waits is kept if nothing of it can have been read: the server was not
 * there yet. */
static void fail(pia_stream_t *stream)
{
    if (pia_link_is_open(stream->link)) {
        stream->broken = "the connection was lost";
        return;
    }
    pia_link_detach(stream->link);
    stream->watched = stream->waits = false;
    stream->attempt++;
    stream->again_ms = pia_clock_monotonic() + stream->pause_ms;
    stream->pause_ms *= 2;
    if (stream->pause_ms > RECONNECT_MAX_MS)
        stream->pause_ms = RECONNECT_MAX_MS;
}

static void write_out(pia_stream_t *stream)
{
    stream->held = 0;
    if (pia_link_descriptor(stream->link) < 0 || stream->broken)
        return;
    if (!pia_link_flush(stream->link)) {
        fail(stream);
        return;
    }
    bool waits = pia_link_is_blocked(stream->link);
    if (waits != stream->waits)
        watch(stream, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void connect_link(pia_stream_t *stream)
{
    int descriptor = pia_link_connect(stream->endpoint, stream->attempt);
    if (descriptor < 0) {
        fail(stream);
        return;
    }
    pia_link_attach(stream->link, descriptor);
    watch(stream, EPOLL_CTL_ADD, EPOLLIN);
    write_out(stream);
}

static void send(pia_stream_t *stream, pia_frames_t *frames)
{
    stream->sent_ms = pia_clock_monotonic();
    if (pia_link_send(stream->link, frames, 0) != PIA_OK)
        stream->broken = "the queue is full"; /* what was asked is lost */
    if (!stream->reading || ++stream->held >= HELD_MAX)
        write_out(stream);
}

/* Connects and says HELLO, which waits in the queue until the server is there. */
static void connect_stream(pia_stream_t *stream)
{
    stream->link = pia_link_new(PIA_LINK_DEALER, MESSAGE_MAX);
    stream->watched = stream->waits = false;
    stream->pause_ms = RECONNECT_MS;
    stream->heard_ms = pia_clock_monotonic();
    stream->broken = NULL;
    connect_link(stream);
    pia_frames_t hello;
    begin(&hello, HELLO);
    send(stream, &hello);
}

pia_stream_t *pia_stream_new(const char *endpoint, pia_stream_fn *on_message, void *arg)
{
    pia_stream_t *stream = pia_alloc(sizeof *stream);
    stream->endpoint = pia_strdup(endpoint);
    stream->subscriptions = (pia_subscriptions_t){.on_message = on_message, .arg = arg};
    stream->epoll = epoll_create1(EPOLL_CLOEXEC);
    assert(stream->epoll >= 0);
    connect_stream(stream);
    return stream;
}

void pia_stream_destroy(pia_stream_t **stream_p)
{
    pia_stream_t *stream = *stream_p;
    if (!stream)
        return;
    write_out(stream);
    pia_link_destroy(&stream->link);
    (void)close(stream->epoll);
    free(stream->endpoint);
    free(stream);
    *stream_p = NULL;
}

void pia_stream_subscribe(pia_stream_t *stream, uint32_t id, const pia_subscribe_t *options)
{
    assert(options->token_size <= TOKEN_MAX);
    assert(options->credit >= 1 && options->credit <= 65535);
    pia_subscriptions_add(&stream->subscriptions, id, options->raw);
    pia_subscriptions_find(&stream->subscriptions, id)->token =
        pia_token_mark(options->token, options->token_size);
    json_t *filter = options->filter ? (json_t *)options->filter : NULL;
    json_t *json =
        json_pack("{s:s,s:i}", "cursor", options->cursor, "credit", (int)options->credit);
    assert(json);
    if (filter)
        json_object_set(json, "filter", filter);
    char *text = json_dumps(json, JSON_COMPACT);
    pia_frames_t frames;
    begin(&frames, SUBSCRIBE);
    pia_frame_add32(&frames, id);
    pia_frames_add(&frames, options->token, options->token_size);
    pia_frames_add_text(&frames, text);
    send(stream, &frames);
    free(text);
    json_decref(json);
}

void pia_stream_unsubscribe(pia_stream_t *stream, uint32_t id)
{
    if (!pia_subscriptions_remove(&stream->subscriptions, id))
        return;
    pia_frames_t frames;
    begin(&frames, UNSUBSCRIBE);
    pia_frame_add32(&frames, id);
    send(stream, &frames);
}

void pia_stream_renew(pia_stream_t *stream, uint32_t id, const void *token, size_t size)
{
    pia_subscription_t *subscription = pia_subscriptions_find(&stream->subscriptions, id);
    uint64_t mark = pia_token_mark(token, size);
    if (!subscription || size == 0 || subscription->token == mark)
        return;
    subscription->token = mark;
    pia_frames_t frames;
    begin(&frames, RENEW);
    pia_frame_add32(&frames, id);
    pia_frames_add(&frames, token, size);
    send(stream, &frames);
}

void pia_stream_credit(pia_stream_t *stream, uint32_t id, uint32_t events)
{
    if (!pia_subscriptions_find(&stream->subscriptions, id) || events == 0)
        return;
    pia_frames_t frames;
    begin(&frames, CREDIT);
    pia_frame_add32(&frames, id);
    pia_frame_add32(&frames, events);
    send(stream, &frames);
}

void pia_stream_publish_message(pia_stream_t *stream,
                                uint64_t request,
                                const void *token,
                                size_t token_size,
                                const char *after,
                                zmq_msg_t *events)
{
    assert(zmq_msg_size(events) > 0 && token_size <= TOKEN_MAX);
    pia_frames_t frames;
    begin(&frames, PUBLISH);
    pia_frame_add64(&frames, request);
    pia_frames_add(&frames, token, token_size);
    if (after && after[0])
        pia_frames_add(&frames, after, strlen(after));
    pia_frames_add_message(&frames, events);
    send(stream, &frames);
}

int pia_stream_descriptor(const pia_stream_t *stream)
{
    return stream->epoll;
}

static void tell(pia_stream_t *stream, const pia_stream_message_t *message)
{
    stream->subscriptions.on_message(stream->subscriptions.arg, message);
}

/* Gives the connection up and begins another, on which the receiver can subscribe at once. */
static void lose(pia_stream_t *stream, const char *why)
{
    pia_log(stream->welcome ? PIA_LOG_WARN : PIA_LOG_DEBUG,
            "the connection to the journal was given up: %s", why);
    stream->welcome = false;
    pia_subscriptions_clear(&stream->subscriptions);
    stream->lost_ms = pia_clock_monotonic();
    pia_link_destroy(&stream->link); /* what was queued is dropped */
    connect_stream(stream);
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_UNAVAILABLE, NULL, "%s", why);
    pia_stream_message_t message = {
        .kind = PIA_STREAM_LOST, .status = PIA_UNAVAILABLE, .problem = &problem};
    tell(stream, &message);
}

void pia_stream_on_backed_up(pia_stream_t *stream, pia_backed_up_fn *fn, void *arg)
{
    stream->on_backed_up = fn;
    stream->backed_up_arg = arg;
}

static bool handle_welcome(pia_stream_t *stream, const pia_frames_t *frames)
{
    json_t *json = pia_frame_json(frames, 2);
    const json_t *member = json_object_get(json, "backed_up");
    const char *cursor = json_string_value(member);
    bool good = json && (!member || (cursor && pia_cursor_is(cursor, strlen(cursor))));
    if (good && cursor && stream->on_backed_up)
        stream->on_backed_up(stream->backed_up_arg, cursor);
    json_decref(json);
    return good;
}

static bool handle_receipt(pia_stream_t *stream, const pia_frames_t *frames)
{
    char journal[PIA_UUID_TEXT_SIZE];
    pia_stream_message_t message = {.kind = PIA_STREAM_RECEIPT, .journal = journal};
    pia_stream_receipt_t *receipts = pia_receipts_read(frames, 3, journal, &message.receipt_count);
    message.receipts = receipts;
    bool good = receipts && pia_frame_read64(frames, 2, &message.request);
    if (good)
        tell(stream, &message);
    free(receipts);
    return good;
}

static bool handle_refused(pia_stream_t *stream, const pia_frames_t *frames)
{
    pia_problem_t problem = {0};
    json_t *json = pia_frame_json(frames, 3);
    pia_stream_message_t message = {.kind = PIA_STREAM_RECEIPT,
                                    .json = json,
                                    .status = pia_problem_status(json),
                                    .problem = &problem};
    bool good = json && message.status != PIA_OK && pia_frame_read64(frames, 2, &message.request);
    pia_problem_parse(message.status, json, &problem);
    if (good)
        tell(stream, &message);
    json_decref(json);
    return good;
}

/* The stream ends here: the receiver subscribes again from the common position. */
static bool handle_epoch(pia_stream_t *stream, const pia_frames_t *frames)
{
    char common[PIA_CURSOR_SIZE];
    pia_stream_message_t message = {.kind = PIA_STREAM_EPOCH, .cursor = common};
    json_t *json = pia_frame_json(frames, 4);
    if (!json || !pia_frame_read32(frames, 2, &message.stream) ||
        !pia_cursor_read(frames, 3, common)) {
        json_decref(json);
        return false;
    }
    if (pia_subscriptions_remove(&stream->subscriptions, message.stream)) {
        message.json = json;
        tell(stream, &message);
    }
    json_decref(json);
    return true;
}

static bool handle_error(pia_stream_t *stream, const pia_frames_t *frames)
{
    pia_stream_message_t message = {.kind = PIA_STREAM_ERROR};
    json_t *json = pia_frame_json(frames, 3);
    if (!json || !pia_frame_read32(frames, 2, &message.stream)) {
        json_decref(json);
        return false;
    }
    pia_problem_t problem = {0};
    message.status = pia_problem_status(json);
    pia_problem_parse(message.status, json, &problem);
    message.problem = &problem;
    message.json = json;
    if (pia_subscriptions_remove(&stream->subscriptions, message.stream) || message.stream == 0)
        tell(stream, &message);
    json_decref(json);
    return true;
}

/* False: nonsense, or the server has left. */
static bool handle_command(pia_stream_t *stream, uint8_t command, const pia_frames_t *frames)
{
    switch (command) {
    case WELCOME:
        return handle_welcome(stream, frames);
    case BEAT:
        return true;
    case RECEIPT:
        return handle_receipt(stream, frames);
    case REFUSED:
        return handle_refused(stream, frames);
    case DATA:
        return pia_subscriptions_data(&stream->subscriptions, frames);
    case PROGRESS:
        return pia_subscriptions_progress(&stream->subscriptions, frames);
    case GAP:
        return pia_subscriptions_gap(&stream->subscriptions, frames);
    case EPOCH:
        return handle_epoch(stream, frames);
    case ERROR:
        return handle_error(stream, frames);
    case DISCONNECT:
        stream->broken = "the server leaves";
        return true;
    default:
        return false;
    }
}

static bool handle_message(pia_stream_t *stream, const pia_frames_t *frames)
{
    if (!pia_frames_equal_text(frames, 0, MAGIC) || frames->count < 2 ||
        pia_frames_size(frames, 1) != 1)
        return false;
    stream->heard_ms = pia_clock_monotonic();
    stream->welcome = true;
    return handle_command(stream, *(const uint8_t *)pia_frames_data(frames, 1), frames);
}

/* What was read from the socket is handled to its end, as the descriptor does not tell of it; of
 * what is still in the socket it does. */
static void read_in(pia_stream_t *stream)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_link_wake(stream->link);
    for (int i = 0; !stream->broken; i++) {
        if (i == BUDGET)
            pia_link_pause(stream->link);
        pia_status_t status = pia_link_recv(stream->link, &frames);
        if (status == PIA_TIMEOUT)
            return;
        if (status == PIA_UNAVAILABLE) {
            fail(stream);
            return;
        }
        if (status != PIA_OK || !handle_message(stream, &frames))
            stream->broken = "the server makes no sense";
        pia_frames_clear(&frames);
    }
}

void pia_stream_process(pia_stream_t *stream)
{
    if (pia_link_descriptor(stream->link) < 0)
        return;
    stream->reading = true;
    read_in(stream);
    stream->reading = false;
    write_out(stream);
    if (stream->broken && stream->watched)
        watch(stream, EPOLL_CTL_DEL, 0); /* it is given up in the next tick */
}

void pia_stream_tick(pia_stream_t *stream)
{
    int64_t now = pia_clock_monotonic();
    if (pia_link_descriptor(stream->link) < 0 && now >= stream->again_ms)
        connect_link(stream);
    if (now - stream->heard_ms > SILENCE_MS)
        stream->broken = "the server is silent";
    if (stream->broken) {
        if (now - stream->lost_ms >= LOST_PAUSE_MS)
            lose(stream, stream->broken);
    } else if (now - stream->sent_ms >= HEARTBEAT_MS) {
        pia_frames_t frames;
        begin(&frames, HEARTBEAT);
        send(stream, &frames);
    }
}
