/* piad.h - PIAD01's frames, as in proto/README.md: pure functions over bytes. */
#ifndef DIFFUSION_PIAD_H
#define DIFFUSION_PIAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

#include "cursor.h"

typedef enum {
    PIAD_HELLO = 0x01,
    PIAD_PUBLISH = 0x02,
    PIAD_SUBSCRIBE = 0x03,
    PIAD_CREDIT = 0x04,
    PIAD_UNSUBSCRIBE = 0x05,
    PIAD_HEARTBEAT = 0x06,
    PIAD_RENEW = 0x07,
    PIAD_JOIN = 0x10,
    PIAD_ACK = 0x11,
    PIAD_NACK = 0x12,
    PIAD_LEAVE = 0x13,
    PIAD_WELCOME = 0x81,
    PIAD_RECEIPT = 0x82,
    PIAD_DATA = 0x83,
    PIAD_PROGRESS = 0x84,
    PIAD_GAP = 0x85,
    PIAD_EPOCH = 0x86,
    PIAD_ERROR = 0x87,
    PIAD_BEAT = 0x88,
    PIAD_DISCONNECT = 0x89,
    PIAD_REFUSED = 0x8A,
    PIAD_JOINED = 0x90,
    PIAD_WORK = 0x91,
    PIAD_SETTLED = 0x92,
    PIAD_MOVED = 0x93,
    PIAD_LEFT = 0x94,
} piad_command_t;

enum {
    PIAD_BATCH_MAX = 1000,             /* events in a publish */
    PIAD_FRAME_MAX = 16 * 1024 * 1024, /* bytes of a frame */
    PIAD_CREDIT_MAX = 65535,
    PIAD_FRAMES_MAX = 5, /* of a client's message */
    PIAD_ACK_SIZE = 16,  /* sequence and fence */
    PIAD_ACKS_MAX = 10000,
    PIAD_REASON_MAX = 255,
    PIAD_DELAY_MAX = 3600000, /* ms */
};

typedef struct {
    const void *data;
    size_t size;
} piad_frame_t;

/* A client's message; borrowed from its frames. What a command does not have is 0 or NULL. */
typedef struct {
    piad_command_t command;
    size_t frame_count; /* after the command */
    uint64_t request;
    uint32_t stream;
    uint32_t amount;
    piad_frame_t token;
    piad_frame_t events; /* well formed: 1 to PIAD_BATCH_MAX of them */
    size_t event_count;
    bool goes_on; /* a publish, in the history of `after` only */
    cursor_t after;
    piad_frame_t json;
    piad_frame_t acks; /* 1 to PIAD_ACKS_MAX of PIAD_ACK_SIZE bytes */
    uint64_t sequence, fence;
    uint32_t delay_ms;
    piad_frame_t reason; /* UTF-8 without NUL, at most PIAD_REASON_MAX bytes */
} piad_t;

/* Reads the frames after the identity. NULL if they are a message; else what is wrong, static. */
const char *piad_parse(const piad_frame_t *frames, size_t count, piad_t *ret_message);

/* The next event of an events frame; false at the end or where the lengths do not fit. */
bool piad_next_event(piad_frame_t events, size_t *offset, piad_frame_t *ret_event);

/* What a subscribe asks for. */
typedef enum { PIAD_FROM_BEGINNING, PIAD_FROM_HEAD, PIAD_FROM_CURSOR } piad_from_t;
typedef struct {
    piad_from_t from;
    cursor_t cursor;
    uint32_t credit;
    json_t *filter; /* owned by the caller; NULL: everything */
} piad_subscribe_t;

/* Reads the JSON of a subscribe. PIA_INVALID with a pointer; then nothing is owned. */
pia_status_t
piad_parse_subscribe(piad_frame_t json, piad_subscribe_t *ret_subscribe, pia_problem_t *problem);

#endif
