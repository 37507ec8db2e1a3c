/* frames.h - one multipart message as an array of raw zmq_msg_t, without a malloc of ours
 * (a zmsg costs 22 of them). One thread, the socket's. */
#ifndef PIA_FRAMES_H
#define PIA_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "pia/status.h"

enum { PIA_FRAMES_MAX = 16 }; /* a longer message is read to its end and reported as invalid */

typedef struct {
    size_t count;
    zmq_msg_t frame[PIA_FRAMES_MAX];
} pia_frames_t;

/* Makes it empty. Every pia_frames_t starts with this and ends with clear. */
void pia_frames_init(pia_frames_t *frames);
void pia_frames_clear(pia_frames_t *frames);

/* Receives one whole message without blocking, into empty frames.
 * PIA_TIMEOUT: nothing there. PIA_TOO_LARGE: more than PIA_FRAMES_MAX parts, all read, the first
 * ones kept (so that the sender can be named). PIA_UNAVAILABLE: the context is gone. */
pia_status_t pia_frames_recv(pia_frames_t *frames, void *socket);

/* Sends all frames without blocking and empties them, also on failure ("takes").
 * PIA_UNAVAILABLE: the queue is full. PIA_NOT_FOUND: a ROUTER knows no such peer (any more). */
pia_status_t pia_frames_send(pia_frames_t *frames, void *socket);

/* Appends a copy of bytes / of a text without its NUL / a shared reference to a message / an
 * empty frame. Asserts that there is room. */
void pia_frames_add(pia_frames_t *frames, const void *data, size_t size);
void pia_frames_add_text(pia_frames_t *frames, const char *text);
void pia_frames_add_message(pia_frames_t *frames, zmq_msg_t *message);
void pia_frames_add_empty(pia_frames_t *frames);

/* Borrowed bytes of frame `index` (asserts that it exists); valid until clear. */
const void *pia_frames_data(const pia_frames_t *frames, size_t index);
size_t pia_frames_size(const pia_frames_t *frames, size_t index);

/* Whether frame `index` exists and holds exactly these bytes. */
bool pia_frames_equal(const pia_frames_t *frames, size_t index, const void *data, size_t size);
bool pia_frames_equal_text(const pia_frames_t *frames, size_t index, const char *text);

/* Sets the options every socket of ours has (messaging.md's sheet: LINGER, HWM, MAXMSGSIZE,
 * HANDSHAKE_IVL, RECONNECT_IVL, BACKLOG, keepalive; MANDATORY and HANDOVER on a ROUTER; never
 * HEARTBEAT_*). Call before bind or connect. */
void pia_socket_prepare(void *socket, int64_t message_size_max);

/* Closes with `linger_ms`, takes the socket; NULL is fine. */
void pia_socket_close(void **socket_p, int linger_ms);

#endif
