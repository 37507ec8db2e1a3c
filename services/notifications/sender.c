/* sender.c - the sender's thread: a libcurl multi handle and the Maildir. */
#include "sender.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "maildir.h"
#include "pia/memory.h"
#include "plan.h"
#include "transfer.h"

enum { TRANSFERS_MAX = 64, CONNECTIONS_PER_HOST = 4, WAIT_MS = 1000 };

/* Deliveries in the order in which they came. */
typedef struct {
    outgoing_t *first, **last;
} queue_t;

struct sender {
    sender_options_t options;
    pthread_t thread;
    CURLM *multi;
    transfer_t *transfers[TRANSFERS_MAX]; /* running; the thread's, until it has ended */
    size_t running;
    int descriptor; /* eventfd: something is in `ended` */
    pthread_mutex_t mutex;
    queue_t given, ended; /* under the mutex */
    bool stopping;        /* under the mutex */
};

static void queue_init(queue_t *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_add(queue_t *queue, outgoing_t *outgoing)
{
    outgoing->next = NULL;
    *queue->last = outgoing;
    queue->last = &outgoing->next;
}

static outgoing_t *queue_take(queue_t *queue)
{
    outgoing_t *outgoing = queue->first;
    if (outgoing) {
        queue->first = outgoing->next;
        outgoing->next = NULL;
        if (!queue->first) {
            queue->last = &queue->first;
        }
    }
    return outgoing;
}

static void queue_clear(queue_t *queue)
{
    outgoing_t *outgoing = NULL;
    while ((outgoing = queue_take(queue))) {
        outgoing_destroy(&outgoing);
    }
}

static void lock(sender_t *self)
{
    (void)pthread_mutex_lock(&self->mutex);
}

static void unlock(sender_t *self)
{
    (void)pthread_mutex_unlock(&self->mutex);
}

static void end(sender_t *self, outgoing_t *outgoing)
{
    lock(self);
    queue_add(&self->ended, outgoing);
    unlock(self);
    uint64_t one = 1;
    ssize_t written = write(self->descriptor, &one, sizeof one);
    (void)written; /* EAGAIN: the counter is full, so the descriptor is readable */
}

/* The place of a transfer; of NULL: a free one. */
static transfer_t **place_of(sender_t *self, const transfer_t *transfer)
{
    size_t i = 0;
    while (self->transfers[i] != transfer) {
        i++; /* there is one: running < TRANSFERS_MAX is checked before */
    }
    return &self->transfers[i];
}

static void start(sender_t *self, outgoing_t *outgoing)
{
    if (outgoing->channel == CHANNEL_EMAIL && self->options.maildir) {
        maildir_deliver(self->options.maildir, outgoing);
        end(self, outgoing);
        return;
    }
    transfer_t *transfer = transfer_new(&self->options, &outgoing);
    if (curl_multi_add_handle(self->multi, transfer_easy(transfer)) != CURLM_OK) {
        end(self, transfer_end(&transfer, CURLE_FAILED_INIT));
        return;
    }
    *place_of(self, NULL) = transfer;
    self->running++;
}

/* What libcurl has finished. */
static void finish(sender_t *self)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(self->multi, &left))) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        CURLcode result = message->data.result;
        CURL *easy = message->easy_handle;
        transfer_t *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(self->multi, easy);
        end(self, transfer_end(place_of(self, transfer), result));
        self->running--;
    }
}

/* Starts what was given, one at a time so that a stop is seen between two files; false: stop. */
static bool start_all(sender_t *self)
{
    for (;;) {
        lock(self);
        bool stopping = self->stopping;
        bool full = self->running == TRANSFERS_MAX;
        outgoing_t *outgoing = stopping || full ? NULL : queue_take(&self->given);
        unlock(self);
        if (!outgoing) {
            return !stopping;
        }
        start(self, outgoing);
    }
}

static void *run(void *arg)
{
    sender_t *self = arg;
    while (start_all(self)) {
        int running = 0;
        (void)curl_multi_perform(self->multi, &running);
        finish(self);
        (void)curl_multi_poll(self->multi, NULL, 0, WAIT_MS, NULL);
    }
    return NULL;
}

pia_status_t
sender_new(const sender_options_t *options, sender_t **ret_sender, pia_problem_t *problem)
{
    if (options->maildir && !maildir_make(options->maildir)) {
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "The Maildir %s cannot be made.",
                               options->maildir);
    }
    sender_t *self = pia_alloc(sizeof *self);
    self->options = *options;
    queue_init(&self->given);
    queue_init(&self->ended);
    (void)pthread_mutex_init(&self->mutex, NULL);
    self->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    self->multi = curl_multi_init();
    if (self->descriptor < 0 || !self->multi) {
        abort(); /* no memory or no descriptors at the start: a supervisor says so louder */
    }
    curl_multi_setopt(self->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)TRANSFERS_MAX);
    curl_multi_setopt(self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_PER_HOST);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        abort();
    }
    *ret_sender = self;
    return PIA_OK;
}

/* Transfers that were cut: their deliveries are leased again. */
static void cut_transfers(sender_t *self)
{
    for (size_t i = 0; i < TRANSFERS_MAX; i++) {
        if (self->transfers[i]) {
            curl_multi_remove_handle(self->multi, transfer_easy(self->transfers[i]));
            outgoing_t *outgoing = transfer_end(&self->transfers[i], CURLE_ABORTED_BY_CALLBACK);
            outgoing_destroy(&outgoing);
        }
    }
}

void sender_destroy(sender_t **sender_p)
{
    sender_t *self = *sender_p;
    *sender_p = NULL;
    if (!self) {
        return;
    }
    lock(self);
    self->stopping = true;
    unlock(self);
    (void)curl_multi_wakeup(self->multi);
    (void)pthread_join(self->thread, NULL);
    cut_transfers(self);
    (void)curl_multi_cleanup(self->multi);
    queue_clear(&self->given);
    queue_clear(&self->ended);
    (void)close(self->descriptor);
    (void)pthread_mutex_destroy(&self->mutex);
    free(self);
}

void sender_give(sender_t *sender, outgoing_t **outgoing_p)
{
    lock(sender);
    queue_add(&sender->given, *outgoing_p);
    unlock(sender);
    *outgoing_p = NULL;
    (void)curl_multi_wakeup(sender->multi);
}

outgoing_t *sender_take(sender_t *sender)
{
    lock(sender);
    outgoing_t *outgoing = queue_take(&sender->ended);
    unlock(sender);
    return outgoing;
}

int sender_descriptor(const sender_t *sender)
{
    return sender->descriptor;
}
