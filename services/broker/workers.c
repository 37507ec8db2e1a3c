/* workers.c - the workers' side. */
#include "workers.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/log.h"
#include "pia/memory.h"
#include "requests.h"
#include "services.h"

enum { GONE_MAX = 4096 };

worker_t *worker_find(const broker_t *broker, const pia_frames_t *message)
{
    table_node_t *node = table_find(&broker->workers, pia_frames_data(message, MDP_FRAME_PEER),
                                    pia_frames_size(message, MDP_FRAME_PEER));
    return node ? TABLE_OWNER(node, worker_t, node) : NULL;
}

static worker_t *add_peer(broker_t *broker, const pia_frames_t *message, mdp_dialect_t dialect)
{
    size_t size = pia_frames_size(message, MDP_FRAME_PEER);
    assert(size <= MDP_IDENTITY_MAX);
    worker_t *worker = pia_alloc(sizeof *worker);
    memcpy(worker->identity, pia_frames_data(message, MDP_FRAME_PEER), size);
    worker->dialect = dialect;
    worker->heard_ms = worker->sent_ms = broker->now_ms;
    worker->next_deadline_ms = INT64_MAX;
    table_add(&broker->workers, &worker->node, worker->identity, size);
    worker->next = broker->all_workers;
    if (worker->next)
        worker->next->previous = worker;
    broker->all_workers = worker;
    return worker;
}

static void remove_peer(broker_t *broker, worker_t *worker)
{
    table_remove(&broker->workers, &worker->node);
    *(worker->previous ? &worker->previous->next : &broker->all_workers) = worker->next;
    if (worker->next)
        worker->next->previous = worker->previous;
    free(worker);
}

worker_t *worker_add(broker_t *broker,
                     const pia_frames_t *message,
                     const mdp_message_t *ready,
                     service_t *service)
{
    worker_t *worker = add_peer(broker, message, ready->dialect);
    worker->state = WORKER_READY;
    worker->service = service;
    worker->window = ready->window;
    memcpy(worker->version, ready->version, sizeof worker->version);
    service->workers++;
    broker->workers_ready++;
    service_line_up(worker);
    stats_add(&broker->stats, STATS_READY);
    pia_log(PIA_LOG_INFO, "a worker of %s is ready, window %u", service->name, ready->window);
    return worker;
}

/* Sends what begins with this worker's identity; false if it cannot be reached. */
static void begin(const worker_t *worker, mdp_command_t command, pia_frames_t *message)
{
    pia_frames_init(message);
    pia_frames_add(message, worker->identity, worker->node.key_size);
    mdp_add_command(message, worker->dialect, command);
}

static bool send_bare(broker_t *broker, worker_t *worker, mdp_command_t command)
{
    pia_frames_t message;
    begin(worker, command, &message);
    worker->sent_ms = broker->now_ms;
    return broker->send(broker->send_arg, &message);
}

/* The body: our header with the time that is left now, and the other frames as they are. */
static void add_body(const broker_t *broker, request_t *request, pia_frames_t *message)
{
    size_t first = 1;
    if (request->ours) {
        pia_header_t header = request->header;
        header.value = (uint64_t)(request->deadline_ms - broker->now_ms);
        uint8_t bytes[PIA_HEADER_SIZE];
        pia_header_write(&header, bytes);
        pia_frames_add(message, bytes, sizeof bytes);
        first = 2;
    }
    for (size_t i = first; i < request->frames.count; i++)
        pia_frames_add_message(message, &request->frames.frame[i]);
}

static bool may_be_repeated(const broker_t *broker, const request_t *request)
{
    bool allowed = request->ours ? (request->header.flags & PIA_FLAG_REDELIVER) != 0
                                 : broker->options.plain_redelivered;
    return allowed && request->deliveries < broker->options.deliveries_max;
}

bool worker_give(broker_t *broker, worker_t *worker, request_t *request)
{
    pia_frames_t message;
    begin(worker, MDP_REQUEST, &message);
    pia_frames_add_message(&message, &request->frames.frame[0]);
    pia_frames_add_empty(&message);
    add_body(broker, request, &message);
    if (!broker->send(broker->send_arg, &message))
        return false;
    worker->sent_ms = broker->now_ms;
    stats_add(&broker->stats, STATS_DELIVERED);
    if (request->deliveries++ > 0)
        stats_add(&broker->stats, STATS_REDELIVERED);
    if (!may_be_repeated(broker, request))
        request_drop_body(broker, request);
    request_list_remove(&request->service->queue, request);
    request_list_push(&worker->requests, request);
    request->service->in_flight++;
    if (request->deadline_ms < worker->next_deadline_ms)
        worker->next_deadline_ms = request->deadline_ms;
    return true;
}

static bool answers(const request_t *request, const pia_header_t *header)
{
    if (!header || !request->ours)
        return !header && !request->ours;
    return memcmp(header->id, request->header.id, sizeof header->id) == 0;
}

static bool is_from(const request_t *request, const pia_frames_t *message)
{
    return pia_frames_equal(message, MDP_FRAME_ADDRESS, pia_frames_data(&request->frames, 0),
                            pia_frames_size(&request->frames, 0));
}

