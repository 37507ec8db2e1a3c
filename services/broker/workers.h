/* workers.h - who works for what: registration, requests at a worker, heartbeats, goodbyes. */
#ifndef BROKER_WORKERS_H
#define BROKER_WORKERS_H

#include "state.h"

/* The worker that this message's peer is, gone ones too; NULL if it is none. */
worker_t *worker_find(const broker_t *broker, const pia_frames_t *message);

/* Registers a peer that said READY for `service`. */
worker_t *worker_add(broker_t *broker,
                     const pia_frames_t *message,
                     const mdp_message_t *ready,
                     service_t *service);

/* Sends `request`, the first of its service's queue, to `worker` and moves it to its list. False
 * if the worker cannot be reached: then nothing has changed. */
bool worker_give(broker_t *broker, worker_t *worker, request_t *request);

/* The request at this worker that an answer belongs to: by client and, if the answer has our
 * header, by id. NULL if there is none. */
request_t *worker_request(const worker_t *worker, const pia_frames_t *message, size_t body);

/* Ends a request at its worker: takes and frees it. The worker may have room again. */
void worker_done(broker_t *broker, worker_t *worker, request_t *request);

/* Removes a worker without a word to it: its requests go back to their queue's front, as far as
 * they may; the others are answered `unavailable`. Does not dispatch. Frees the worker. */
void worker_lose(broker_t *broker, worker_t *worker);

/* The same for a peer that must not go on: it is told DISCONNECT, and remembered as gone for
 * `heartbeat * liveness`. */
void worker_send_away(broker_t *broker, worker_t *worker);

/* Tells a peer that is no worker DISCONNECT, and remembers it as gone. */
void worker_refuse(broker_t *broker, const pia_frames_t *message, mdp_dialect_t dialect);

/* A worker said DISCONNECT. A plain one is gone; one of our dialect gets nothing more, and is
 * released when it has answered what it has. Does not dispatch. May free the worker. */
void worker_leave(broker_t *broker, worker_t *worker);

/* A leaving worker that has answered everything is told DISCONNECT. */
void worker_release(broker_t *broker, worker_t *worker);

/* Forgets a gone worker, so that its identity may register anew. */
void worker_forget(broker_t *broker, worker_t *worker);

/* Heartbeats, silence, deadlines of what it has. May free this worker and no other; does not
 * dispatch. */
void worker_tick(broker_t *broker, worker_t *worker);

#endif
