/* start.h - what the service loads before its first request, and what it does by itself. Store
 * thread. */
#ifndef START_H
#define START_H

#include "notifications.h"

/* The service's open: the plan, the database's origin; leases of a dead process are given back. */
pia_status_t start_open(void *arg, const pia_context_t *context, pia_problem_t *problem);

/* The service's tick: forgets what is older than it has to be kept. */
pia_status_t start_tick(void *arg, int64_t now_ms);

/* The service's stats. */
void start_stats(void *arg, json_t *stats);

#endif
