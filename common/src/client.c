/* client.c - requests through the broker, matched to their answers by id. */
#include "pia/client.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"
#include "pia/clock.h"
#include "pia/frames.h"
#include "pia/header.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "pia/uuid.h"

static const char MAGIC[] = "MDPC02";

enum { REQUEST = 1, FINAL = 3 };
enum { HEADER_FRAME = 3, BODY_FRAME = 4, ANSWER_FRAMES = 5 };

enum {
    BUCKETS = 1024, /* power of two */
    PENDING_MAX = 65536,
    BUDGET = 1000,
    MESSAGE_MAX = 2 << 20,
    TOKEN_MAX = 1024,
    TIMEOUT_MAX_MS = 60000,
    RETRY_PAUSE_MS = 200,
    PREFIX_SIZE = 8, /* of an id: random, the client's; then a number */
};

typedef struct pending {
    struct pending *next; /* in its bucket */
    uint64_t number;      /* last 8 bytes of the id */
    int64_t deadline_ms;  /* monotonic */
    bool unread;
    pia_answer_fn *answered;
    void *arg;
} pending_t;

struct pia_client {
    void *zmq; /* not owned */
    void *socket;
    void *monitor; /* NULL: none */
    uint8_t prefix[PREFIX_SIZE];
    uint64_t last_number;
    size_t pending_count;
    int64_t next_deadline_ms; /* not later than the earliest; INT64_MAX: none */
    pending_t *buckets[BUCKETS];
};

pia_client_t *pia_client_new(void *zmq, const char *endpoint)
{
    pia_client_t *client = pia_alloc(sizeof *client);
    uint8_t uuid[PIA_UUID_SIZE];
    pia_uuid7(uuid);
    memcpy(client->prefix, uuid + PIA_UUID_SIZE - PREFIX_SIZE, PREFIX_SIZE);
    client->next_deadline_ms = INT64_MAX;
    client->zmq = zmq;
    client->socket = zmq_socket(zmq, ZMQ_DEALER);
    assert(client->socket);
    pia_socket_prepare(client->socket, MESSAGE_MAX);
    client->monitor = pia_monitor_new(zmq, client->socket);
    if (zmq_connect(client->socket, endpoint) != 0)
        pia_log(PIA_LOG_ERROR, "no broker at %s: %s", endpoint, zmq_strerror(zmq_errno()));
    return client;
}

static pending_t **bucket_of(pia_client_t *client, uint64_t number)
{
    return &client->buckets[number & (BUCKETS - 1)];
}

/* Takes it out of the table; NULL if it is not there (any more). */
static pending_t *take_pending(pia_client_t *client, uint64_t number)
{
    pending_t **link = bucket_of(client, number);
    while (*link && (*link)->number != number)
        link = &(*link)->next;
    pending_t *pending = *link;
    if (pending) {
        *link = pending->next;
        client->pending_count--;
    }
    return pending;
}

static void end_pending(pending_t *pending, const pia_answer_t *answer)
{
    pending->answered(pending->arg, answer);
    free(pending);
}

static void fail_pending(pending_t *pending, pia_status_t status, const char *detail)
{
    pia_answer_t answer = {.status = status};
    (void)pia_problem_set(&answer.problem, status, NULL, "%s", detail);
    end_pending(pending, &answer);
}

/* Ends all that are in flight now; what their callbacks send anew stays. */
static void fail_all(pia_client_t *client, const char *detail)
{
    uint64_t last = client->last_number;
    for (size_t i = 0; i < BUCKETS; i++) {
        pending_t *next;
        for (pending_t *pending = client->buckets[i]; pending; pending = next) {
            next = pending->next;
            if (pending->number > last)
                continue;
            take_pending(client, pending->number);
            fail_pending(pending, PIA_UNAVAILABLE, detail);
            next = client->buckets[i]; /* the bucket may have changed */
            if (next && next->number > last)
                next = NULL;
        }
    }
}

void pia_client_destroy(pia_client_t **client_p)
{
    pia_client_t *client = *client_p;
    if (!client)
        return;
    fail_all(client, "the client is being closed");
    assert(client->pending_count == 0);
    pia_monitor_destroy(&client->monitor, client->socket);
    pia_socket_close(&client->socket, 1000);
    free(client);
    *client_p = NULL;
}

