/* loop.h - one thread's reactor over ZeroMQ sockets, file descriptors and timers (one
 * epoll_wait, then every ready socket is drained with a budget). All calls from its own thread,
 * except stop. */
#ifndef PIA_LOOP_H
#define PIA_LOOP_H

#include <stdint.h>

#include "pia/status.h"

typedef struct pia_loop pia_loop_t;
typedef void pia_loop_fn(void *arg);

pia_loop_t *pia_loop_new(void);
void pia_loop_destroy(pia_loop_t **loop_p);

/* Calls `ready` when the socket (or descriptor) can be read. `ready` reads until there is nothing
 * more or its budget (1000 messages) is used up. Keeps the pointers, not owned. */
void pia_loop_add_socket(pia_loop_t *loop, void *socket, pia_loop_fn *ready, void *arg);
void pia_loop_add_descriptor(pia_loop_t *loop, int descriptor, pia_loop_fn *ready, void *arg);
void pia_loop_remove_socket(pia_loop_t *loop, void *socket);
void pia_loop_remove_descriptor(pia_loop_t *loop, int descriptor);

/* Calls `due` every `period_ms` (1..3600000) on the monotonic clock; returns an id. */
int pia_loop_add_timer(pia_loop_t *loop, int64_t period_ms, pia_loop_fn *due, void *arg);
void pia_loop_remove_timer(pia_loop_t *loop, int timer_id);

/* Calls `fn` at the end of every round; NULL: nothing. One at a time. */
void pia_loop_after_round(pia_loop_t *loop, pia_loop_fn *fn, void *arg);

/* Runs until stop. */
void pia_loop_run(pia_loop_t *loop);

/* Ends run after the present round. Safe from handlers of this thread. */
void pia_loop_stop(pia_loop_t *loop);

#endif
