/* requests.c - requests, their lists, and answers to clients. */
#include "requests.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"
#include "pia/problem.h"

enum { SPARE_MAX = 1024, PLAIN_TEXT_MAX = 320 };

static request_t *take_spare(broker_t *broker)
{
    request_t *request = broker->spare;
    if (!request)
        return pia_alloc(sizeof *request);
    broker->spare = request->next;
    broker->spare_count--;
    request->next = NULL;
    return request;
}

request_t *request_new(broker_t *broker, pia_frames_t *message, size_t body)
{
    request_t *request = take_spare(broker);
    request->previous = NULL;
    request->service = NULL;
    pia_frames_init(&request->frames);
    mdp_move(&request->frames, message, MDP_FRAME_PEER);
    request->bytes = 0;
    for (size_t i = body; i < message->count; i++) {
        request->bytes += pia_frames_size(message, i);
        mdp_move(&request->frames, message, i);
    }
    request->ours = pia_header_read(pia_frames_data(&request->frames, 1),
                                    pia_frames_size(&request->frames, 1), &request->header);
    request->arrived_ms = broker->now_ms;
    request->deadline_ms =
        request->ours ? broker->now_ms + (int64_t)request->header.value : INT64_MAX;
    request->deliveries = 0;
    request->partly_answered = false;
    request->abandoned = false;
    broker->held++;
    broker->held_bytes += request->bytes;
    return request;
}

void request_drop_body(broker_t *broker, request_t *request)
{
    while (request->frames.count > 1)
        zmq_msg_close(&request->frames.frame[--request->frames.count]);
    broker->held_bytes -= request->bytes;
    request->bytes = 0;
}

void request_destroy(broker_t *broker, request_t **request_p)
{
    request_t *request = *request_p;
    *request_p = NULL;
    request_drop_body(broker, request);
    pia_frames_clear(&request->frames);
    broker->held--;
    if (broker->spare_count >= SPARE_MAX) {
        free(request);
        return;
    }
    request->next = broker->spare;
    broker->spare = request;
    broker->spare_count++;
}

void request_list_push(request_list_t *list, request_t *request)
{
    request->next = NULL;
    request->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = request;
    list->last = request;
    list->count++;
}

void request_list_push_front(request_list_t *list, request_t *request)
{
    request->previous = NULL;
    request->next = list->first;
    *(list->first ? &list->first->previous : &list->last) = request;
    list->first = request;
    list->count++;
}

void request_list_remove(request_list_t *list, request_t *request)
{
    *(request->previous ? &request->previous->next : &list->first) = request->next;
    *(request->next ? &request->next->previous : &list->last) = request->previous;
    request->next = request->previous = NULL;
    list->count--;
}

requester_t requester_of(const request_t *request)
{
    return (requester_t){
        .client = pia_frames_data(&request->frames, 0),
        .client_size = pia_frames_size(&request->frames, 0),
        .service = request->service->name,
        .service_size = strlen(request->service->name),
        .header = request->ours ? &request->header : NULL,
    };
}

/* The envelope: client, magic, command, service. */
static void begin_answer(pia_frames_t *answer, const requester_t *to, mdp_command_t command)
{
    pia_frames_init(answer);
    pia_frames_add(answer, to->client, to->client_size);
    mdp_add_command(answer, MDP_CLIENT, command);
    pia_frames_add(answer, to->service, to->service_size);
}

static void send_answer(broker_t *broker, pia_frames_t *answer)
{
    if (!broker->send(broker->send_arg, answer))
        stats_add(&broker->stats, STATS_CLIENT_GONE);
}

static void add_header(pia_frames_t *answer, const pia_header_t *request, pia_status_t status)
{
    pia_header_t header = {.flags = PIA_FLAG_ANSWER, .number = (uint16_t)pia_status_http(status)};
    memcpy(header.id, request->id, sizeof header.id);
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    pia_frames_add(answer, bytes, sizeof bytes);
}

static void add_json(pia_frames_t *answer, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    assert(text);
    pia_frames_add_text(answer, text);
    free(text);
}

static void count_refusal(broker_t *broker, pia_status_t status)
{
    if (status == PIA_TIMEOUT)
        stats_add(&broker->stats, STATS_TIMEOUTS);
    else if (status == PIA_UNAVAILABLE)
        stats_add(&broker->stats, STATS_UNAVAILABLE);
    else if (status == PIA_INVALID)
        stats_add(&broker->stats, STATS_INVALID);
}

void answer_problem(broker_t *broker,
                    const requester_t *to,
                    pia_status_t status,
                    const char *detail)
{
    pia_frames_t answer;
    begin_answer(&answer, to, MDP_FINAL);
    if (to->header) {
        pia_problem_t problem = {.status = status};
        pia_problem_set(&problem, status, NULL, "%s", detail);
        json_t *json = pia_problem_json(&problem);
        add_header(&answer, to->header, status);
        add_json(&answer, json);
        json_decref(json);
    } else {
        char text[PLAIN_TEXT_MAX];
        (void)snprintf(text, sizeof text, "%d %s: %s", pia_status_http(status),
                       pia_status_text(status), detail);
        pia_frames_add_text(&answer, text);
    }
    count_refusal(broker, status);
    send_answer(broker, &answer);
}

void answer_json(broker_t *broker, const requester_t *to, const json_t *json)
{
    pia_frames_t answer;
    begin_answer(&answer, to, MDP_FINAL);
    if (to->header)
        add_header(&answer, to->header, PIA_OK);
    add_json(&answer, json);
    send_answer(broker, &answer);
}

void answer_text(broker_t *broker, const requester_t *to, const char *text)
{
    pia_frames_t answer;
    begin_answer(&answer, to, MDP_FINAL);
    pia_frames_add_text(&answer, text);
    send_answer(broker, &answer);
}

void answer_pass(broker_t *broker,
                 const request_t *request,
                 mdp_command_t command,
                 pia_frames_t *message,
                 size_t body)
{
    requester_t to = requester_of(request);
    pia_frames_t answer;
    begin_answer(&answer, &to, command);
    for (size_t i = body; i < message->count; i++)
        mdp_move(&answer, message, i);
    stats_add(&broker->stats, command == MDP_FINAL ? STATS_ANSWERS : STATS_PARTIALS);
    send_answer(broker, &answer);
}
