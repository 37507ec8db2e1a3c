/* broker.c - what each command does: the rules of 18/MDP, in the order in which they are asked. */
#include "broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mmi.h"
#include "pia/memory.h"
#include "pia/problem.h"
#include "requests.h"
#include "services.h"
#include "state.h"
#include "workers.h"

enum { TIME_LEFT_MAX_MS = 60000 };

broker_t *
broker_new(const broker_options_t *options, broker_send_fn *send, void *arg, int64_t now_ms)
{
    broker_t *broker = pia_alloc(sizeof *broker);
    broker->options = *options;
    broker->send = send;
    broker->send_arg = arg;
    broker->started_ms = broker->now_ms = now_ms;
    table_init(&broker->workers);
    table_init(&broker->services);
    return broker;
}

static void destroy_list(broker_t *broker, request_list_t *list)
{
    while (list->first) {
        request_t *request = list->first;
        request_list_remove(list, request);
        request_destroy(broker, &request);
    }
}

void broker_destroy(broker_t **broker_p)
{
    broker_t *broker = *broker_p;
    if (!broker)
        return;
    *broker_p = NULL;
    for (worker_t *worker = broker->all_workers, *next = NULL; worker; worker = next) {
        next = worker->next;
        destroy_list(broker, &worker->requests);
        free(worker);
    }
    for (service_t *service = broker->all_services, *next = NULL; service; service = next) {
        next = service->next;
        destroy_list(broker, &service->queue);
        free(service);
    }
    for (request_t *request = broker->spare, *next = NULL; request; request = next) {
        next = request->next;
        free(request);
    }
    table_free(&broker->workers);
    table_free(&broker->services);
    free(broker);
}

/* Sends a worker away and gives its requests to others. */
static void expel(broker_t *broker, worker_t *worker)
{
    service_t *service = worker->service;
    worker_send_away(broker, worker);
    service_dispatch(broker, service);
    service_settle(broker, service);
}

/* Rule 6: the message is dropped and its peer is invalid: if it was a worker, it no longer is. */
static void drop_invalid(broker_t *broker, const pia_frames_t *message, stats_drop_t reason)
{
    stats_drop(&broker->stats, reason, broker->now_ms);
    if (message->count == 0 || pia_frames_size(message, MDP_FRAME_PEER) == 0 ||
        pia_frames_size(message, MDP_FRAME_PEER) > MDP_IDENTITY_MAX)
        return;
    worker_t *worker = worker_find(broker, message);
    if (worker && worker->state != WORKER_GONE)
        expel(broker, worker);
}

/* Rule 5: valid, but not from this peer, not now: it is told DISCONNECT and then nothing more. */
static void drop_unexpected(broker_t *broker,
                            const pia_frames_t *message,
                            const mdp_message_t *mdp,
                            stats_drop_t reason)
{
    worker_t *worker = worker_find(broker, message);
    if (worker && worker->state == WORKER_GONE) {
        stats_drop(&broker->stats, DROP_AFTER_DISCONNECT, broker->now_ms);
        return;
    }
    stats_drop(&broker->stats, reason, broker->now_ms);
    if (worker)
        expel(broker, worker);
    else
        worker_refuse(broker, message, mdp->dialect);
}

/* Why a request is refused at the door: a status and a sentence. */
typedef struct {
    pia_status_t status;
    const char *detail;
} refusal_t;

static refusal_t check_header(const pia_header_t *header)
{
    if (header->flags & PIA_FLAG_ANSWER)
        return (refusal_t){PIA_INVALID, "the header says that this is an answer"};
    if (header->value > TIME_LEFT_MAX_MS)
        return (refusal_t){PIA_INVALID, "the time left is not 1 to 60000 ms"};
    if (header->value == 0)
        return (refusal_t){PIA_TIMEOUT, "no time is left"};
    return (refusal_t){PIA_OK, NULL};
}

static refusal_t check_room(const broker_t *broker, const service_t *service)
{
    if (broker->draining)
        return (refusal_t){PIA_UNAVAILABLE, "the broker is leaving: ask again"};
    if (!service)
        return (refusal_t){PIA_UNAVAILABLE, "too many services are being asked for"};
    if (service->queue.count >= (size_t)broker->options.queue_max)
        return (refusal_t){PIA_UNAVAILABLE, "the service's queue is full"};
    if (broker->held_bytes >= (size_t)broker->options.queue_bytes_max)
        return (refusal_t){PIA_UNAVAILABLE, "the broker's memory for requests is full"};
    return (refusal_t){PIA_OK, NULL};
}

