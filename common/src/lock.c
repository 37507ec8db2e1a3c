/* lock.c - a file that one process holds, by an open-file-description lock. */
#include "pia/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/memory.h"

struct pia_lock {
    int descriptor; /* holds the lock as long as it is open */
};

static pia_status_t refuse(const char *path, int descriptor, int reason, pia_problem_t *problem)
{
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    if (reason == EAGAIN || reason == EACCES) {
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "%s is held by another process", path);
    }
    char text[128];
    return pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "%s: %s", path,
                           strerror_r(reason, text, sizeof text));
}

pia_status_t pia_lock_take(const char *path, pia_lock_t **ret_lock, pia_problem_t *problem)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        /* EACCES of open is about the file's mode, not about a holder */
        return refuse(path, -1, errno == EACCES ? EPERM : errno, problem);
    }
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(descriptor, F_OFD_SETLK, &whole) != 0) {
        return refuse(path, descriptor, errno, problem);
    }
    pia_lock_t *lock = pia_alloc(sizeof *lock);
    lock->descriptor = descriptor;
    *ret_lock = lock;
    return PIA_OK;
}

void pia_lock_destroy(pia_lock_t **lock_p)
{
    if (*lock_p == NULL) {
        return;
    }
    (void)close((*lock_p)->descriptor);
    free(*lock_p);
    *lock_p = NULL;
}
