/* fuzz_broker.c - any sequence of messages from a few peers, and time passing, on a small broker.
 * Every request is answered at most once, and nothing is left when the broker leaves. */
#include "fuzz.h"

#include "broker.h"
#include "pia/header.h"

enum { PEERS = 4, FRAME_MAX = 300, STEPS_MAX = 200, SENT_FRAMES_MIN = 3 };

static const broker_options_t options = {
    .instance = "broker-1",
    .heartbeat_ms = 100,
    .liveness = 3,
    .queue_max = 4,
    .queue_bytes_max = 2000,
    .services_max = 4,
    .workers_max = 4,
    .deliveries_max = 2,
    .plain_expiry_ms = 500,
    .plain_redelivered = true,
};

/* What often stands in a frame, so that the fuzzer need not find it: chosen by one byte. */
static const struct {
    const char *bytes;
    size_t size;
} WORDS[] = {
    {"MDPC02", 6},    {"MDPW02", 6},
    {"PIAW01", 6},    {"\x01", 1},
    {"\x02", 1},      {"\x03", 1},
    {"\x04", 1},      {"\x05", 1},
    {"\x06", 1},      {"echo", 4},
    {"store", 5},     {"mmi.service", 11},
    {"mmi.stats", 9}, {"mmi.services", 12},
    {"", 0},          {"{\"window\": 2, \"version\": \"1\"}", 30},
    {"A", 1},         {"B", 1},
    {"store#1", 7},   {"mmi.", 4},
};

static bool capture(void *arg, pia_frames_t *message)
{
    const uint8_t *unreachable = arg;
    FUZZ_CHECK(message->count >= SENT_FRAMES_MIN && message->count <= PIA_FRAMES_MAX);
    bool sent = pia_frames_size(message, 0) != 1 ||
                *(const uint8_t *)pia_frames_data(message, 0) != *unreachable;
    pia_frames_clear(message);
    return sent;
}

static void add_header(fuzz_t *fuzz, pia_frames_t *message)
{
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_t header = {.flags = fuzz_byte(fuzz) & (PIA_FLAG_REDELIVER | PIA_FLAG_ANSWER),
                           .number = 1,
                           .value = fuzz_word(fuzz)};
    header.id[0] = fuzz_byte(fuzz);
    pia_header_write(&header, bytes);
    pia_frames_add(message, bytes, sizeof bytes);
}

static void add_frame(fuzz_t *fuzz, pia_frames_t *message)
{
    uint8_t choice = fuzz_byte(fuzz);
    size_t words = sizeof WORDS / sizeof WORDS[0];
    if (choice < words) {
        pia_frames_add(message, WORDS[choice].bytes, WORDS[choice].size);
    } else if (choice < 64) {
        add_header(fuzz, message);
    } else {
        size_t size = 0;
        uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_MAX, &size);
        pia_frames_add(message, bytes, size);
        free(bytes);
    }
}

static void send_message(fuzz_t *fuzz, broker_t *broker, bool cut, int64_t now_ms)
{
    pia_frames_t message;
    pia_frames_init(&message);
    uint8_t peer = (uint8_t)('A' + fuzz_byte(fuzz) % PEERS);
    pia_frames_add(&message, &peer, 1);
    size_t count = cut ? PIA_FRAMES_MAX - 1 : fuzz_byte(fuzz) % PIA_FRAMES_MAX;
    for (size_t i = 0; i < count; i++) {
        add_frame(fuzz, &message);
    }
    if (cut) {
        broker_receive_cut(broker, &message, now_ms);
    } else {
        broker_receive(broker, &message, now_ms);
    }
    FUZZ_CHECK(message.count == 0);
}

static void step(fuzz_t *fuzz, broker_t *broker, uint8_t *unreachable, int64_t *now_ms)
{
    switch (fuzz_byte(fuzz) % 16) {
    case 0:
        *now_ms += fuzz_byte(fuzz);
        broker_tick(broker, *now_ms);
        break;
    case 1:
        *unreachable = (uint8_t)('A' + fuzz_byte(fuzz) % (PEERS + 1));
        break;
    case 2:
        send_message(fuzz, broker, true, *now_ms);
        break;
    case 3:
        json_decref(broker_stats_json(broker));
        json_decref(broker_services_json(broker));
        break;
    case 4:
        if (fuzz_byte(fuzz) == 0) {
            broker_drain(broker);
        }
        break;
    default:
        send_message(fuzz, broker, false, *now_ms);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    int64_t now_ms = 1000000;
    uint8_t unreachable = 0;
    broker_t *broker = broker_new(&options, capture, &unreachable, now_ms);
    for (int i = 0; i < STEPS_MAX && fuzz.left > 0; i++) {
        step(&fuzz, broker, &unreachable, &now_ms);
    }
    broker_leave(broker, now_ms);
    FUZZ_CHECK(broker_is_idle(broker));
    broker_destroy(&broker);
    return 0;
}
