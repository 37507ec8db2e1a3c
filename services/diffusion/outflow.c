/* outflow.c - what of a stream's frames is still in this process. */
#include "outflow.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pia/memory.h"

struct outflow_hub {
    atomic_uint references; /* the loop's, and one an outflow */
    int wake;               /* eventfd */
    size_t size_max;
    atomic_size_t size; /* of all */
    atomic_ullong waits;
    pthread_mutex_t mutex;
    outflow_t *drained; /* a list, guarded by the mutex */
    bool closed;        /* guarded by the mutex */
};

struct outflow {
    atomic_uint references; /* the stream's, one a message, one while in the list of the drained */
    outflow_hub_t *hub;
    void *owner; /* loop thread; NULL: closed */
    atomic_size_t size;
    atomic_bool full; /* the loop waits to be told */
    bool listed;      /* among the drained; guarded by the hub's mutex, as is next */
    outflow_t *next;
};

typedef struct {
    outflow_t *outflow;
    outflow_part_t part;
} sent_t;

outflow_hub_t *outflow_hub_new(size_t size_max)
{
    outflow_hub_t *self = pia_alloc(sizeof *self);
    atomic_init(&self->references, 1);
    self->size_max = size_max;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(self->wake >= 0);
    pthread_mutex_init(&self->mutex, NULL);
    return self;
}

static void let_go_hub(outflow_hub_t *self)
{
    if (atomic_fetch_sub(&self->references, 1) != 1)
        return;
    pthread_mutex_destroy(&self->mutex);
    close(self->wake);
    free(self);
}

static void let_go(outflow_t *self)
{
    if (atomic_fetch_sub(&self->references, 1) != 1)
        return;
    let_go_hub(self->hub);
    free(self);
}

static outflow_t *take_drained(outflow_hub_t *self)
{
    pthread_mutex_lock(&self->mutex);
    outflow_t *outflow = self->drained;
    if (outflow) {
        self->drained = outflow->next;
        outflow->listed = false;
    }
    pthread_mutex_unlock(&self->mutex);
    return outflow;
}

void outflow_hub_destroy(outflow_hub_t **self_p)
{
    outflow_hub_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    self->closed = true; /* what leaves from now on is listed no more */
    pthread_mutex_unlock(&self->mutex);
    outflow_t *outflow = NULL;
    while ((outflow = take_drained(self)))
        let_go(outflow);
    let_go_hub(self);
    *self_p = NULL;
}

int outflow_hub_descriptor(const outflow_hub_t *self)
{
    return self->wake;
}

void *outflow_hub_take(outflow_hub_t *self)
{
    uint64_t count = 0;
    ssize_t got = read(self->wake, &count, sizeof count);
    assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
    void *owner = NULL;
    outflow_t *outflow = NULL;
    while (!owner && (outflow = take_drained(self))) {
        owner = outflow->owner;
        let_go(outflow);
    }
    return owner;
}

size_t outflow_hub_size(outflow_hub_t *self)
{
    return atomic_load(&self->size);
}

uint64_t outflow_hub_waits(outflow_hub_t *self)
{
    return atomic_load(&self->waits);
}

outflow_t *outflow_new(outflow_hub_t *hub, void *owner)
{
    outflow_t *self = pia_alloc(sizeof *self);
    atomic_init(&self->references, 1);
    atomic_fetch_add(&hub->references, 1);
    self->hub = hub;
    self->owner = owner;
    return self;
}

void outflow_close(outflow_t **self_p)
{
    outflow_t *self = *self_p;
    if (!self)
        return;
    self->owner = NULL;
    let_go(self);
    *self_p = NULL;
}

bool outflow_is_crowded(const outflow_t *self)
{
    return atomic_load(&self->hub->size) >= self->hub->size_max;
}

bool outflow_is_full(outflow_t *self)
{
    size_t size = atomic_load(&self->size);
    bool crowded = size > 0 && size < OUTFLOW_MAX && outflow_is_crowded(self);
    if (size < OUTFLOW_MAX && !crowded)
        return false;
    atomic_store(&self->full, true);
    /* what left between the two looks has seen no `full`, and told nobody */
    size = atomic_load(&self->size);
    if (size <= OUTFLOW_MAX / 2 && (size == 0 || !crowded) && atomic_exchange(&self->full, false))
        return false;
    if (crowded)
        atomic_fetch_add(&self->hub->waits, 1);
    return true;
}

static void tell(outflow_t *self)
{
    outflow_hub_t *hub = self->hub;
    pthread_mutex_lock(&hub->mutex);
    if (!self->listed && !hub->closed) {
        atomic_fetch_add(&self->references, 1);
        self->listed = true;
        self->next = hub->drained;
        hub->drained = self;
    }
    pthread_mutex_unlock(&hub->mutex);
    uint64_t one = 1;
    ssize_t written = write(hub->wake, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

/* libzmq's: the bytes have left. Its thread. */
static void has_left(void *data, void *hint)
{
    (void)data;
    sent_t *sent = hint;
    outflow_t *outflow = sent->outflow;
    const outflow_part_t *part = &sent->part;
    if (atomic_fetch_sub(part->messages, 1) == 1)
        atomic_fetch_sub(&outflow->hub->size, part->size);
    size_t left = atomic_fetch_sub(&outflow->size, part->size) - part->size;
    if (left <= OUTFLOW_MAX / 2 && atomic_exchange(&outflow->full, false))
        tell(outflow);
    part->release(part->keeper);
    let_go(outflow);
    free(sent);
}

void outflow_message(outflow_t *self, zmq_msg_t *message, const outflow_part_t *part)
{
    sent_t *sent = pia_alloc(sizeof *sent);
    *sent = (sent_t){.outflow = self, .part = *part};
    atomic_fetch_add(&self->references, 1);
    if (atomic_fetch_add(part->messages, 1) == 0)
        atomic_fetch_add(&self->hub->size, part->size);
    atomic_fetch_add(&self->size, part->size);
    /* libzmq only reads a message that it sends */
    int rc = zmq_msg_init_data(message, (void *)part->bytes, part->size, has_left, sent);
    assert(rc == 0);
}
