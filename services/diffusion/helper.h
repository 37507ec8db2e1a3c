/* helper.h - one task at a time on a thread of its own, for the store thread. */
#ifndef DIFFUSION_HELPER_H
#define DIFFUSION_HELPER_H

#include <stdbool.h>

#include "pia/status.h"

typedef struct helper helper_t;

/* `run` is called in the helper's thread, once for each helper_start. `nice` is 0, or how much
 * others go first (setpriority). */
helper_t *helper_new(pia_status_t (*run)(void *arg), int nice, void *arg);
/* Waits for the task that runs. */
void helper_destroy(helper_t **self_p);

/* The store thread's, as the rest: starts the task; what it needs was lent to it until helper_take
 * has given its result. */
void helper_start(helper_t *self);
bool helper_is_busy(const helper_t *self); /* started, and its result not taken */
/* Takes the result; false: it still runs, unless `wait`, or was not started. */
bool helper_take(helper_t *self, bool wait, pia_status_t *ret_status);

#endif
