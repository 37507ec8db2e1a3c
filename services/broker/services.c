/* services.c - first in, first out per service; round robin among its workers. */
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"
#include "pia/problem.h"
#include "requests.h"
#include "workers.h"

service_t *service_find(const broker_t *broker, const void *name, size_t size)
{
    table_node_t *node = table_find(&broker->services, name, size);
    return node ? TABLE_OWNER(node, service_t, node) : NULL;
}

static service_t *service_add(broker_t *broker, const void *name, size_t size)
{
    service_t *service = pia_alloc(sizeof *service);
    memcpy(service->name, name, size);
    service->next_deadline_ms = INT64_MAX;
    service->alone_ms = broker->now_ms;
    table_add(&broker->services, &service->node, service->name, size);
    service->next = broker->all_services;
    if (service->next)
        service->next->previous = service;
    broker->all_services = service;
    return service;
}

service_t *service_asked(broker_t *broker, const void *name, size_t size)
{
    service_t *service = service_find(broker, name, size);
    if (service || broker->services.count >= (size_t)broker->options.services_max)
        return service;
    return service_add(broker, name, size);
}

service_t *service_served(broker_t *broker, const void *name, size_t size)
{
    service_t *service = service_find(broker, name, size);
    return service ? service : service_add(broker, name, size);
}

void service_settle(broker_t *broker, service_t *service)
{
    if (service->workers > 0 || service->queue.count > 0)
        return;
    table_remove(&broker->services, &service->node);
    *(service->previous ? &service->previous->next : &broker->all_services) = service->next;
    if (service->next)
        service->next->previous = service->previous;
    free(service);
}

static void note_deadline(service_t *service, const request_t *request)
{
    if (request->deadline_ms < service->next_deadline_ms)
        service->next_deadline_ms = request->deadline_ms;
}

void service_push(service_t *service, request_t *request)
{
    request->service = service;
    request_list_push(&service->queue, request);
    note_deadline(service, request);
}

void service_push_back(service_t *service, request_t *request)
{
    request_list_push_front(&service->queue, request);
    note_deadline(service, request);
}

void service_line_up(worker_t *worker)
{
    service_t *service = worker->service;
    if (worker->in_ready || worker->state != WORKER_READY ||
        worker->requests.count >= worker->window)
        return;
    worker->ready_next = NULL;
    worker->ready_previous = service->ready_last;
    *(service->ready_last ? &service->ready_last->ready_next : &service->ready_first) = worker;
    service->ready_last = worker;
    worker->in_ready = true;
}

void service_step_out(worker_t *worker)
{
    service_t *service = worker->service;
    if (!worker->in_ready)
        return;
    *(worker->ready_previous ? &worker->ready_previous->ready_next : &service->ready_first) =
        worker->ready_next;
    *(worker->ready_next ? &worker->ready_next->ready_previous : &service->ready_last) =
        worker->ready_previous;
    worker->in_ready = false;
}

/* The answer of an expired request says whether there was anyone to ask. */
static void expire_one(broker_t *broker, service_t *service, request_t *request)
{
    char detail[PIA_DETAIL_MAX];
    (void)snprintf(detail, sizeof detail,
                   service->workers > 0 ? "no worker of '%s' had room in time"
                                        : "no worker of '%s' is there",
                   service->name);
    requester_t to = requester_of(request);
    answer_problem(broker, &to, PIA_TIMEOUT, detail);
    request_list_remove(&service->queue, request);
    request_destroy(broker, &request);
}

void service_dispatch(broker_t *broker, service_t *service)
{
    while (service->queue.first && service->ready_first) {
        request_t *request = service->queue.first;
        if (request->deadline_ms <= broker->now_ms) {
            expire_one(broker, service, request);
            continue;
        }
        worker_t *worker = service->ready_first;
        if (worker_give(broker, worker, request)) {
            service_step_out(worker);
            service_line_up(worker);
        } else {
            worker_lose(broker, worker); /* its requests come back to this queue, or are answered */
        }
    }
}

/* When a waiting request ends; a plain one only where nobody serves. */
static int64_t waits_until(const broker_t *broker, const request_t *request)
{
    if (request->ours || request->service->workers > 0)
        return request->deadline_ms;
    int64_t alone_ms = request->service->alone_ms;
    return (request->arrived_ms > alone_ms ? request->arrived_ms : alone_ms) +
           broker->options.plain_expiry_ms;
}

void service_expire(broker_t *broker, service_t *service)
{
    if (service->workers > 0 && service->next_deadline_ms > broker->now_ms)
        return;
    service->next_deadline_ms = INT64_MAX;
    for (request_t *request = service->queue.first, *next = NULL; request; request = next) {
        next = request->next;
        if (waits_until(broker, request) <= broker->now_ms)
            expire_one(broker, service, request);
        else
            note_deadline(service, request);
    }
}
