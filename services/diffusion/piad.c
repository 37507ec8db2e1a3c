/* piad.c - PIAD01's frames. */
#include "piad.h"

#include <string.h>

#include "pia/event.h"
#include "pia/json.h"
#include "pia/token.h"

#include "buffer.h"

static const char MAGIC[] = "PIAD01";

enum { PUBLISH_FRAMES_MAX = 4 };

bool piad_next_event(piad_frame_t events, size_t *offset, piad_frame_t *ret_event)
{
    const uint8_t *bytes = events.data;
    size_t left = events.size - *offset;
    if (left < 4)
        return false;
    size_t size = bytes_get_u32(bytes + *offset);
    if (size == 0 || size > PIA_EVENT_SIZE_MAX || size > left - 4)
        return false;
    *ret_event = (piad_frame_t){.data = bytes + *offset + 4, .size = size};
    *offset += 4 + size;
    return true;
}

static bool read_u32(piad_frame_t frame, uint32_t *ret_value)
{
    if (frame.size != 4)
        return false;
    *ret_value = bytes_get_u32(frame.data);
    return true;
}

static const char *parse_publish(const piad_frame_t *rest, piad_t *message)
{
    if (rest[0].size != 8)
        return "A request is 8 bytes.";
    message->request = bytes_get_u64(rest[0].data);
    message->token = rest[1];
    message->events = rest[message->frame_count - 1];
    if (message->token.size > PIA_TOKEN_MAX)
        return "A token has at most 1024 bytes.";
    message->goes_on = message->frame_count == PUBLISH_FRAMES_MAX;
    if (message->goes_on && !cursor_parse(rest[2].data, rest[2].size, &message->after))
        return "What it comes after is a cursor.";
    size_t offset = 0;
    piad_frame_t event;
    while (piad_next_event(message->events, &offset, &event))
        message->event_count++;
    if (offset != message->events.size)
        return "The lengths of the events do not fit their frame.";
    if (message->event_count == 0 || message->event_count > PIAD_BATCH_MAX)
        return "A publish has 1 to 1000 events.";
    return NULL;
}

static const char *parse_stream(piad_frame_t frame, piad_t *message)
{
    if (!read_u32(frame, &message->stream) || message->stream == 0)
        return "A stream is 4 bytes, not 0.";
    return NULL;
}

static const char *parse_renew(const piad_frame_t *rest, piad_t *message)
{
    message->token = rest[1];
    if (message->token.size > PIA_TOKEN_MAX)
        return "A token has at most 1024 bytes.";
    return parse_stream(rest[0], message);
}

static const char *parse_subscribe(const piad_frame_t *rest, piad_t *message)
{
    message->json = rest[2];
    return parse_renew(rest, message);
}

static const char *parse_credit(const piad_frame_t *rest, piad_t *message)
{
    if (!read_u32(rest[1], &message->amount) || message->amount > PIAD_CREDIT_MAX)
        return "An amount is 4 bytes, at most 65535.";
    return parse_stream(rest[0], message);
}

static const char *parse_unsubscribe(const piad_frame_t *rest, piad_t *message)
{
    return parse_stream(rest[0], message);
}

static const char *parse_hello(const piad_frame_t *rest, piad_t *message)
{
    message->json = rest[0];
    return NULL;
}

static const char *parse_heartbeat(const piad_frame_t *rest, piad_t *message)
{
    (void)rest;
    (void)message;
    return NULL;
}

static const char *parse_ack(const piad_frame_t *rest, piad_t *message)
{
    message->acks = rest[1];
    if (rest[1].size == 0 || rest[1].size % PIAD_ACK_SIZE != 0 ||
        rest[1].size / PIAD_ACK_SIZE > PIAD_ACKS_MAX)
        return "An ack has 1 to 10000 times 16 bytes.";
    return parse_stream(rest[0], message);
}

static bool is_text(piad_frame_t frame)
{
    json_t *text = json_stringn(frame.data, frame.size);
    bool good = text && strlen(json_string_value(text)) == frame.size;
    json_decref(text);
    return good;
}

static const char *parse_nack(const piad_frame_t *rest, piad_t *message)
{
    if (rest[1].size != 8 || rest[2].size != 8)
        return "A sequence and a fence are 8 bytes.";
    message->sequence = bytes_get_u64(rest[1].data);
    message->fence = bytes_get_u64(rest[2].data);
    message->reason = rest[4];
    if (!read_u32(rest[3], &message->delay_ms) || message->delay_ms > PIAD_DELAY_MAX)
        return "A delay is 4 bytes, at most an hour.";
    if (rest[4].size > PIAD_REASON_MAX || !is_text(rest[4]))
        return "A reason is a text of at most 255 bytes.";
    return parse_stream(rest[0], message);
}

