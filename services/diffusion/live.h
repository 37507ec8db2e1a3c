/* live.h - the live feed: an XPUB that any SUB socket can follow. Public events only, at most once.
 * Loop thread. */
#ifndef DIFFUSION_LIVE_H
#define DIFFUSION_LIVE_H

#include <stdatomic.h>

#include "pia/loop.h"
#include "pia/problem.h"

#include "record.h"

enum { LIVE_TOPIC_MAX = 200 };

typedef struct live live_t;

/* Any thread may read them. */
typedef struct {
    atomic_ullong sent;    /* events */
    atomic_ullong refused; /* subscriptions that were too long */
} live_counters_t;

/* Binds the endpoint. Keeps a pointer to the counters. PIA_UNAVAILABLE with the reason. */
pia_status_t live_new(void *zmq,
                      const char *endpoint,
                      live_counters_t *counters,
                      live_t **ret_live,
                      pia_problem_t *problem);
void live_destroy(live_t **self_p);

void *live_socket(const live_t *self);
/* Takes what subscribers ask for: topics of at most LIVE_TOPIC_MAX bytes. */
void live_process(void *arg); /* the live_t */

/* Whether anybody has subscribed: for nobody a topic, a cursor and a copy would be made that libzmq
 * throws away. */
bool live_is_heard(const live_t *self);

/* Sends an event if it is public. */
void live_publish(live_t *self, const record_t *record, const attributes_t *attributes);

/* Once a second: the head, if nothing else was sent. */
void live_tick(live_t *self, const cursor_t *head);

/* kind/first theme/pôle's region/pôle, "-" for none; false if it would be too long. */
bool live_topic(const attributes_t *attributes, char ret_topic[LIVE_TOPIC_MAX + 1]);

#endif
