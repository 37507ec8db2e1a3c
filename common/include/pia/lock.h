/* lock.h - a file that one process holds: an open-file-description lock, released by the kernel
 * when the process dies. Never put it on the database itself (closing any descriptor of a SQLite
 * file drops SQLite's own locks). */
#ifndef PIA_LOCK_H
#define PIA_LOCK_H

#include "pia/problem.h"

typedef struct pia_lock pia_lock_t;

/* Takes the lock on `path` (made if missing, O_CLOEXEC) without waiting. PIA_CONFLICT: another
 * process holds it. On success the caller owns *ret_lock; destroying it lets go. */
pia_status_t pia_lock_take(const char *path, pia_lock_t **ret_lock, pia_problem_t *problem);
void pia_lock_destroy(pia_lock_t **lock_p);

#endif
