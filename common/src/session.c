/* session.c - the worker's side of PIAW01. */
#include "session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "pia/uuid.h"

static const char MAGIC[] = "PIAW01";

enum { READY = 1, REQUEST = 2, FINAL = 4, HEARTBEAT = 5, DISCONNECT = 6 };

enum {
    HEARTBEAT_MS = 900,
    SILENCE_MS = 5000, /* a broker that says nothing for so long is lost */
    TIMER_MS = 100,
    BACK_OFF_MS = 100, /* before a new session, doubling, with jitter */
    BACK_OFF_MAX_MS = 5000,
    LINGER_ALONE_MS = 100, /* for a broker that was not heard of */
    BUDGET = 1000,         /* messages a round */
    MESSAGE_MAX = 2 << 20,
};

typedef enum { CONNECTED, WAITING, LEAVING, LEFT } state_t;

struct pia_session {
    pia_session_options_t options; /* texts owned */
    void *socket;                  /* NULL while waiting */
    void *monitor;                 /* of the socket */
    int timer_id;
    state_t state;
    uint64_t generation;
    int64_t heard_ms, sent_ms; /* monotonic */
    int64_t again_ms;          /* when to connect again, in state WAITING */
    int64_t back_off_ms;
    bool welcome; /* the broker has said something since READY */
};

static void process(void *arg);

static void begin(pia_frames_t *frames, uint8_t command)
{
    pia_frames_init(frames);
    pia_frames_add_text(frames, MAGIC);
    pia_frames_add(frames, &command, 1);
}

static void send(pia_session_t *session, pia_frames_t *frames)
{
    session->sent_ms = pia_clock_monotonic();
    if (pia_frames_send(frames, session->socket) != PIA_OK)
        pia_log(PIA_LOG_WARN, "the queue to the broker is full: a message was dropped");
}

static void send_ready(pia_session_t *session)
{
    char window[64];
    (void)snprintf(window, sizeof window, "{\"window\":%d,\"version\":\"%s\"}",
                   session->options.window, PIA_VERSION);
    pia_frames_t frames;
    begin(&frames, READY);
    pia_frames_add_text(&frames, session->options.name);
    pia_frames_add_text(&frames, window);
    send(session, &frames);
}

static void send_bare(pia_session_t *session, uint8_t command)
{
    pia_frames_t frames;
    begin(&frames, command);
    send(session, &frames);
}

/* A new socket, as 18/MDP asks for: READY waits in its queue until the broker is there. */
static void connect_session(pia_session_t *session)
{
    session->socket = zmq_socket(session->options.zmq, ZMQ_DEALER);
    assert(session->socket);
    pia_socket_prepare(session->socket, MESSAGE_MAX);
    session->monitor = pia_monitor_new(session->options.zmq, session->socket);
    if (zmq_connect(session->socket, session->options.endpoint) != 0)
        pia_log(PIA_LOG_ERROR, "no broker at %s: %s", session->options.endpoint,
                zmq_strerror(zmq_errno()));
    session->generation++;
    session->state = CONNECTED;
    session->welcome = false;
    session->heard_ms = pia_clock_monotonic();
    pia_loop_add_socket(session->options.loop, session->socket, process, session);
    send_ready(session);
}

static void close_socket(pia_session_t *session, int linger_ms)
{
    if (!session->socket)
        return;
    pia_loop_remove_socket(session->options.loop, session->socket);
    pia_monitor_destroy(&session->monitor, session->socket);
    pia_socket_close(&session->socket, linger_ms);
}

/* Half of the time is random, so that many workers do not come back in step. */
static int64_t jitter(int64_t time_ms)
{
    uint8_t uuid[PIA_UUID_SIZE];
    pia_uuid7(uuid);
    return time_ms / 2 + (uuid[14] << 8 | uuid[15]) % (time_ms / 2 + 1);
}

static void lose(pia_session_t *session, const char *why)
{
    pia_log(session->welcome ? PIA_LOG_WARN : PIA_LOG_DEBUG, "session %s: %s",
            session->options.name, why);
    close_socket(session, 0);
    if (session->welcome)
        session->back_off_ms = BACK_OFF_MS;
    session->state = WAITING;
    session->again_ms = pia_clock_monotonic() + jitter(session->back_off_ms);
    session->back_off_ms *= 2;
    if (session->back_off_ms > BACK_OFF_MAX_MS)
        session->back_off_ms = BACK_OFF_MAX_MS;
}

