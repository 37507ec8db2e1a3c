/* live.c - the live feed. */
#include "live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pia/frames.h"
#include "pia/memory.h"

enum { BUDGET = 1000 };

struct live {
    void *socket;
    bool heard;                /* somebody has subscribed since we are there */
    bool quiet;                /* nothing was sent since the last tick */
    live_counters_t *counters; /* not owned */
};

pia_status_t live_new(void *zmq,
                      const char *endpoint,
                      live_counters_t *counters,
                      live_t **ret_live,
                      pia_problem_t *problem)
{
    int manual = 1;
    void *socket = zmq_socket(zmq, ZMQ_XPUB);
    if (!socket)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "The live feed: %s",
                               zmq_strerror(errno));
    pia_socket_prepare(socket, 1024); /* what subscribers send is short */
    if (zmq_setsockopt(socket, ZMQ_XPUB_MANUAL, &manual, sizeof manual) < 0 ||
        zmq_bind(socket, endpoint) < 0) {
        (void)pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: %s", endpoint,
                              zmq_strerror(errno));
        pia_socket_close(&socket, 0);
        return PIA_UNAVAILABLE;
    }
    live_t *self = pia_alloc(sizeof *self);
    self->socket = socket;
    self->counters = counters;
    *ret_live = self;
    return PIA_OK;
}

void live_destroy(live_t **self_p)
{
    live_t *self = *self_p;
    if (!self)
        return;
    pia_socket_close(&self->socket, 100);
    free(self);
    *self_p = NULL;
}

void *live_socket(const live_t *self)
{
    return self->socket;
}

/* A subscription is 1 or 0 and its topic; libzmq 4.3.4 corrupts those of 246 to 255 bytes. */
static void take_subscription(live_t *self, const uint8_t *bytes, size_t size)
{
    if (size < 1 || bytes[0] > 1)
        return;
    if (size - 1 > LIVE_TOPIC_MAX) {
        atomic_fetch_add(&self->counters->refused, 1);
        return;
    }
    self->heard = self->heard || bytes[0];
    int option = bytes[0] ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE;
    (void)zmq_setsockopt(self->socket, option, bytes + 1, size - 1);
}

void live_process(void *arg)
{
    live_t *self = arg;
    for (int i = 0; i < BUDGET; i++) {
        pia_frames_t frames;
        pia_frames_init(&frames);
        pia_status_t status = pia_frames_recv(&frames, self->socket);
        if (status == PIA_OK)
            take_subscription(self, pia_frames_data(&frames, 0), pia_frames_size(&frames, 0));
        pia_frames_clear(&frames);
        if (status == PIA_TIMEOUT || status == PIA_UNAVAILABLE)
            return;
    }
}

static int or_none(const char *text, const char **ret_text)
{
    size_t size = text ? strcspn(text, ",") : 0;
    *ret_text = size ? text : "-";
    return size ? (int)size : 1;
}

bool live_topic(const attributes_t *attributes, char ret_topic[LIVE_TOPIC_MAX + 1])
{
    const char *kind = NULL;
    const char *theme = NULL;
    const char *region = NULL;
    const char *pole = NULL;
    int kind_size = or_none(attributes->value[ATTRIBUTE_KIND], &kind);
    int theme_size = or_none(attributes->value[ATTRIBUTE_THEMES], &theme);
    int region_size = or_none(attributes->value[ATTRIBUTE_HOME], &region);
    int pole_size = or_none(attributes->value[ATTRIBUTE_POLE], &pole);
    int size = snprintf(ret_topic, LIVE_TOPIC_MAX + 1, "%.*s/%.*s/%.*s/%.*s", kind_size, kind,
                        theme_size, theme, region_size, region, pole_size, pole);
    return size >= 0 && size <= LIVE_TOPIC_MAX;
}

static void send(live_t *self, const char *topic, const cursor_t *cursor, const record_t *record)
{
    char text[CURSOR_TEXT_SIZE];
    pia_frames_t frames;
    pia_frames_init(&frames);
    cursor_format(cursor, text);
    pia_frames_add_text(&frames, topic);
    pia_frames_add_text(&frames, text);
    pia_frames_add(&frames, record ? record->event : NULL, record ? record->event_size : 0);
    (void)pia_frames_send(&frames, self->socket); /* at most once: who missed it reads a stream */
    self->quiet = false;
}

bool live_is_heard(const live_t *self)
{
    return self->heard;
}

void live_publish(live_t *self, const record_t *record, const attributes_t *attributes)
{
    char topic[LIVE_TOPIC_MAX + 1];
    if (strcmp(attributes->value[ATTRIBUTE_VISIBILITY], "public") != 0 ||
        !live_topic(attributes, topic))
        return;
    send(self, topic, &record->cursor, record);
    atomic_fetch_add(&self->counters->sent, 1);
}

void live_tick(live_t *self, const cursor_t *head)
{
    if (self->quiet)
        send(self, "head", head, NULL);
    self->quiet = true;
}