static void put_number(uint8_t *bytes, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_number(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

bool pia_client_may_repeat(const pia_message_t *message, const json_t *body)
{
    if (message->once)
        return false;
    return !message->mutating || json_object_get(body, "idempotency_key");
}

static void
add_header(pia_client_t *client, pia_frames_t *frames, const pia_call_t *call, const json_t *body)
{
    pia_header_t header = {.flags =
                               pia_client_may_repeat(call->message, body) ? PIA_FLAG_REDELIVER : 0,
                           .number = call->message->number,
                           .value = (uint64_t)call->timeout_ms};
    memcpy(header.id, client->prefix, PREFIX_SIZE);
    put_number(header.id + PREFIX_SIZE, client->last_number);
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    pia_frames_add(frames, bytes, sizeof bytes);
}

static void add_service(pia_frames_t *frames, const pia_call_t *call)
{
    const char *name = call->service ? call->service : call->message->name;
    size_t size = call->service ? strlen(name) : strcspn(name, ".");
    pia_frames_add(frames, name, size);
}

static pia_status_t send_request(pia_client_t *client, const pia_call_t *call, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    assert(text);
    uint8_t command = REQUEST;
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, MAGIC);
    pia_frames_add(&frames, &command, 1);
    add_service(&frames, call);
    add_header(client, &frames, call, body);
    pia_frames_add(&frames, call->token, call->token_size);
    pia_frames_add_text(&frames, text);
    free(text);
    return pia_frames_send(&frames, client->socket);
}

void pia_client_send(pia_client_t *client,
                     const pia_call_t *call,
                     const json_t *body,
                     pia_answer_fn *answered,
                     void *arg)
{
    assert(call->timeout_ms >= 1 && call->timeout_ms <= TIMEOUT_MAX_MS);
    assert(call->token_size <= TOKEN_MAX && json_is_object(body));
    pending_t *pending = pia_alloc(sizeof *pending);
    pending->number = ++client->last_number;
    pending->deadline_ms = pia_clock_monotonic() + call->timeout_ms;
    pending->unread = call->unread;
    pending->answered = answered;
    pending->arg = arg;
    if (client->pending_count >= PENDING_MAX || send_request(client, call, body) != PIA_OK) {
        fail_pending(pending, PIA_UNAVAILABLE, "too many requests are waiting for the broker");
        return;
    }
    pending_t **bucket = bucket_of(client, pending->number);
    while (*bucket)
        bucket = &(*bucket)->next; /* at the end: oldest first */
    *bucket = pending;
    client->pending_count++;
    if (pending->deadline_ms < client->next_deadline_ms)
        client->next_deadline_ms = pending->deadline_ms;
}

void *pia_client_socket(pia_client_t *client)
{
    return client->socket;
}

/* Reads the answer's body; a broken one is the service's fault. */
static void read_answer(const pia_frames_t *frames, pia_answer_t *answer, json_t **ret_json)
{
    if (pia_json_parse(pia_frames_data(frames, BODY_FRAME), pia_frames_size(frames, BODY_FRAME),
                       ret_json, NULL) != PIA_OK) {
        answer->status = pia_problem_set(&answer->problem, PIA_INTERNAL, NULL,
                                         "the service's answer is not a JSON object");
        return;
    }
    answer->body = *ret_json;
    if (answer->status != PIA_OK)
        pia_problem_parse(answer->status, *ret_json, &answer->problem);
}

static bool is_answer(const pia_frames_t *frames)
{
    const uint8_t final = FINAL;
    return frames->count == ANSWER_FRAMES && pia_frames_equal_text(frames, 0, MAGIC) &&
           pia_frames_equal(frames, 1, &final, 1);
}

static void handle_answer(pia_client_t *client, const pia_frames_t *frames)
{
    pia_header_t header;
    if (!is_answer(frames) || !pia_header_read(pia_frames_data(frames, HEADER_FRAME),
                                               pia_frames_size(frames, HEADER_FRAME), &header))
        return;
    if (!(header.flags & PIA_FLAG_ANSWER) || memcmp(header.id, client->prefix, PREFIX_SIZE) != 0)
        return;
    pending_t *pending = take_pending(client, get_number(header.id + PREFIX_SIZE));
    if (!pending)
        return; /* too late, or answered before */
    json_t *json = NULL;
    pia_answer_t answer = {.status = pia_status_from_http(header.number),
                           .version = (int64_t)header.value};
    if (pending->unread && answer.status == PIA_OK) {
        answer.bytes = pia_frames_data(frames, BODY_FRAME);
        answer.size = pia_frames_size(frames, BODY_FRAME);
    } else {
        read_answer(frames, &answer, &json);
    }
    end_pending(pending, &answer);
    json_decref(json);
}

/* What was in flight at a broker that died would only be waited for in vain. */
static void check_connection(pia_client_t *client)
{
    if (pia_monitor_lost(client->monitor) && client->pending_count > 0)
        fail_all(client, "the connection to the broker was lost");
}

void pia_client_process(pia_client_t *client)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    for (int i = 0; i < BUDGET; i++) {
        pia_status_t status = pia_frames_recv(&frames, client->socket);
        if (status == PIA_TIMEOUT || status == PIA_UNAVAILABLE)
            break;
        if (status == PIA_OK)
            handle_answer(client, &frames);
        pia_frames_clear(&frames);
    }
    check_connection(client);
}

