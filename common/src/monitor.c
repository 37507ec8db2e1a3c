/* monitor.c - ZMQ_EVENT_DISCONNECTED of one socket. */
#include "monitor.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "pia/frames.h"
#include "pia/uuid.h"

enum { EVENT_SIZE = 6 }; /* 16 bits of event, 32 of value, in the machine's order */

void *pia_monitor_new(void *zmq, void *socket)
{
    char uuid[PIA_UUID_TEXT_SIZE];
    char endpoint[PIA_UUID_TEXT_SIZE + 32];
    pia_uuid7_text(uuid);
    (void)snprintf(endpoint, sizeof endpoint, "inproc://pia-monitor-%s", uuid);
    if (zmq_socket_monitor(socket, endpoint, ZMQ_EVENT_DISCONNECTED) != 0)
        return NULL;
    void *monitor = zmq_socket(zmq, ZMQ_PAIR);
    if (monitor && zmq_connect(monitor, endpoint) != 0)
        pia_socket_close(&monitor, 0);
    return monitor;
}

static bool is_lost(const pia_frames_t *frames)
{
    if (frames->count == 0 || pia_frames_size(frames, 0) != EVENT_SIZE)
        return false;
    uint16_t event;
    memcpy(&event, pia_frames_data(frames, 0), sizeof event);
    return event == ZMQ_EVENT_DISCONNECTED;
}

bool pia_monitor_lost(void *monitor)
{
    bool lost = false;
    pia_frames_t frames;
    pia_frames_init(&frames);
    while (monitor && pia_frames_recv(&frames, monitor) == PIA_OK) {
        lost = lost || is_lost(&frames);
        pia_frames_clear(&frames);
    }
    pia_frames_clear(&frames);
    return lost;
}

void pia_monitor_destroy(void **monitor_p, void *socket)
{
    if (!*monitor_p)
        return;
    zmq_socket_monitor(socket, NULL, 0);
    pia_socket_close(monitor_p, 0);
}
