/* helper.c - a thread that does what it is told. */
#include "helper.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pia/memory.h"

struct helper {
    pia_status_t (*run)(void *arg);
    void *arg;
    pthread_t thread;
    int nice;
    bool busy;             /* the store thread's */
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t changed;
    bool asked, done, stopping;
    pia_status_t status;
};

static void *work(void *arg)
{
    helper_t *self = arg;
    if (self->nice) /* of this thread alone, on Linux; else it is only less good */
        (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), self->nice);
    pthread_mutex_lock(&self->mutex);
    for (;;) {
        while (!self->asked && !self->stopping)
            pthread_cond_wait(&self->changed, &self->mutex);
        if (!self->asked)
            break;
        self->asked = false;
        pthread_mutex_unlock(&self->mutex);
        pia_status_t status = self->run(self->arg);
        pthread_mutex_lock(&self->mutex);
        self->status = status;
        self->done = true;
        pthread_cond_broadcast(&self->changed);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

helper_t *helper_new(pia_status_t (*run)(void *arg), int nice, void *arg)
{
    helper_t *self = pia_alloc(sizeof *self);
    self->run = run;
    self->nice = nice;
    self->arg = arg;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->changed, NULL);
    int rc = pthread_create(&self->thread, NULL, work, self);
    assert(rc == 0);
    return self;
}

void helper_destroy(helper_t **self_p)
{
    helper_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    self->stopping = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

void helper_start(helper_t *self)
{
    assert(!self->busy);
    self->busy = true;
    pthread_mutex_lock(&self->mutex);
    self->asked = true;
    self->done = false;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

bool helper_is_busy(const helper_t *self)
{
    return self->busy;
}

bool helper_take(helper_t *self, bool wait, pia_status_t *ret_status)
{
    if (!self->busy)
        return false;
    pthread_mutex_lock(&self->mutex);
    while (wait && !self->done)
        pthread_cond_wait(&self->changed, &self->mutex);
    bool done = self->done;
    *ret_status = self->status;
    pthread_mutex_unlock(&self->mutex);
    self->busy = !done;
    return done;
}