request_t *worker_request(const worker_t *worker, const pia_frames_t *message, size_t body)
{
    pia_header_t header;
    bool ours =
        pia_header_read(pia_frames_data(message, body), pia_frames_size(message, body), &header);
    request_t *fallback = NULL;
    for (request_t *request = worker->requests.first; request; request = request->next) {
        if (!is_from(request, message))
            continue;
        if (answers(request, ours ? &header : NULL))
            return request;
        if (!fallback)
            fallback = request;
    }
    /* A plain worker knows nothing of headers: it has one request, and its body is opaque. */
    return worker->dialect == MDP_WORKER ? fallback : NULL;
}

void worker_done(broker_t *broker, worker_t *worker, request_t *request)
{
    request_list_remove(&worker->requests, request);
    worker->service->in_flight--;
    request_destroy(broker, &request);
    if (worker->state == WORKER_READY)
        service_line_up(worker);
}

static void lose_request(broker_t *broker, worker_t *worker, request_t *request)
{
    request_list_remove(&worker->requests, request);
    worker->service->in_flight--;
    if (!request->abandoned && !request->partly_answered && may_be_repeated(broker, request)) {
        service_push_back(request->service, request);
        return;
    }
    if (!request->abandoned) {
        requester_t to = requester_of(request);
        answer_problem(broker, &to, PIA_UNAVAILABLE,
                       "the worker was lost: the request may or may not have been carried out");
    }
    request_destroy(broker, &request);
}

/* Takes a worker out of its service; newest request first, so that the oldest ends in front. */
static void detach(broker_t *broker, worker_t *worker)
{
    service_t *service = worker->service;
    service_step_out(worker);
    while (worker->requests.last)
        lose_request(broker, worker, worker->requests.last);
    if (--service->workers == 0)
        service->alone_ms = broker->now_ms;
    broker->workers_ready--;
    worker->service = NULL;
}

void worker_lose(broker_t *broker, worker_t *worker)
{
    pia_log(PIA_LOG_WARN, "a worker of %s is lost with %zu requests", worker->service->name,
            worker->requests.count);
    stats_add(&broker->stats, STATS_LOST);
    detach(broker, worker);
    remove_peer(broker, worker);
}

/* From here on the peer is only remembered; without room for that it is forgotten at once. */
static void say_disconnect(broker_t *broker, worker_t *worker)
{
    bool reached = send_bare(broker, worker, MDP_DISCONNECT);
    worker->state = WORKER_GONE;
    worker->heard_ms = broker->now_ms;
    broker->workers_gone++;
    if (!reached || broker->workers_gone > GONE_MAX)
        worker_forget(broker, worker);
}

void worker_send_away(broker_t *broker, worker_t *worker)
{
    stats_add(&broker->stats, STATS_DISCONNECTED);
    detach(broker, worker);
    say_disconnect(broker, worker);
}

void worker_refuse(broker_t *broker, const pia_frames_t *message, mdp_dialect_t dialect)
{
    stats_add(&broker->stats, STATS_DISCONNECTED);
    say_disconnect(broker, add_peer(broker, message, dialect));
}

void worker_leave(broker_t *broker, worker_t *worker)
{
    if (worker->dialect == MDP_WINDOWED) {
        service_step_out(worker);
        worker->state = WORKER_LEAVING;
        worker_release(broker, worker);
    } else {
        detach(broker, worker);
        remove_peer(broker, worker);
    }
}

void worker_release(broker_t *broker, worker_t *worker)
{
    if (worker->state != WORKER_LEAVING || worker->requests.count > 0)
        return;
    detach(broker, worker);
    say_disconnect(broker, worker);
}

void worker_forget(broker_t *broker, worker_t *worker)
{
    assert(worker->state == WORKER_GONE);
    broker->workers_gone--;
    remove_peer(broker, worker);
}

/* The clients of requests past their deadline are told; the worker keeps its slot until it answers.
 */
static void abandon_late(broker_t *broker, worker_t *worker)
{
    if (worker->next_deadline_ms > broker->now_ms)
        return;
    worker->next_deadline_ms = INT64_MAX;
    for (request_t *request = worker->requests.first; request; request = request->next) {
        if (request->abandoned)
            continue;
        if (request->deadline_ms > broker->now_ms) {
            if (request->deadline_ms < worker->next_deadline_ms)
                worker->next_deadline_ms = request->deadline_ms;
            continue;
        }
        requester_t to = requester_of(request);
        answer_problem(broker, &to, PIA_TIMEOUT, "the service did not answer in time");
        request->abandoned = true;
        request_drop_body(broker, request);
    }
}

void worker_tick(broker_t *broker, worker_t *worker)
{
    const broker_options_t *options = &broker->options;
    bool silent = broker->now_ms - worker->heard_ms > options->heartbeat_ms * options->liveness;
    if (worker->state == WORKER_GONE) {
        if (silent)
            worker_forget(broker, worker);
        return;
    }
    abandon_late(broker, worker);
    bool lost = silent;
    if (!lost && broker->now_ms - worker->sent_ms >= options->heartbeat_ms)
        lost = !send_bare(broker, worker, MDP_HEARTBEAT);
    if (silent)
        (void)send_bare(broker, worker, MDP_DISCONNECT);
    if (lost)
        worker_lose(broker, worker);
}
