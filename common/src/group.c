/* group.c - a member of a group: the client's side of it (proto/README.md). */
#include "pia/group.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "group_codec.h"
#include "monitor.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "stream_codec.h"

static const char MAGIC[] = "PIAD01";

enum {
    UNSUBSCRIBE = 0x05,
    HEARTBEAT = 0x06,
    RENEW = 0x07,
    JOIN = 0x10,
    ACK = 0x11,
    NACK = 0x12,
    LEAVE = 0x13,
    ERROR = 0x87,
    BEAT = 0x88,
    DISCONNECT = 0x89,
    JOINED = 0x90,
    WORK = 0x91,
    SETTLED = 0x92,
    MOVED = 0x93,
    LEFT = 0x94,
};

enum {
    STREAM = 1, /* the one membership of the connection */
    ACKS_MAX = 1000,
    ACK_SIZE = 16,
    REASON_MAX = 255,
    DELAY_MAX = 3600000,
    BUDGET = 1000,
    LINGER_MS = 1000,
    MESSAGE_MAX = 8 << 20,
    SILENCE_MS = 10000,
    LEASE_DEFAULT_MS = 10000,
    ANSWER_MS = 3000, /* who has not answered a join by then is asked no more */
    PAUSE_MS = 200,   /* before it is tried again */
    ENDPOINT_MAX = 256,
    REFUSALS_MAX = 5,
    RENEW_LOOK_MS = 4000, /* twice in the last 10 s of a token, where another is given */
};

typedef enum {
    MEMBER_AWAY,    /* joins when `again_ms` has come */
    MEMBER_JOINING, /* has asked */
    MEMBER_IN,
    MEMBER_LEAVING,
    MEMBER_OVER, /* refused, or left */
} state_t;

struct pia_member {
    pia_member_options_t options; /* texts and JSON of it are not looked at: they are in `join` */
    json_t *join;
    char home[ENDPOINT_MAX];     /* as given */
    char endpoint[ENDPOINT_MAX]; /* where it is connected */
    void *socket, *monitor;
    state_t state;
    bool leaves;                                   /* was asked to */
    int64_t again_ms, asked_ms, heard_ms, sent_ms; /* monotonic */
    uint8_t acks[ACKS_MAX * ACK_SIZE];
    size_t ack_count;
    size_t unsettled;
    uint64_t token;     /* mark of the last that was shown */
    int64_t renewed_ms; /* monotonic: when another was last looked for */
    int refusals;       /* of joins, one after the other */
    const char *broken; /* why the connection is to be given up; NULL: it is not */
};

static void begin(pia_frames_t *frames, uint8_t command)
{
    pia_frames_init(frames);
    pia_frames_add_text(frames, MAGIC);
    pia_frames_add(frames, &command, 1);
    if (command != HEARTBEAT)
        pia_frame_add32(frames, STREAM);
}

static void send(pia_member_t *member, pia_frames_t *frames)
{
    member->sent_ms = pia_clock_monotonic();
    if (pia_frames_send(frames, member->socket) != PIA_OK)
        member->broken = "the queue is full";
}

