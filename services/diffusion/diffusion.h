/* diffusion.h - the service: what its handlers and its own sockets share. */
#ifndef DIFFUSION_H
#define DIFFUSION_H

#include <stdatomic.h>

#include "pia/fresh.h"
#include "pia/service.h"

#include "feed.h"
#include "guard.h"
#include "journal.h"
#include "matching.h"
#include "publishers.h"
#include "revocations.h"
#include "server.h"

typedef struct diffusion {
    const pia_context_t *context;
    guard_t *guard;            /* made by look, before all else */
    journal_t *journal;        /* store thread */
    matching_t *matching;      /* store thread */
    publishers_t publishers;   /* store thread */
    pia_fresh_t fresh;         /* store thread: for the cache, once committed */
    uint64_t cached;           /* store thread: values set in the cache since the start */
    bool epoch_began;          /* store thread: in this transaction */
    bool epoch_began_before;   /* store thread: when the present job began */
    bool ending;               /* store thread: the process has asked itself to end */
    feed_t *feed;              /* committed batches, from the store thread to the loop's */
    server_t *server;          /* loop thread */
    revocation_t *revocations; /* that were in force when it was opened */
    size_t revocation_count;
    cursor_t head;      /* the journal's end when it was opened */
    cursor_t warm_from; /* where what the feed began with begins */
    struct {
        unsigned long long appended, duplicates;
    } staged; /* store thread: in this transaction */
    atomic_ullong appended, duplicates, refused;
} diffusion_t;

/* Fills what pia_service_main is given; all three live until it returns. */
void diffusion_service(diffusion_t *self, pia_executor_hooks_t *hooks, pia_service_t *ret_service);

/* Handlers, one file a noun. */
void handle_publication_create(void *self, pia_request_t **request_p);
void handle_publication_publish(void *self, pia_request_t **request_p);
void handle_publication_change(void *self, pia_request_t **request_p);
void handle_publication_cancel(void *self, pia_request_t **request_p);
void handle_publication_get(void *self, pia_request_t **request_p);
void handle_publication_list(void *self, pia_request_t **request_p);
void handle_event_append(void *self, pia_request_t **request_p);
void handle_event_list(void *self, pia_request_t **request_p);
void handle_subscription_create(void *self, pia_request_t **request_p);
void handle_subscription_get(void *self, pia_request_t **request_p);
void handle_subscription_list(void *self, pia_request_t **request_p);
void handle_subscription_end(void *self, pia_request_t **request_p);
void handle_subscription_explain(void *self, pia_request_t **request_p);
void handle_audience_list(void *self, pia_request_t **request_p);
void handle_audience_preview(void *self, pia_request_t **request_p);
void handle_group_create(void *self, pia_request_t **request_p);
void handle_group_get(void *self, pia_request_t **request_p);
void handle_group_list(void *self, pia_request_t **request_p);
void handle_group_end(void *self, pia_request_t **request_p);
void handle_parked_list(void *self, pia_request_t **request_p);
void handle_parked_retry(void *self, pia_request_t **request_p);
void handle_parked_skip(void *self, pia_request_t **request_p);
void handle_journal_head(void *self, pia_request_t **request_p);
void handle_journal_verify(void *self, pia_request_t **request_p);
void handle_journal_usage(void *self, pia_request_t **request_p);
void handle_journal_retain(void *self, pia_request_t **request_p);
void handle_journal_begin(void *self, pia_request_t **request_p);
void handle_journal_backed_up(void *self, pia_request_t **request_p);

#endif