static requester_t
requester_at_door(const pia_frames_t *message, const mdp_message_t *mdp, pia_header_t *ret_header)
{
    bool ours = pia_header_read(pia_frames_data(message, mdp->body),
                                pia_frames_size(message, mdp->body), ret_header);
    return (requester_t){
        .client = pia_frames_data(message, MDP_FRAME_PEER),
        .client_size = pia_frames_size(message, MDP_FRAME_PEER),
        .service = pia_frames_data(message, MDP_FRAME_NAME),
        .service_size = pia_frames_size(message, MDP_FRAME_NAME),
        .header = ours ? ret_header : NULL,
    };
}

/* A peer that was sent away may come back, on a new socket: its identity starts anew. One that
 * libzmq made up (5 bytes, the first 0) never belongs to a new socket. */
static worker_t *find_current(broker_t *broker, const pia_frames_t *message)
{
    worker_t *worker = worker_find(broker, message);
    bool made_up = worker && worker->node.key_size == 5 && worker->identity[0] == 0;
    if (!worker || worker->state != WORKER_GONE || made_up)
        return worker;
    worker_forget(broker, worker);
    return NULL;
}

static void on_request(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    if (find_current(broker, message)) {
        drop_unexpected(broker, message, mdp, DROP_WORKER_ASKS);
        return;
    }
    stats_add(&broker->stats, STATS_REQUESTS);
    pia_header_t header;
    requester_t to = requester_at_door(message, mdp, &header);
    if (mmi_owns(to.service, to.service_size)) {
        mmi_answer(broker, &to, message, mdp->body);
        return;
    }
    refusal_t refusal = to.header ? check_header(to.header) : (refusal_t){PIA_OK, NULL};
    service_t *service = NULL;
    if (refusal.status == PIA_OK) {
        service = service_asked(broker, to.service, to.service_size);
        refusal = check_room(broker, service);
    }
    if (refusal.status != PIA_OK) {
        answer_problem(broker, &to, refusal.status, refusal.detail);
    } else {
        service_push(service, request_new(broker, message, mdp->body));
        service_dispatch(broker, service);
    }
    if (service)
        service_settle(broker, service);
}

static void on_ready(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    if (find_current(broker, message)) {
        drop_unexpected(broker, message, mdp, DROP_SECOND_READY); /* rule 4 */
        return;
    }
    const void *name = pia_frames_data(message, MDP_FRAME_NAME);
    size_t size = pia_frames_size(message, MDP_FRAME_NAME);
    if (mmi_owns(name, size)) {
        drop_unexpected(broker, message, mdp, DROP_MMI_READY); /* rule 11 */
        return;
    }
    if (broker->draining) {
        worker_refuse(broker, message, mdp->dialect);
        return;
    }
    if (broker->workers_ready >= (size_t)broker->options.workers_max) {
        drop_unexpected(broker, message, mdp, DROP_TOO_MANY_WORKERS);
        return;
    }
    service_t *service = service_served(broker, name, size);
    (void)worker_add(broker, message, mdp, service);
    service_dispatch(broker, service);
    service_settle(broker, service);
}

/* The worker behind a message that only a registered one may send, heard of now; else NULL, and
 * the peer was told off. */
static worker_t *registered(broker_t *broker, const pia_frames_t *message, const mdp_message_t *mdp)
{
    worker_t *worker = worker_find(broker, message);
    if (!worker || worker->state == WORKER_GONE) {
        drop_unexpected(broker, message, mdp, DROP_NOT_READY);
        return NULL;
    }
    if (worker->dialect != mdp->dialect) {
        drop_unexpected(broker, message, mdp, DROP_DIALECT);
        return NULL;
    }
    worker->heard_ms = broker->now_ms;
    return worker;
}

static void on_partial(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    worker_t *worker = registered(broker, message, mdp);
    if (!worker)
        return;
    request_t *request = worker_request(worker, message, mdp->body);
    if (!request) {
        drop_unexpected(broker, message, mdp, DROP_NO_REQUEST);
        return;
    }
    request->partly_answered = true;
    if (!request->abandoned)
        answer_pass(broker, request, MDP_PARTIAL, message, mdp->body);
}