static const char *parse_leave(const piad_frame_t *rest, piad_t *message)
{
    return parse_stream(rest[0], message);
}

/* After magic and command: how many frames, and what they are. */
typedef struct {
    piad_command_t command;
    size_t frames_min, frames_max;
    const char *(*parse)(const piad_frame_t *rest, piad_t *message);
} row_t;

static const row_t rows[] = {
    {PIAD_HELLO, 0, 1, parse_hello},
    {PIAD_PUBLISH, 3, PUBLISH_FRAMES_MAX, parse_publish},
    {PIAD_SUBSCRIBE, 3, 3, parse_subscribe},
    {PIAD_CREDIT, 2, 2, parse_credit},
    {PIAD_UNSUBSCRIBE, 1, 1, parse_unsubscribe},
    {PIAD_HEARTBEAT, 0, 0, parse_heartbeat},
    {PIAD_RENEW, 2, 2, parse_renew},
    {PIAD_JOIN, 3, 3, parse_subscribe},
    {PIAD_ACK, 2, 2, parse_ack},
    {PIAD_NACK, 5, 5, parse_nack},
    {PIAD_LEAVE, 1, 1, parse_leave},
};

const char *piad_parse(const piad_frame_t *frames, size_t count, piad_t *ret_message)
{
    *ret_message = (piad_t){0};
    if (count < 2 || frames[0].size != sizeof MAGIC - 1 ||
        memcmp(frames[0].data, MAGIC, sizeof MAGIC - 1) != 0)
        return "The first frame is not PIAD01.";
    if (frames[1].size != 1)
        return "A command is one byte.";
    uint8_t command = *(const uint8_t *)frames[1].data;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].command != command)
            continue;
        piad_frame_t rest[PIAD_FRAMES_MAX] = {{0}};
        if (count - 2 < rows[i].frames_min || count - 2 > rows[i].frames_max)
            return "The command has another number of frames.";
        memcpy(rest, frames + 2, (count - 2) * sizeof *rest);
        ret_message->command = rows[i].command;
        ret_message->frame_count = count - 2;
        return rows[i].parse(rest, ret_message);
    }
    return "There is no such command.";
}

static pia_status_t
read_cursor(const json_t *json, piad_subscribe_t *subscribe, pia_problem_t *problem)
{
    const char *text = json ? json_string_value(json) : "";
    size_t size = text ? strlen(text) : 0;
    if (text && size == 0)
        subscribe->from = PIAD_FROM_BEGINNING;
    else if (text && strcmp(text, "head") == 0)
        subscribe->from = PIAD_FROM_HEAD;
    else if (text && cursor_parse(text, size, &subscribe->cursor))
        subscribe->from = PIAD_FROM_CURSOR;
    else
        return pia_problem_set(problem, PIA_INVALID, "/cursor",
                               "It is \"\", \"head\" or a cursor got before.");
    return PIA_OK;
}

static pia_status_t
read_credit(const json_t *json, piad_subscribe_t *subscribe, pia_problem_t *problem)
{
    json_int_t credit = json ? json_integer_value(json) : 0;
    if ((json && !json_is_integer(json)) || credit < 0 || credit > PIAD_CREDIT_MAX)
        return pia_problem_set(problem, PIA_INVALID, "/credit", "It is 0 to 65535 events.");
    subscribe->credit = (uint32_t)credit;
    return PIA_OK;
}

static pia_status_t
read_members(const json_t *json, piad_subscribe_t *subscribe, pia_problem_t *problem)
{
    const json_t *cursor = json_object_get(json, "cursor");
    const json_t *credit = json_object_get(json, "credit");
    json_t *filter = json_object_get(json, "filter");
    size_t known = (cursor ? 1U : 0U) + (credit ? 1U : 0U) + (filter ? 1U : 0U);
    if (json_object_size(json) != known)
        return pia_problem_set(problem, PIA_INVALID, "",
                               "A subscribe has cursor, filter and credit.");
    pia_status_t status = read_cursor(cursor, subscribe, problem);
    if (status == PIA_OK)
        status = read_credit(credit, subscribe, problem);
    if (status == PIA_OK && filter && !json_is_null(filter))
        subscribe->filter = json_incref(filter);
    return status;
}

pia_status_t
piad_parse_subscribe(piad_frame_t json, piad_subscribe_t *ret_subscribe, pia_problem_t *problem)
{
    json_t *object = NULL;
    *ret_subscribe = (piad_subscribe_t){0};
    pia_status_t status = pia_json_parse(json.data, json.size, &object, problem);
    if (status != PIA_OK)
        return status;
    status = read_members(object, ret_subscribe, problem);
    json_decref(object);
    return status;
}
