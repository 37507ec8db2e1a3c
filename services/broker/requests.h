/* requests.h - holding a client's request and answering it. */
#ifndef BROKER_REQUESTS_H
#define BROKER_REQUESTS_H

#include "state.h"

/* Takes identity and body (from frame `body`) out of `message`; the caller owns the result. */
request_t *request_new(broker_t *broker, pia_frames_t *message, size_t body);
void request_destroy(broker_t *broker, request_t **request_p);

/* Drops the body: it will not be delivered again. */
void request_drop_body(broker_t *broker, request_t *request);

void request_list_push(request_list_t *list, request_t *request);
void request_list_push_front(request_list_t *list, request_t *request);
void request_list_remove(request_list_t *list, request_t *request);

/* Whom to answer: a request held, or a message that is refused at the door. */
typedef struct {
    const void *client;
    size_t client_size;
    const void *service;
    size_t service_size;
    const pia_header_t *header; /* NULL: plain MDP */
} requester_t;

requester_t requester_of(const request_t *request);

/* Sends a FINAL of ours: with our header, status and problem if the request had one, else the
 * text "503 unavailable: …". Counts a client that is gone. */
void answer_problem(broker_t *broker,
                    const requester_t *to,
                    pia_status_t status,
                    const char *detail);

/* Sends a FINAL with our header, 200 and `json`, or to a plain request the `json` alone. */
void answer_json(broker_t *broker, const requester_t *to, const json_t *json);

/* Sends a FINAL with a body of one text frame. */
void answer_text(broker_t *broker, const requester_t *to, const char *text);

/* Passes on a worker's PARTIAL or FINAL, whose body starts at frame `body`. Empties `message`. */
void answer_pass(broker_t *broker,
                 const request_t *request,
                 mdp_command_t command,
                 pia_frames_t *message,
                 size_t body);

#endif