static void set_linger(pia_member_t *member, int linger_ms)
{
    int rc = zmq_setsockopt(member->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    assert(rc == 0);
}

/* Goes elsewhere (or to the same place anew) with the same socket; what was queued is dropped. */
static void connect_to(pia_member_t *member, const char *endpoint)
{
    if (member->endpoint[0]) {
        set_linger(member, 0);
        (void)zmq_disconnect(member->socket, member->endpoint);
        set_linger(member, LINGER_MS);
    }
    (void)snprintf(member->endpoint, sizeof member->endpoint, "%s", endpoint);
    (void)zmq_connect(member->socket, member->endpoint); /* a bad endpoint never answers */
    member->heard_ms = pia_clock_monotonic();
    member->broken = NULL;
    member->ack_count = 0;
    member->unsettled = 0;
}

pia_member_t *pia_member_new(const pia_member_options_t *options)
{
    pia_member_t *member = pia_alloc(sizeof *member);
    member->options = *options;
    member->join = pia_join_make(options);
    (void)snprintf(member->home, sizeof member->home, "%s", options->endpoint);
    member->socket = zmq_socket(options->zmq, ZMQ_DEALER);
    assert(member->socket);
    pia_socket_prepare(member->socket, MESSAGE_MAX);
    member->monitor = pia_monitor_new(options->zmq, member->socket);
    connect_to(member, member->home);
    return member;
}

void pia_member_destroy(pia_member_t **member_p)
{
    pia_member_t *member = *member_p;
    if (!member)
        return;
    if (member->state == MEMBER_IN || member->state == MEMBER_LEAVING) {
        pia_frames_t frames;
        pia_member_flush(member);
        begin(&frames, UNSUBSCRIBE);
        send(member, &frames);
    }
    pia_monitor_destroy(&member->monitor, member->socket);
    pia_socket_close(&member->socket, LINGER_MS);
    json_decref(member->join);
    free(member);
    *member_p = NULL;
}

static void tell(pia_member_t *member, const pia_member_message_t *message)
{
    member->options.on_message(member->options.arg, message);
}

static void tell_problem(pia_member_t *member, pia_member_kind_t kind, const pia_problem_t *problem)
{
    pia_member_message_t message = {.kind = kind, .problem = problem};
    tell(member, &message);
}

/* Out of the group; it joins again soon, at `endpoint`. */
static void lose(pia_member_t *member, const pia_problem_t *problem, const char *endpoint)
{
    bool had = member->state == MEMBER_IN || member->state == MEMBER_LEAVING;
    member->state = member->leaves ? MEMBER_OVER : MEMBER_AWAY;
    member->again_ms = pia_clock_monotonic() + PAUSE_MS;
    connect_to(member, endpoint);
    if (had)
        tell_problem(member, PIA_MEMBER_LOST, problem);
    if (member->leaves)
        tell_problem(member, PIA_MEMBER_LEFT, NULL); /* nothing is in its hands */
}

static void give_up(pia_member_t *member, const char *why)
{
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_UNAVAILABLE, NULL, "%s", why);
    lose(member, &problem, member->home);
}

static bool handle_joined(pia_member_t *member, const pia_frames_t *frames)
{
    json_t *json = pia_frame_json(frames, 3);
    if (!json || member->state != MEMBER_JOINING) {
        json_decref(json);
        return false;
    }
    member->state = MEMBER_IN;
    member->refusals = 0;
    pia_member_message_t message = {.kind = PIA_MEMBER_JOINED, .json = json};
    tell(member, &message);
    json_decref(json);
    return true;
}

static bool tell_task(pia_member_t *member, const pia_work_t *work)
{
    char cursor[PIA_CURSOR_SIZE];
    pia_event_t event;
    json_t *json = NULL;
    pia_record_cursor(&work->record, cursor);
    if (!pia_record_event(&work->record, cursor, &event, &json))
        return false;
    const pia_task_t task = {.sequence = work->record.sequence,
                             .fence = work->fence,
                             .attempt = work->attempt,
                             .event = &event};
    pia_member_message_t message = {.kind = PIA_MEMBER_TASK, .task = &task};
    tell(member, &message);
    json_decref(json);
    return true;
}

static bool is_in(const pia_member_t *member)
{
    return member->state == MEMBER_IN || member->state == MEMBER_LEAVING;
}

static bool handle_work(pia_member_t *member, const pia_frames_t *frames)
{
    if (frames->count != 4)
        return false;
    if (!is_in(member))
        return true; /* an earlier connection's */
    const void *items = pia_frames_data(frames, 3);
    size_t size = pia_frames_size(frames, 3);
    size_t offset = 0;
    pia_work_t work;
    while (pia_work_read(items, size, &offset, &work)) {
        if (!tell_task(member, &work))
            return false;
    }
    return offset == size;
}

/* Also of what an earlier connection has sent: such outcomes are fenced, and told. */
static bool handle_settled(pia_member_t *member, const pia_frames_t *frames)
{
    if (frames->count != 4)
        return false;
    const void *outcomes = pia_frames_data(frames, 3);
    size_t size = pia_frames_size(frames, 3);
    size_t offset = 0;
    pia_settled_t settled;
    while (pia_settled_read(outcomes, size, &offset, &settled)) {
        pia_member_message_t message = {.kind = PIA_MEMBER_SETTLED,
                                        .sequence = settled.sequence,
                                        .fence = settled.fence,
                                        .outcome = settled.outcome};
        member->unsettled -= member->unsettled > 0;
        tell(member, &message);
    }
    return offset == size;
}

