/* outflow.h - what of a stream's frames is still in this process: a subscriber that does not read
 * fills its own allowance, and waits; the others' frames, and the memory, feel nothing. Loop
 * thread; the bytes that leave are counted in the socket's. */
#ifndef DIFFUSION_OUTFLOW_H
#define DIFFUSION_OUTFLOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

/* Four frames: enough to keep a reader busy while the loop is told and comes back (measured, best
 * of three replays of 256 B events to one: 3.3 M events/s with 128 KiB, 4.2 M with 512 KiB). */
enum { OUTFLOW_MAX = 512 * 1024 };

/* Of all streams: when so much is on its way, each has one frame at a time, which may be 128 KiB
 * (or one larger event), so that none starves. */
enum { OUTFLOWS_MAX = 256 * 1024 * 1024 };

typedef struct outflow outflow_t;
typedef struct outflow_hub outflow_hub_t;

/* All outflows of a loop, which have `size_max` bytes in all. Messages may outlive it: what they
 * need is kept until the last is gone. */
outflow_hub_t *outflow_hub_new(size_t size_max);
void outflow_hub_destroy(outflow_hub_t **self_p);

/* Readable when outflow_hub_take has something to give; for an event loop. */
int outflow_hub_descriptor(const outflow_hub_t *self);

/* The owner of an outflow that was full and is not any more; NULL when there are no more. */
void *outflow_hub_take(outflow_hub_t *self);

/* Bytes that are in this process, of all outflows; what several send is there once. Any thread. */
size_t outflow_hub_size(outflow_hub_t *self);

/* How often an outflow waited only because there was too much of all. Any thread. */
uint64_t outflow_hub_waits(outflow_hub_t *self);

/* One stream's. The owner's pointer is given back by outflow_hub_take until it is closed. */
outflow_t *outflow_new(outflow_hub_t *hub, void *owner);
void outflow_close(outflow_t **self_p);

/* Whether it has its OUTFLOW_MAX, or something while all have too much: then the hub tells when
 * half of it has left, and again when all of it has. */
bool outflow_is_full(outflow_t *self);
/* Whether all have too much. */
bool outflow_is_crowded(const outflow_t *self);

/* Bytes that one or several outflows send. */
typedef struct {
    const void *bytes;
    size_t size;
    atomic_uint *messages; /* of these bytes that are on their way; 0 at first */
    void (*release)(void *keeper);
    void *keeper; /* holds all this: given to `release`, in any thread, when a message has left or
                     was dropped */
} outflow_part_t;

/* Makes a message of these bytes without a copy. */
void outflow_message(outflow_t *self, zmq_msg_t *message, const outflow_part_t *part);

#endif
