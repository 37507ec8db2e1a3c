/* fuzz_client.c - answers of any form from the broker: each request in flight ends exactly once,
 * and what it is told makes sense. */
#include "fuzz.h"

#include <zmq.h>

#include "pia/client.h"
#include "pia/frames.h"
#include "pia/header.h"
#include "pia/log.h"
#include "proto/messages.h"

enum { REQUESTS = 3, MESSAGES_MAX = 20, FRAMES_MAX = 6, FRAME_MAX = 2000, WAIT_MS = 1000 };

typedef struct {
    void *broker;
    pia_frames_t peer;         /* its first frame names the client */
    uint8_t ids[REQUESTS][16]; /* of the requests */
    int answers[REQUESTS];
} rig_t;

static void on_answer(void *arg, const pia_answer_t *answer)
{
    int *answers = arg;
    (*answers)++;
    if (answer->status == PIA_OK) {
        FUZZ_CHECK(json_is_object(answer->body));
    } else {
        FUZZ_CHECK(answer->problem.status == answer->status);
    }
}

/* What often stands in a frame. */
static const struct {
    const char *bytes;
    size_t size;
} WORDS[] = {{"MDPC02", 6},
             {"\x02", 1},
             {"\x03", 1},
             {"registry", 8},
             {"", 0},
             {"{}", 2},
             {"{\"status\":\"conflict\",\"detail\":\"x\",\"pointer\":\"/a\"}", 50},
             {"{\"status\":7}", 12},
             {"[]", 2}};

static void add_header(fuzz_t *fuzz, const rig_t *rig, pia_frames_t *message)
{
    static const uint16_t numbers[] = {200, 400, 404, 409, 503, 504, 0, 999};
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_t header = {.flags = PIA_FLAG_ANSWER};
    header.number = numbers[fuzz_byte(fuzz) % 8];
    header.value = fuzz_word(fuzz);
    memcpy(header.id, rig->ids[fuzz_byte(fuzz) % REQUESTS], sizeof header.id);
    pia_header_write(&header, bytes);
    pia_frames_add(message, bytes, sizeof bytes);
}

static void add_frame(fuzz_t *fuzz, const rig_t *rig, pia_frames_t *message)
{
    uint8_t choice = fuzz_byte(fuzz);
    if (choice < sizeof WORDS / sizeof WORDS[0]) {
        pia_frames_add(message, WORDS[choice].bytes, WORDS[choice].size);
    } else if (choice < 48) {
        add_header(fuzz, rig, message);
    } else {
        size_t size = 0;
        uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_MAX, &size);
        pia_frames_add(message, bytes, size);
        free(bytes);
    }
}

static void answer_something(fuzz_t *fuzz, rig_t *rig)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add(&message, pia_frames_data(&rig->peer, 0), pia_frames_size(&rig->peer, 0));
    size_t frames = fuzz_byte(fuzz) % FRAMES_MAX + 1;
    for (size_t i = 0; i < frames; i++) {
        add_frame(fuzz, rig, &message);
    }
    (void)pia_frames_send(&message, rig->broker);
}

/* Reads the requests as a broker does, and keeps their ids. */
static void take_requests(rig_t *rig)
{
    for (int i = 0; i < REQUESTS; i++) {
        zmq_pollitem_t item = {.socket = rig->broker, .events = ZMQ_POLLIN};
        pia_header_t header;
        FUZZ_CHECK(zmq_poll(&item, 1, WAIT_MS) == 1);
        pia_frames_clear(&rig->peer);
        FUZZ_CHECK(pia_frames_recv(&rig->peer, rig->broker) == PIA_OK && rig->peer.count == 7);
        FUZZ_CHECK(pia_header_read(pia_frames_data(&rig->peer, 4), pia_frames_size(&rig->peer, 4),
                                   &header));
        memcpy(rig->ids[i], header.id, sizeof header.id);
    }
}

static void send_requests(rig_t *rig, pia_client_t *client)
{
    json_t *body = json_object();
    const pia_call_t call = {
        .service = "registry", .message = pia_messages[0], .timeout_ms = 60000};
    for (int i = 0; i < REQUESTS; i++) {
        pia_client_send(client, &call, body, on_answer, &rig->answers[i]);
    }
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *zmq;
    static void *broker;
    if (zmq == NULL) {
        pia_log_init("fuzz", "fuzz", PIA_LOG_ERROR, false);
        zmq = zmq_ctx_new();
        broker = zmq_socket(zmq, ZMQ_ROUTER);
        FUZZ_CHECK(zmq_bind(broker, "inproc://broker") == 0);
    }
    fuzz_t fuzz = {data, size};
    rig_t rig = {.broker = broker};
    pia_frames_init(&rig.peer);
    pia_client_t *client = pia_client_new(zmq, "inproc://broker");
    send_requests(&rig, client);
    take_requests(&rig);
    for (int i = 0; i < MESSAGES_MAX && fuzz.left > 0; i++) {
        answer_something(&fuzz, &rig);
        pia_client_process(client);
    }
    (void)pia_client_expire(client);
    pia_client_destroy(&client);
    for (int i = 0; i < REQUESTS; i++) {
        FUZZ_CHECK(rig.answers[i] == 1);
    }
    pia_frames_clear(&rig.peer);
    return 0;
}
