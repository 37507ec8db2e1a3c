/* pia.c - PIA on its own socket (PIAD01, proto/README.md): durable publishing, streams. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "bench.h"
#include "pia/frames.h"
#include "token.h"

enum {
    PUBLISH = 0x02,
    SUBSCRIBE = 0x03,
    CREDIT = 0x04,
    HEARTBEAT = 0x06,
    RECEIPT = 0x82,
    DATA = 0x83,
    PROGRESS = 0x84,
    BEAT = 0x88,
    RECORD_HEAD = 28, /* before an event in a data frame */
    CREDIT_MAX = 65535,
    CREDIT_STEP = 16384, /* used up before more is given */
};
#define BEAT_NS (1000LL * 1000 * 1000)
#define MESSAGE_MAX (64LL << 20)

typedef struct {
    token_t token;
    void *socket;
    uint64_t request;         /* of the last publish */
    uint64_t waiting;         /* publishes without a receipt */
    uint32_t counts[1 << 16]; /* events of each publish, by its request's low bits */
    char frame[1000 * (4 + EVENT_SIZE)];
} publisher_t;

static void *connect_socket(void *zmq, const options_t *options)
{
    void *socket = zmq_socket(zmq, ZMQ_DEALER);
    assert(socket);
    pia_socket_prepare(socket, MESSAGE_MAX);
    if (zmq_connect(socket, options->endpoint) != 0)
        die("no PIA at %s: %s", options->endpoint, zmq_strerror(zmq_errno()));
    return socket;
}

static void begin(pia_frames_t *frames, uint8_t command)
{
    pia_frames_init(frames);
    pia_frames_add_text(frames, "PIAD01");
    pia_frames_add(frames, &command, 1);
}

static void add_number(pia_frames_t *frames, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    pia_frames_add(frames, bytes, size);
}