/* Ends those of a bucket whose time is over; returns the earliest deadline left in it. */
static int64_t expire_bucket(pia_client_t *client, size_t bucket, int64_t now)
{
    int64_t earliest = INT64_MAX;
    pending_t *next;
    for (pending_t *pending = client->buckets[bucket]; pending; pending = next) {
        next = pending->next;
        if (pending->deadline_ms > now) {
            if (pending->deadline_ms < earliest)
                earliest = pending->deadline_ms;
            continue;
        }
        take_pending(client, pending->number);
        fail_pending(pending, PIA_TIMEOUT, "no answer in time");
        next = client->buckets[bucket]; /* the callback may have changed it: from the start */
        earliest = INT64_MAX;
    }
    return earliest;
}

int64_t pia_client_expire(pia_client_t *client)
{
    check_connection(client);
    int64_t now = pia_clock_monotonic();
    if (now >= client->next_deadline_ms) {
        client->next_deadline_ms = INT64_MAX;
        for (size_t i = 0; i < BUCKETS; i++) {
            int64_t earliest = expire_bucket(client, i, now);
            if (earliest < client->next_deadline_ms)
                client->next_deadline_ms = earliest;
        }
    }
    if (client->next_deadline_ms == INT64_MAX)
        return -1;
    int64_t left = client->next_deadline_ms - now;
    return left > 0 ? left : 0;
}

/* What pia_client_call waits for. */
typedef struct {
    bool answered;
    pia_status_t status;
    json_t *body;
    pia_problem_t problem;
} waiter_t;

static void keep_answer(void *arg, const pia_answer_t *answer)
{
    waiter_t *waiter = arg;
    waiter->answered = true;
    waiter->status = answer->status;
    waiter->problem = answer->problem;
    if (answer->status == PIA_OK)
        waiter->body = json_incref((json_t *)answer->body);
}

/* Waits for something to happen, not longer than `wait_ms` (-1: for ever). */
static void wait_a_while(pia_client_t *client, int64_t wait_ms)
{
    zmq_pollitem_t items[] = {{.socket = client->socket, .events = ZMQ_POLLIN},
                              {.socket = client->monitor, .events = ZMQ_POLLIN}};
    (void)zmq_poll(items, client->monitor ? 2 : 1, (long)wait_ms);
    pia_client_process(client);
}

static void
call_once(pia_client_t *client, const pia_call_t *call, const json_t *body, waiter_t *waiter)
{
    pia_client_send(client, call, body, keep_answer, waiter);
    while (!waiter->answered) {
        int64_t left =
            pia_client_expire(client); /* may answer it: then there is nothing to wait for */
        if (!waiter->answered)
            wait_a_while(client, left);
    }
}

static bool takes_key(const pia_message_t *message)
{
    if (!message->mutating)
        return false;
    for (const pia_field_t *field = message->request->fields; field->name; field++)
        if (strcmp(field->name, "idempotency_key") == 0)
            return true;
    return false;
}

/* The body to send: with an idempotency key if it takes one and has none. The caller owns it. */
static json_t *with_key(const pia_message_t *message, const json_t *body)
{
    json_t *copy = json_copy((json_t *)body);
    if (takes_key(message) && !json_object_get(copy, "idempotency_key")) {
        char key[PIA_UUID_TEXT_SIZE];
        pia_uuid7_text(key);
        json_object_set_new(copy, "idempotency_key", json_string(key));
    }
    return copy;
}

/* Lets a moment pass before the second try, so that a worker can come back. */
static void pause_before_retry(pia_client_t *client, int64_t until_ms)
{
    for (;;) {
        int64_t left = until_ms - pia_clock_monotonic();
        if (left <= 0)
            return;
        wait_a_while(client, left);
    }
}

pia_status_t pia_client_call(pia_client_t *client,
                             const pia_call_t *call,
                             const json_t *body,
                             json_t **ret_body,
                             pia_problem_t *problem)
{
    assert(!call->unread);
    int64_t deadline_ms = pia_clock_monotonic() + call->timeout_ms;
    json_t *sent = with_key(call->message, body);
    waiter_t waiter = {0};
    call_once(client, call, sent, &waiter);
    int64_t left = deadline_ms - pia_clock_monotonic() - RETRY_PAUSE_MS;
    if (waiter.status == PIA_UNAVAILABLE && left > 0 &&
        pia_client_may_repeat(call->message, sent)) {
        pause_before_retry(client, deadline_ms - left);
        pia_call_t again = *call;
        again.timeout_ms = left;
        waiter = (waiter_t){0};
        call_once(client, &again, sent, &waiter);
    }
    json_decref(sent);
    if (waiter.status == PIA_OK)
        *ret_body = waiter.body;
    else if (problem)
        *problem = waiter.problem;
    return waiter.status;
}
