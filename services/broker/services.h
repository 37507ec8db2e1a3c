/* services.h - the queue of each service, and giving its requests to its workers. */
#ifndef BROKER_SERVICES_H
#define BROKER_SERVICES_H

#include "state.h"

/* NULL if there is none. */
service_t *service_find(const broker_t *broker, const void *name, size_t size);

/* Makes it if needed. For who asks: NULL when there are too many names already, since anybody can
 * make some up; a worker's name is always let in (workers are bounded themselves). Follow with
 * service_settle. */
service_t *service_asked(broker_t *broker, const void *name, size_t size);
service_t *service_served(broker_t *broker, const void *name, size_t size);

/* Forgets a service that has neither workers nor requests. */
void service_settle(broker_t *broker, service_t *service);

/* Queues a request (takes); a request that was at a lost worker goes back to the front. */
void service_push(service_t *service, request_t *request);
void service_push_back(service_t *service, request_t *request);

/* Gives waiting requests, oldest first, to workers with room, in turn. May end in lost workers. */
void service_dispatch(broker_t *broker, service_t *service);

/* Answers what waited too long. */
void service_expire(broker_t *broker, service_t *service);

/* Puts a worker at the end of the line if it has room, or takes it out of it. */
void service_line_up(worker_t *worker);
void service_step_out(worker_t *worker);

#endif
