/* control.h - the gateway's control session: a worker of the broker under gateway#INSTANCE, in the
 * dialect PIAW01 (proto/README.md), so that operators see, drain and re-level it as any service.
 * (common's session runs on common's loop; this one runs on libevent's.) Loop's thread. */
#ifndef GATEWAY_CONTROL_H
#define GATEWAY_CONTROL_H

#include <event2/event.h>
#include <stdbool.h>

#include "pia/frames.h"

typedef struct control control_t;

typedef struct {
    void *zmq;
    const char *endpoint; /* the broker's */
    const char *name;     /* "gateway#gateway-4711" */
    /* Turns the body of a request (header, token, JSON: message's frames from CONTROL_BODY on)
     * into the body of the answer, which is empty at first. False: it comes by control_reply. */
    bool (*answer)(void *arg, pia_frames_t *message, pia_frames_t *ret_body);
    void *arg;
} control_options_t;

enum { CONTROL_CLIENT = 2, CONTROL_BODY = 4 };

/* Connects in the background and says READY, again whenever the broker is lost. */
control_t *control_new(struct event_base *base, const control_options_t *options);
void control_destroy(control_t **control_p);

/* Whether the broker has been heard since the last READY. */
bool control_is_connected(const control_t *control);

/* Answers later what came on the connection of this number; nobody, if it was lost. Takes `client`,
 * the message's frame CONTROL_CLIENT, and the body's frames. */
unsigned control_connection(const control_t *control);
void control_reply(control_t *control, unsigned connection, zmq_msg_t *client, pia_frames_t *body);

#endif