static void handle_disconnect(pia_session_t *session)
{
    if (session->state == LEAVING)
        session->state = LEFT;
    else if (session->state == CONNECTED)
        lose(session, "the broker said DISCONNECT");
}

static bool is_request(const pia_frames_t *message)
{
    return message->count > PIA_SESSION_BODY && pia_frames_size(message, 2) > 0 &&
           pia_frames_size(message, 3) == 0;
}

static void handle_message(pia_session_t *session, pia_frames_t *message)
{
    if (!pia_frames_equal_text(message, 0, MAGIC) || message->count < 2 ||
        pia_frames_size(message, 1) != 1)
        return;
    session->heard_ms = pia_clock_monotonic();
    uint8_t command = *(const uint8_t *)pia_frames_data(message, 1);
    if (command == DISCONNECT) {
        handle_disconnect(session);
        return;
    }
    session->welcome = true;
    if (command == REQUEST && is_request(message))
        session->options.on_request(session->options.arg, session, message);
}

static void process(void *arg)
{
    pia_session_t *session = arg;
    pia_frames_t message;
    pia_frames_init(&message);
    for (int i = 0; i < BUDGET && session->socket; i++) {
        pia_status_t status = pia_frames_recv(&message, session->socket);
        if (status == PIA_TIMEOUT || status == PIA_UNAVAILABLE)
            break;
        if (status == PIA_OK)
            handle_message(session, &message);
        pia_frames_clear(&message);
    }
}

/* A connection that is gone is not waited for: a new session's READY is there when the broker is.
 */
static void check_connection(pia_session_t *session, int64_t now)
{
    const char *why = NULL;
    if (pia_monitor_lost(session->monitor))
        why = "the connection was lost";
    else if (now - session->heard_ms > SILENCE_MS)
        why = "the broker is silent";
    if (why && session->state == CONNECTED)
        lose(session, why);
    else if (why && session->state == LEAVING)
        session->state = LEFT;
}

static void tick(void *arg)
{
    pia_session_t *session = arg;
    int64_t now = pia_clock_monotonic();
    if (session->state == WAITING && now >= session->again_ms)
        connect_session(session);
    check_connection(session, now);
    if ((session->state == CONNECTED || session->state == LEAVING) &&
        now - session->sent_ms >= HEARTBEAT_MS)
        send_bare(session, HEARTBEAT);
}

pia_session_t *pia_session_new(const pia_session_options_t *options)
{
    pia_session_t *session = pia_alloc(sizeof *session);
    session->options = *options;
    session->options.endpoint = pia_strdup(options->endpoint);
    session->options.name = pia_strdup(options->name);
    session->back_off_ms = BACK_OFF_MS;
    session->timer_id = pia_loop_add_timer(options->loop, TIMER_MS, tick, session);
    connect_session(session);
    return session;
}

void pia_session_destroy(pia_session_t **session_p, int linger_ms)
{
    pia_session_t *session = *session_p;
    if (!session)
        return;
    pia_loop_remove_timer(session->options.loop, session->timer_id);
    bool in_touch = session->welcome && pia_clock_monotonic() - session->heard_ms < SILENCE_MS / 2;
    close_socket(session, in_touch ? linger_ms : LINGER_ALONE_MS);
    free((void *)session->options.endpoint);
    free((void *)session->options.name);
    free(session);
    *session_p = NULL;
}

uint64_t pia_session_generation(const pia_session_t *session)
{
    return session->generation;
}

void pia_session_answer(pia_session_t *session,
                        uint64_t generation,
                        zmq_msg_t *client,
                        pia_frames_t *body)
{
    if (session->socket && generation == session->generation) {
        pia_frames_t frames;
        begin(&frames, FINAL);
        pia_frames_add_message(&frames, client);
        pia_frames_add_empty(&frames);
        for (size_t i = 0; i < body->count; i++)
            pia_frames_add_message(&frames, &body->frame[i]);
        send(session, &frames);
    }
    pia_frames_clear(body);
    zmq_msg_close(client);
}

void pia_session_leave(pia_session_t *session)
{
    if (session->state == CONNECTED) {
        send_bare(session, DISCONNECT);
        session->state = session->welcome ? LEAVING : LEFT;
    } else if (session->state == WAITING) {
        session->state = LEFT;
    }
}

bool pia_session_has_left(const pia_session_t *session)
{
    return session->state == LEFT;
}
