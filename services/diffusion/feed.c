/* feed.c - a queue of batches between two threads. */
#include "feed.h"

#include <pthread.h>
#include <stdlib.h>

#include "pia/memory.h"

typedef struct node {
    struct node *next;
    batch_t *batch;
} node_t;

struct feed {
    pthread_mutex_t mutex;
    node_t *first; /* guarded by the mutex, as is last */
    node_t *last;
};

feed_t *feed_new(void)
{
    feed_t *self = pia_alloc(sizeof *self);
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
}

batch_t *feed_take(feed_t *self)
{
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