static bool handle_moved(pia_member_t *member, const pia_frames_t *frames)
{
    json_t *json = pia_frame_json(frames, 3);
    const char *endpoint = pia_json_text(json, "endpoint");
    if (!endpoint || strlen(endpoint) >= ENDPOINT_MAX) {
        json_decref(json);
        return false;
    }
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_UNAVAILABLE, NULL, "Another instance has the group.");
    lose(member, &problem, *endpoint ? endpoint : member->home);
    json_decref(json);
    return true;
}

/* What asking again may change. */
static bool passes(pia_status_t status)
{
    return status == PIA_GONE || status == PIA_UNAVAILABLE || status == PIA_RATE_LIMITED ||
           status == PIA_TIMEOUT || status == PIA_UNAUTHENTICATED;
}

/* A refused join whose place is gone stays so; a lease that ran out is another thing. */
static bool handle_error(pia_member_t *member, const pia_frames_t *frames)
{
    pia_problem_t problem = {0};
    json_t *json = pia_frame_json(frames, 3);
    if (!json)
        return false;
    pia_status_t status = pia_problem_status(json);
    pia_problem_parse(status, json, &problem);
    json_decref(json);
    bool again = is_in(member) || (status != PIA_GONE && ++member->refusals < REFUSALS_MAX);
    if (again && passes(status)) {
        lose(member, &problem, member->home);
        return true;
    }
    member->state = MEMBER_OVER;
    tell_problem(member, PIA_MEMBER_REFUSED, &problem);
    return true;
}

static bool handle_left(pia_member_t *member)
{
    if (member->state != MEMBER_LEAVING)
        return true; /* an earlier connection's */
    member->state = MEMBER_OVER;
    tell_problem(member, PIA_MEMBER_LEFT, NULL);
    return true;
}

/* False: nonsense, or the server has left. */
static bool handle_command(pia_member_t *member, uint8_t command, const pia_frames_t *frames)
{
    switch (command) {
    case BEAT:
        return true;
    case JOINED:
        return handle_joined(member, frames);
    case WORK:
        return handle_work(member, frames);
    case SETTLED:
        return handle_settled(member, frames);
    case MOVED:
        return handle_moved(member, frames);
    case ERROR:
        return handle_error(member, frames);
    case LEFT:
        return handle_left(member);
    case DISCONNECT:
        member->broken = "the server does not know us";
        return true;
    default:
        return false;
    }
}

static bool handle_message(pia_member_t *member, const pia_frames_t *frames)
{
    if (!pia_frames_equal_text(frames, 0, MAGIC) || frames->count < 2 ||
        pia_frames_size(frames, 1) != 1)
        return false;
    member->heard_ms = pia_clock_monotonic();
    return handle_command(member, *(const uint8_t *)pia_frames_data(frames, 1), frames);
}

void pia_member_process(pia_member_t *member)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    for (int i = 0; i < BUDGET; i++) {
        pia_status_t status = pia_frames_recv(&frames, member->socket);
        if (status == PIA_TIMEOUT || status == PIA_UNAVAILABLE)
            break;
        if (!member->broken && member->state != MEMBER_OVER &&
            (status != PIA_OK || !handle_message(member, &frames)))
            member->broken = "the server makes no sense";
        pia_frames_clear(&frames);
    }
    pia_member_flush(member);
}

void pia_member_flush(pia_member_t *member)
{
    if (!member->ack_count)
        return;
    pia_frames_t frames;
    begin(&frames, ACK);
    pia_frames_add(&frames, member->acks, member->ack_count * ACK_SIZE);
    member->ack_count = 0;
    send(member, &frames);
}

void pia_member_ack(pia_member_t *member, uint64_t sequence, uint64_t fence)
{
    if (!is_in(member))
        return; /* it was told that it has lost it */
    member->unsettled++;
    pia_ack_write(member->acks + member->ack_count++ * ACK_SIZE, sequence, fence);
    if (member->ack_count == ACKS_MAX)
        pia_member_flush(member);
}

