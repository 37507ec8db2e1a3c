/* control.c - the worker's side of PIAW01, for one session with short answers. */
#include "control.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "timing.h"
#include "zmq_event.h"

static const char MAGIC[] = "PIAW01";

enum { READY = 1, REQUEST = 2, FINAL = 4, HEARTBEAT = 5, DISCONNECT = 6 };
enum { HEARTBEAT_MS = 1000, SILENCE_MS = 5000, TICK_MS = 200, BUDGET = 100, MESSAGE_MAX = 2 << 20 };
enum { BACK_OFF_MS = 200, BACK_OFF_MAX_MS = 5000, LINGER_MS = 1000 };

struct control {
    struct event_base *base; /* not owned */
    control_options_t options;
    char *endpoint, *name;
    void *socket; /* NULL while waiting to connect again */
    zmq_event_t *readable;
    struct event *timer;
    int64_t heard_ms, sent_ms; /* monotonic */
    int64_t again_ms;          /* when to connect, while there is no socket */
    int64_t back_off_ms;
    unsigned connection; /* how many there were */
    bool connected;      /* the broker has said something */
    bool lost;           /* to be closed when the present round is over */
};

static void begin(pia_frames_t *frames, uint8_t command)
{
    pia_frames_init(frames);
    pia_frames_add_text(frames, MAGIC);
    pia_frames_add(frames, &command, 1);
}

static void send_frames(control_t *self, pia_frames_t *frames)
{
    self->sent_ms = pia_clock_monotonic();
    if (pia_frames_send(frames, self->socket) != PIA_OK)
        self->lost = true;
    zmq_event_look(self->readable);
}

static void send_answer(control_t *self, zmq_msg_t *client, pia_frames_t *body)
{
    pia_frames_t frames;
    begin(&frames, FINAL);
    pia_frames_add_message(&frames, client);
    pia_frames_add_empty(&frames);
    for (size_t i = 0; i < body->count; i++)
        pia_frames_add_message(&frames, &body->frame[i]);
    send_frames(self, &frames);
}

static void answer(control_t *self, pia_frames_t *request)
{
    pia_frames_t body;
    pia_frames_init(&body);
    if (self->options.answer(self->options.arg, request, &body))
        send_answer(self, &request->frame[CONTROL_CLIENT], &body);
    pia_frames_clear(&body);
}

static void take(control_t *self, pia_frames_t *message)
{
    if (message->count < 2 || !pia_frames_equal_text(message, 0, MAGIC) ||
        pia_frames_size(message, 1) != 1)
        return;
    self->heard_ms = pia_clock_monotonic();
    uint8_t command = *(const uint8_t *)pia_frames_data(message, 1);
    if (command == DISCONNECT) {
        self->lost = true;
        return;
    }
    self->connected = true;
    self->back_off_ms = BACK_OFF_MS;
    if (command == REQUEST && message->count > CONTROL_BODY)
        answer(self, message);
}

static void on_readable(void *arg)
{
    control_t *self = arg;
    pia_frames_t message;
    pia_frames_init(&message);
    for (int i = 0; i < BUDGET && !self->lost; i++) {
        pia_status_t status = pia_frames_recv(&message, self->socket);
        if (status == PIA_TIMEOUT || status == PIA_UNAVAILABLE)
            break;
        if (status == PIA_OK)
            take(self, &message);
        pia_frames_clear(&message);
    }
}

static void connect_socket(control_t *self)
{
    self->socket = zmq_socket(self->options.zmq, ZMQ_DEALER);
    assert(self->socket != NULL);
    pia_socket_prepare(self->socket, MESSAGE_MAX);
    if (zmq_connect(self->socket, self->endpoint) != 0)
        pia_log(PIA_LOG_ERROR, "no broker at %s: %s", self->endpoint, zmq_strerror(zmq_errno()));
    self->readable = zmq_event_new(self->base, self->socket, on_readable, self);
    self->connection++;
    self->lost = false;
    self->connected = false;
    self->heard_ms = pia_clock_monotonic();
    pia_frames_t ready;
    begin(&ready, READY);
    pia_frames_add_text(&ready, self->name);
    pia_frames_add_text(&ready, "{\"window\":16,\"version\":\"" PIA_VERSION "\"}");
    send_frames(self, &ready);
}

static void close_socket(control_t *self, int linger_ms)
{
    zmq_event_destroy(&self->readable);
    pia_socket_close(&self->socket, linger_ms);
}

static void lose(control_t *self)
{
    pia_log(self->connected ? PIA_LOG_WARN : PIA_LOG_DEBUG, "session %s: lost", self->name);
    close_socket(self, 0);
    self->connected = false;
    self->again_ms = pia_clock_monotonic() + self->back_off_ms;
    self->back_off_ms *= 2;
    if (self->back_off_ms > BACK_OFF_MAX_MS)
        self->back_off_ms = BACK_OFF_MAX_MS;
}

static void on_timer(evutil_socket_t descriptor, short what, void *arg)
{
    (void)descriptor;
    (void)what;
    control_t *self = arg;
    int64_t now_ms = pia_clock_monotonic();
    if (self->socket == NULL && now_ms >= self->again_ms) {
        connect_socket(self);
    } else if (self->socket != NULL && (self->lost || now_ms - self->heard_ms > SILENCE_MS)) {
        lose(self);
    } else if (self->socket != NULL && now_ms - self->sent_ms >= HEARTBEAT_MS) {
        pia_frames_t beat;
        begin(&beat, HEARTBEAT);
        send_frames(self, &beat);
    }
}

control_t *control_new(struct event_base *base, const control_options_t *options)
{
    control_t *self = pia_alloc(sizeof *self);
    self->base = base;
    self->options = *options;
    self->endpoint = pia_strdup(options->endpoint);
    self->name = pia_strdup(options->name);
    self->back_off_ms = BACK_OFF_MS;
    self->timer = timing_every(base, TICK_MS, on_timer, self);
    connect_socket(self);
    return self;
}

void control_destroy(control_t **control_p)
{
    control_t *self = *control_p;
    *control_p = NULL;
    if (self == NULL)
        return;
    if (self->socket != NULL) {
        pia_frames_t leave;
        begin(&leave, DISCONNECT);
        send_frames(self, &leave);
        close_socket(self, LINGER_MS);
    }
    event_free(self->timer);
    free(self->endpoint);
    free(self->name);
    free(self);
}

bool control_is_connected(const control_t *control)
{
    return control->connected;
}

unsigned control_connection(const control_t *control)
{
    return control->connection;
}

void control_reply(control_t *control, unsigned connection, zmq_msg_t *client, pia_frames_t *body)
{
    if (control->socket != NULL && connection == control->connection)
        send_answer(control, client, body);
    (void)zmq_msg_close(client);
    pia_frames_clear(body);
}
