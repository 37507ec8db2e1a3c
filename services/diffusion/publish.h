/* publish.h - a PUBLISH frame on its way through the store and its receipt back. */
#ifndef DIFFUSION_PUBLISH_H
#define DIFFUSION_PUBLISH_H

#include "pia/service.h"

#include "peers.h"

enum {
    PUBLISHES_PER_PEER_MAX = 1024,         /* that wait for the store */
    PUBLISH_BYTES_MAX = 256 * 1024 * 1024, /* in all */
};

typedef struct publisher_queue publisher_queue_t;

typedef struct diffusion diffusion_t;

publisher_queue_t *publisher_queue_new(diffusion_t *diffusion, peers_t *peers);
/* Nothing is in the store thread any more. */
void publisher_queue_destroy(publisher_queue_t **self_p);

/* Checks the events and hands them to the store thread, at the latest with publisher_queue_go.
 * `events_frame` (the zmq frame of message->events) is moved out of. A receipt follows in any case.
 */
void publisher_queue_take(publisher_queue_t *self,
                          peer_t *peer,
                          const piad_t *message,
                          zmq_msg_t *events_frame);

/* The round of the loop has ended that took them. */
void publisher_queue_go(publisher_queue_t *self);

#endif