void pia_member_nack(
    pia_member_t *member, uint64_t sequence, uint64_t fence, uint32_t delay_ms, const char *reason)
{
    pia_problem_t cut; /* at the border of a character */
    pia_frames_t frames;
    if (!is_in(member))
        return;
    (void)pia_problem_set(&cut, PIA_OK, NULL, "%s", reason);
    json_t *text = json_string(cut.detail);
    member->unsettled++;
    pia_member_flush(member);
    begin(&frames, NACK);
    pia_frame_add64(&frames, sequence);
    pia_frame_add64(&frames, fence);
    pia_frame_add32(&frames, delay_ms < DELAY_MAX ? delay_ms : DELAY_MAX);
    pia_frames_add_text(&frames, text ? cut.detail : ""); /* no UTF-8: no reason */
    json_decref(text);
    send(member, &frames);
}

void pia_member_leave(pia_member_t *member)
{
    member->leaves = true;
    if (member->state != MEMBER_IN)
        return; /* the next tick sees to it */
    pia_frames_t frames;
    pia_member_flush(member);
    begin(&frames, LEAVE);
    send(member, &frames);
    member->state = MEMBER_LEAVING;
}

size_t pia_member_unsettled(const pia_member_t *member)
{
    return member->unsettled;
}

void *pia_member_socket(pia_member_t *member)
{
    return member->socket;
}

static void ask(pia_member_t *member, int64_t now)
{
    uint8_t token[PIA_TOKEN_MAX];
    size_t size = member->options.token(member->options.arg, token);
    member->again_ms = now + PAUSE_MS;
    if (!size || member->state != MEMBER_AWAY)
        return; /* none now; or it was ended meanwhile */
    char *text = json_dumps(member->join, JSON_COMPACT);
    pia_frames_t frames;
    begin(&frames, JOIN);
    pia_frames_add(&frames, token, size);
    pia_frames_add_text(&frames, text);
    free(text);
    member->state = MEMBER_JOINING;
    member->token = pia_token_mark(token, size);
    member->renewed_ms = now;
    member->asked_ms = member->heard_ms = now;
    send(member, &frames);
}

/* At least three signs of life in a lease. */
static int64_t beat_ms(const pia_member_t *member)
{
    int64_t lease = member->options.lease_ms ? member->options.lease_ms : LEASE_DEFAULT_MS;
    return lease / 5 < 2000 ? lease / 5 : 2000;
}

static void look(pia_member_t *member, int64_t now)
{
    if (pia_monitor_lost(member->monitor) && member->state != MEMBER_AWAY)
        member->broken = "the connection was lost";
    if (member->state != MEMBER_AWAY && now - member->heard_ms > SILENCE_MS)
        member->broken = "the server is silent";
    if (member->state == MEMBER_JOINING && now - member->asked_ms > ANSWER_MS)
        member->broken = "the join is not answered";
}

/* Shows another token, if there is one: a membership ends with its token. */
static void renew(pia_member_t *member, int64_t now)
{
    uint8_t token[PIA_TOKEN_MAX];
    if (!is_in(member) || now - member->renewed_ms < RENEW_LOOK_MS)
        return;
    member->renewed_ms = now;
    size_t size = member->options.token(member->options.arg, token);
    if (!size || pia_token_mark(token, size) == member->token)
        return;
    pia_frames_t frames;
    begin(&frames, RENEW);
    pia_frames_add(&frames, token, size);
    member->token = pia_token_mark(token, size);
    send(member, &frames);
}

void pia_member_tick(pia_member_t *member)
{
    int64_t now = pia_clock_monotonic();
    if (member->state == MEMBER_OVER)
        return;
    look(member, now);
    renew(member, now);
    if (member->broken) {
        give_up(member, member->broken);
    } else if (member->leaves && member->state != MEMBER_LEAVING) {
        if (member->state == MEMBER_IN)
            pia_member_leave(member);
        else
            give_up(member, "it leaves");
    } else if (member->state == MEMBER_AWAY && now >= member->again_ms) {
        ask(member, now);
    } else if (member->state != MEMBER_AWAY && now - member->sent_ms >= beat_ms(member)) {
        pia_frames_t frames;
        begin(&frames, HEARTBEAT);
        send(member, &frames);
    }
}
