/* frames.c - multipart messages on raw zmq_msg_t, and the options that every socket has. */
#include "pia/frames.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
    HWM = 4096,               /* messages; with credit and windows below it, never reached */
    LINGER_MS = 1000,         /* at exit; a drained close uses more */
    HANDSHAKE_MS = 5000,      /* a peer that connects and says nothing frees its slot */
    RECONNECT_MS = 200,       /* doubling up to the next */
    RECONNECT_MAX_MS = 10000, /* so that a restarted broker is not stormed */
    BACKLOG = 1024,
    TCP_MAXRT_MS = 15000,
};

void pia_frames_init(pia_frames_t *frames)
{
    frames->count = 0;
}

void pia_frames_clear(pia_frames_t *frames)
{
    for (size_t i = 0; i < frames->count; i++)
        zmq_msg_close(&frames->frame[i]);
    frames->count = 0;
}

static pia_status_t receive_error(void)
{
    return errno == EAGAIN ? PIA_TIMEOUT : PIA_UNAVAILABLE;
}

/* Receives one part; retries after a signal. */
static int receive_part(zmq_msg_t *part, void *socket)
{
    int rc;
    do {
        rc = zmq_msg_recv(part, socket, ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

/* Reads what is left of a message that has too many parts. */
static void drain_parts(void *socket)
{
    bool more = true;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        more = receive_part(&part, socket) >= 0 && zmq_msg_more(&part);
        zmq_msg_close(&part);
    }
}

pia_status_t pia_frames_recv(pia_frames_t *frames, void *socket)
{
    assert(frames->count == 0);
    bool more = true;
    while (more && frames->count < PIA_FRAMES_MAX) {
        zmq_msg_t *part = &frames->frame[frames->count];
        zmq_msg_init(part);
        if (receive_part(part, socket) < 0) {
            pia_status_t status = receive_error();
            zmq_msg_close(part);
            pia_frames_clear(frames);
            return status;
        }
        frames->count++;
        more = zmq_msg_more(part);
    }
    if (!more)
        return PIA_OK;
    drain_parts(socket);
    return PIA_TOO_LARGE;
}

static int send_part(zmq_msg_t *part, void *socket, int flags)
{
    int rc;
    do {
        rc = zmq_msg_send(part, socket, flags | ZMQ_DONTWAIT);
    } while (rc < 0 && errno == EINTR);
    return rc;
}

/* When a later part fails, libzmq drops what follows up to the message's last part: so the rest is
 * offered all the same, or the next message would lose its beginning. */
pia_status_t pia_frames_send(pia_frames_t *frames, void *socket)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; i < frames->count; i++) {
        int flags = i + 1 < frames->count ? ZMQ_SNDMORE : 0;
        if (send_part(&frames->frame[i], socket, flags) < 0) {
            status = errno == EHOSTUNREACH ? PIA_NOT_FOUND : PIA_UNAVAILABLE;
            if (i == 0)
                break;
        }
    }
    pia_frames_clear(frames);
    return status;
}

static zmq_msg_t *next_part(pia_frames_t *frames)
{
    assert(frames->count < PIA_FRAMES_MAX);
    return &frames->frame[frames->count++];
}

void pia_frames_add(pia_frames_t *frames, const void *data, size_t size)
{
    zmq_msg_t *part = next_part(frames);
    int rc = zmq_msg_init_size(part, size);
    assert(rc == 0);
    if (size > 0)
        memcpy(zmq_msg_data(part), data, size);
}

void pia_frames_add_text(pia_frames_t *frames, const char *text)
{
    pia_frames_add(frames, text, strlen(text));
}

void pia_frames_add_message(pia_frames_t *frames, zmq_msg_t *message)
{
    zmq_msg_t *part = next_part(frames);
    zmq_msg_init(part);
    int rc = zmq_msg_copy(part, message);
    assert(rc == 0);
}

void pia_frames_add_empty(pia_frames_t *frames)
{
    zmq_msg_init(next_part(frames));
}

/* zmq_msg_data takes a non-const message but changes nothing. */
static zmq_msg_t *part_at(const pia_frames_t *frames, size_t index)
{
    assert(index < frames->count);
    return (zmq_msg_t *)&frames->frame[index];
}

const void *pia_frames_data(const pia_frames_t *frames, size_t index)
{
    return zmq_msg_data(part_at(frames, index));
}

size_t pia_frames_size(const pia_frames_t *frames, size_t index)
{
    return zmq_msg_size(part_at(frames, index));
}

bool pia_frames_equal(const pia_frames_t *frames, size_t index, const void *data, size_t size)
{
    if (index >= frames->count || pia_frames_size(frames, index) != size)
        return false;
    return size == 0 || memcmp(pia_frames_data(frames, index), data, size) == 0;
}

bool pia_frames_equal_text(const pia_frames_t *frames, size_t index, const char *text)
{
    return pia_frames_equal(frames, index, text, strlen(text));
}

static void set_option(void *socket, int option, int value)
{
    int rc = zmq_setsockopt(socket, option, &value, sizeof value);
    assert(rc == 0);
}

static int socket_type(void *socket)
{
    int type = 0;
    size_t size = sizeof type;
    int rc = zmq_getsockopt(socket, ZMQ_TYPE, &type, &size);
    assert(rc == 0);
    return type;
}

/* HEARTBEAT_IVL is never set: on 4.3.4 a receiver that stalls at its high-water mark and resumes
 * after the heartbeat's timeout aborts the process. Our protocols have heartbeats of their own. */
void pia_socket_prepare(void *socket, int64_t message_size_max)
{
    set_option(socket, ZMQ_LINGER, LINGER_MS);
    set_option(socket, ZMQ_SNDHWM, HWM);
    set_option(socket, ZMQ_RCVHWM, HWM);
    set_option(socket, ZMQ_SNDTIMEO, 0);
    set_option(socket, ZMQ_RCVTIMEO, 0);
    set_option(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS);
    set_option(socket, ZMQ_RECONNECT_IVL, RECONNECT_MS);
    set_option(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS);
    set_option(socket, ZMQ_BACKLOG, BACKLOG);
    set_option(socket, ZMQ_IPV6, 1);
    set_option(socket, ZMQ_TCP_KEEPALIVE, 1);
    set_option(socket, ZMQ_TCP_KEEPALIVE_IDLE, 30);
    set_option(socket, ZMQ_TCP_KEEPALIVE_INTVL, 10);
    set_option(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
    set_option(socket, ZMQ_TCP_MAXRT, TCP_MAXRT_MS);
    int rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_size_max, sizeof message_size_max);
    assert(rc == 0);
    if (socket_type(socket) == ZMQ_ROUTER) {
        set_option(socket, ZMQ_ROUTER_MANDATORY, 1); /* else a send to nobody says that it worked */
        set_option(socket, ZMQ_ROUTER_HANDOVER, 1);  /* else a peer that came back stays mute */
    }
}

void pia_socket_close(void **socket_p, int linger_ms)
{
    if (!*socket_p)
        return;
    set_option(*socket_p, ZMQ_LINGER, linger_ms);
    zmq_close(*socket_p);
    *socket_p = NULL;
}