static uint64_t get_number(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static void send_frames(pia_frames_t *frames, void *socket)
{
    if (pia_frames_send(frames, socket) != PIA_OK)
        die("PIA: the queue is full");
}

/* Receives one message; 0 when there is none, else its command. */
static uint8_t receive(pia_frames_t *frames, void *socket)
{
    pia_frames_init(frames);
    pia_status_t status = pia_frames_recv(frames, socket);
    if (status == PIA_TIMEOUT)
        return 0;
    if (status != PIA_OK || frames->count < 2 || pia_frames_size(frames, 1) != 1)
        die("PIA: not PIAD01");
    return *(const uint8_t *)pia_frames_data(frames, 1);
}

static void *publisher_new(const options_t *options, unsigned index)
{
    (void)index;
    publisher_t *publisher = calloc(1, sizeof *publisher);
    if (!publisher)
        die("out of memory");
    token_init(&publisher->token, options->broker, options->key);
    publisher->socket = connect_socket(publisher->token.zmq, options);
    return publisher;
}

static void publisher_send(void *arg, const char *bytes, size_t count)
{
    publisher_t *publisher = arg;
    assert(count <= 1000);
    char *place = publisher->frame;
    for (size_t i = 0; i < count; i++) {
        static const char length[4] = {0, 0, EVENT_SIZE >> 8, (char)(EVENT_SIZE & 0xff)};
        memcpy(place, length, sizeof length);
        memcpy(place + sizeof length, bytes + i * EVENT_SIZE, EVENT_SIZE);
        place += sizeof length + EVENT_SIZE;
    }
    token_renew(&publisher->token);
    publisher->request++;
    publisher->counts[publisher->request & 0xffff] = (uint32_t)count;
    publisher->waiting++;
    pia_frames_t frames;
    begin(&frames, PUBLISH);
    add_number(&frames, publisher->request, 8);
    pia_frames_add(&frames, publisher->token.bytes, publisher->token.size);
    pia_frames_add(&frames, publisher->frame, (size_t)(place - publisher->frame));
    send_frames(&frames, publisher->socket);
}

/* Events of one receipt; dies unless they were stored. */
static uint64_t read_receipt(publisher_t *publisher, const pia_frames_t *frames)
{
    static const char ok[] = "{\"status\":\"ok\"";
    if (frames->count != 4 || pia_frames_size(frames, 2) != 8)
        die("PIA: not a receipt");
    if (pia_frames_size(frames, 3) < sizeof ok ||
        memcmp(pia_frames_data(frames, 3), ok, sizeof ok - 1) != 0)
        die("PIA refused: %.*s", (int)pia_frames_size(frames, 3),
            (const char *)pia_frames_data(frames, 3));
    publisher->waiting--;
    return publisher->counts[get_number(pia_frames_data(frames, 2), 8) & 0xffff];
}

static uint64_t read_receipts(publisher_t *publisher)
{
    uint64_t count = 0;
    pia_frames_t frames;
    uint8_t command;
    while ((command = receive(&frames, publisher->socket)) != 0) {
        if (command == RECEIPT)
            count += read_receipt(publisher, &frames);
        else if (command != BEAT)
            die("PIA sent command %d: %.*s", command,
                (int)pia_frames_size(&frames, frames.count - 1),
                (const char *)pia_frames_data(&frames, frames.count - 1));
        pia_frames_clear(&frames);
    }
    return count;
}

static uint64_t publisher_acknowledged(void *arg, bool block)
{
    publisher_t *publisher = arg;
    uint64_t count = read_receipts(publisher);
    int64_t until = clock_ns() + PATIENCE_NS;
    while (block && count == 0) {
        zmq_pollitem_t item = {.socket = publisher->socket, .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 1000);
        count = read_receipts(publisher);
        if (clock_ns() > until)
            die("PIA: no receipt");
    }
    return count;
}

static uint64_t publisher_drain(void *arg)
{
    publisher_t *publisher = arg;
    uint64_t count = 0;
    while (publisher->waiting > 0)
        count += publisher_acknowledged(publisher, true);
    return count;
}

static void publisher_destroy(void *arg)
{
    publisher_t *publisher = arg;
    pia_socket_close(&publisher->socket, 0);
    token_clear(&publisher->token);
    free(publisher);
}

/* One stream on a connection of its own. */
typedef struct {
    void *socket;
    unsigned index;
    bool covered;  /* it has heard of its cursor */
    uint32_t used; /* events since credit was given */
} follower_t;

static void subscribe(follower_t *follower, const token_t *token, const options_t *options)
{
    bool live = strcmp(options->subscriber, "core") == 0;
    char json[128];
    int size = snprintf(json, sizeof json, "{\"cursor\":\"%s\",\"credit\":%d}",
                        live ? "head" : options->cursor, CREDIT_MAX);
    pia_frames_t frames;
    follower->socket = connect_socket(token->zmq, options);
    begin(&frames, SUBSCRIBE);
    add_number(&frames, 1, 4);
    pia_frames_add(&frames, token->bytes, token->size);
    pia_frames_add(&frames, json, (size_t)size);
    send_frames(&frames, follower->socket);
}

static void read_records(followers_t *followers, follower_t *follower, const pia_frames_t *frames)
{
    const uint8_t *records = pia_frames_data(frames, 5);
    size_t size = pia_frames_size(frames, 5);
    for (size_t offset = 0; offset + RECORD_HEAD <= size;) {
        size_t event = (size_t)get_number(records + offset + RECORD_HEAD - 4, 4);
        offset += RECORD_HEAD;
        followers_event(followers, follower->index, (const char *)records + offset, event);
        offset += event;
        follower->used++;
    }
}

static void give_credit(follower_t *follower)
{
    if (follower->used < CREDIT_STEP)
        return;
    pia_frames_t frames;
    begin(&frames, CREDIT);
    add_number(&frames, 1, 4);
    add_number(&frames, follower->used, 4);
    send_frames(&frames, follower->socket);
    follower->used = 0;
}

static void read_stream(followers_t *followers, follower_t *follower)
{
    pia_frames_t frames;
    uint8_t command;
    while ((command = receive(&frames, follower->socket)) != 0) {
        if (command == DATA)
            read_records(followers, follower, &frames);
        else if (command != PROGRESS && command != BEAT)
            die("PIA sent command %d: %.*s", command,
                (int)pia_frames_size(&frames, frames.count - 1),
                (const char *)pia_frames_data(&frames, frames.count - 1));
        follower->covered = follower->covered || command == DATA || command == PROGRESS;
        pia_frames_clear(&frames);
    }
    give_credit(follower);
}

static void heartbeat(const follower_t *followers, unsigned count, int64_t *next_ns)
{
    if (clock_ns() < *next_ns)
        return;
    for (unsigned i = 0; i < count; i++) {
        pia_frames_t frames;
        begin(&frames, HEARTBEAT);
        send_frames(&frames, followers[i].socket);
    }
    *next_ns = clock_ns() + BEAT_NS;
}

static bool all_covered(const follower_t *followers, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!followers[i].covered)
            return false;
    return true;
}

/* A stream is "core", from now on, or "stream", from the cursor. */
static void follow(followers_t *followers)
{
    static follower_t follower[FOLLOWERS_MAX];
    zmq_pollitem_t items[FOLLOWERS_MAX];
    token_t token;
    token_init(&token, followers->options->broker, followers->options->key);
    for (unsigned i = 0; i < followers->count; i++) {
        follower[i] = (follower_t){.index = i};
        subscribe(&follower[i], &token, followers->options);
        items[i] = (zmq_pollitem_t){.socket = follower[i].socket, .events = ZMQ_POLLIN};
    }
    int64_t next_ns = clock_ns() + BEAT_NS;
    while (!followers_done(followers)) {
        heartbeat(follower, followers->count, &next_ns);
        if (zmq_poll(items, (int)followers->count, 50) <= 0)
            continue;
        for (unsigned i = 0; i < followers->count; i++)
            if (items[i].revents)
                read_stream(followers, &follower[i]);
        if (!atomic_load_explicit(&followers->ready, memory_order_relaxed) &&
            all_covered(follower, followers->count))
            atomic_store(&followers->ready, true);
    }
    for (unsigned i = 0; i < followers->count; i++)
        pia_socket_close(&follower[i].socket, 0);
    token_clear(&token);
}

int main(int argc, char **argv)
{
    static const system_t system = {.name = "pia",
                                    .publisher_new = publisher_new,
                                    .publisher_send = publisher_send,
                                    .publisher_acknowledged = publisher_acknowledged,
                                    .publisher_drain = publisher_drain,
                                    .publisher_destroy = publisher_destroy,
                                    .follow = follow};
    return bench_main(&system, argc, argv);
}
