/* feed.c - a queue of batches between two threads, with an eventfd to wake the reader. */
#include "feed.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pia/memory.h"

typedef struct node {
    struct node *next;
    batch_t *batch;
} node_t;

struct feed {
    int wake; /* eventfd */
    pthread_mutex_t mutex;
    node_t *first; /* guarded by the mutex, as is last */
    node_t *last;
};

feed_t *feed_new(void)
{
    feed_t *self = pia_alloc(sizeof *self);
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(self->wake >= 0);
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

void feed_destroy(feed_t **self_p)
{
    feed_t *self = *self_p;
    if (!self)
        return;
    batch_t *batch = NULL;
    while ((batch = feed_take(self)))
        batch_release(&batch);
    pthread_mutex_destroy(&self->mutex);
    close(self->wake);
    free(self);
    *self_p = NULL;
}

void feed_push(feed_t *self, batch_t *batch)
{
    node_t *node = pia_alloc(sizeof *node);
    node->batch = batch_retain(batch);
    pthread_mutex_lock(&self->mutex);
    if (self->last)
        self->last->next = node;
    else
        self->first = node;
    self->last = node;
    pthread_mutex_unlock(&self->mutex);
    uint64_t one = 1;
    ssize_t written = write(self->wake, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

int feed_descriptor(const feed_t *self)
{
    return self->wake;
}

batch_t *feed_take(feed_t *self)
{
    uint64_t count = 0;
    ssize_t got = read(self->wake, &count, sizeof count);
    assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
    pthread_mutex_lock(&self->mutex);
    node_t *node = self->first;
    if (node) {
        self->first = node->next;
        if (!self->first)
            self->last = NULL;
    }
    pthread_mutex_unlock(&self->mutex);
    batch_t *batch = node ? node->batch : NULL;
    free(node);
    return batch;
}