static void on_final(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    worker_t *worker = registered(broker, message, mdp);
    if (!worker)
        return;
    request_t *request = worker_request(worker, message, mdp->body);
    if (!request) {
        drop_unexpected(broker, message, mdp, DROP_NO_REQUEST); /* rules 2 and 5 */
        return;
    }
    if (request->abandoned)
        stats_add(&broker->stats, STATS_LATE);
    else
        answer_pass(broker, request, MDP_FINAL, message, mdp->body);
    service_t *service = worker->service;
    worker_done(broker, worker, request);
    worker_release(broker, worker);
    service_dispatch(broker, service);
    service_settle(broker, service);
}

static void on_heartbeat(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    (void)registered(broker, message, mdp);
}

static void on_disconnect(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    worker_t *worker = worker_find(broker, message);
    if (!worker || worker->state == WORKER_GONE)
        return; /* both said goodbye */
    if (!registered(broker, message, mdp) || worker->state == WORKER_LEAVING)
        return;
    service_t *service = worker->service;
    stats_add(&broker->stats, STATS_LEFT);
    worker_leave(broker, worker);
    service_dispatch(broker, service);
    service_settle(broker, service);
}

static void handle(broker_t *broker, pia_frames_t *message, const mdp_message_t *mdp)
{
    switch (mdp->command) {
    case MDP_REQUEST:
        on_request(broker, message, mdp);
        return;
    case MDP_READY:
        on_ready(broker, message, mdp);
        return;
    case MDP_PARTIAL:
        on_partial(broker, message, mdp);
        return;
    case MDP_FINAL:
        on_final(broker, message, mdp);
        return;
    case MDP_HEARTBEAT:
        on_heartbeat(broker, message, mdp);
        return;
    case MDP_DISCONNECT:
        on_disconnect(broker, message, mdp);
        return;
    }
}

void broker_receive(broker_t *broker, pia_frames_t *message, int64_t now_ms)
{
    broker->now_ms = now_ms;
    mdp_message_t mdp;
    stats_drop_t reason = mdp_parse(message, &mdp);
    if (reason == DROP_NONE)
        handle(broker, message, &mdp);
    else
        drop_invalid(broker, message, reason);
    pia_frames_clear(message);
}

void broker_receive_cut(broker_t *broker, pia_frames_t *message, int64_t now_ms)
{
    broker->now_ms = now_ms;
    drop_invalid(broker, message, DROP_LONG);
    pia_frames_clear(message);
}

static void refuse_queue(broker_t *broker, service_t *service)
{
    while (service->queue.first) {
        request_t *request = service->queue.first;
        requester_t to = requester_of(request);
        answer_problem(broker, &to, PIA_UNAVAILABLE, "the broker is leaving: ask again");
        request_list_remove(&service->queue, request);
        request_destroy(broker, &request);
    }
}

void broker_tick(broker_t *broker, int64_t now_ms)
{
    broker->now_ms = now_ms;
    for (worker_t *worker = broker->all_workers, *next = NULL; worker; worker = next) {
        next = worker->next;
        worker_tick(broker, worker);
    }
    for (service_t *service = broker->all_services, *next = NULL; service; service = next) {
        next = service->next;
        service_dispatch(broker, service);
        service_expire(broker, service);
        if (broker->draining && service->workers == 0)
            refuse_queue(broker, service); /* no worker is let in any more */
        service_settle(broker, service);
    }
}

void broker_drain(broker_t *broker)
{
    broker->draining = true;
}

bool broker_is_idle(const broker_t *broker)
{
    return broker->held == 0;
}

void broker_leave(broker_t *broker, int64_t now_ms)
{
    broker->now_ms = now_ms;
    broker->draining = true;
    for (worker_t *worker = broker->all_workers, *next = NULL; worker; worker = next) {
        next = worker->next;
        if (worker->state != WORKER_GONE)
            worker_send_away(broker, worker);
    }
    for (service_t *service = broker->all_services, *next = NULL; service; service = next) {
        next = service->next;
        refuse_queue(broker, service);
        service_settle(broker, service);
    }
    assert(broker->held == 0);
}
