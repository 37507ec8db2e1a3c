/* fuzz_subscriber.c - a connection to a journal that answers with anything: what the subscriber is
 * told makes sense, and it never subscribes twice to the same stream without being told why. */
#include "fuzz_server.h"

#include "pia/log.h"
#include "pia/record.h"
#include "stream_codec.h"
#include "stream_private.h"

enum { MESSAGES_MAX = 20, FRAMES_MAX = 7, FRAME_MAX = 2000 };

typedef struct {
    pia_stream_t *stream;
    int lost;
} subscriber_t;

/* What often stands in a frame. */
static const struct {
    const char *bytes;
    size_t size;
} WORDS[] = {
    {"PIAD01", 6},
    {"\x81", 1},
    {"\x82", 1},
    {"\x83", 1},
    {"\x84", 1},
    {"\x85", 1},
    {"\x86", 1},
    {"\x87", 1},
    {"\x88", 1},
    {"\x89", 1},
    {"\0\0\0\1", 4},
    {"\0\0\0\2", 4},
    {"\0\0\0\0", 4},
    {"\0\0\0\0\0\0\0\7", 8},
    {"1.0.00000000", 12},
    {"1.2.00000002", 12},
    {"1.4.00000004", 12},
    {"{}", 2},
    {"", 0},
    {"\x8a", 1},
    {"0123456789abcdef1234123456780123456789abcdef0123456789abcdef\0", 61},
    {"{\"status\":\"conflict\",\"detail\":\"x\"}", 34},
    {"{\"backed_up\":\"1.2.00000002\"}", 28},
};

static void subscribe(subscriber_t *self)
{
    for (uint32_t id = 1; id <= 2; id++) {
        pia_stream_subscribe(
            self->stream, id,
            &(pia_subscribe_t){.cursor = "1.0.00000000", .credit = 10, .raw = id == 2});
    }
}

static void on_message(void *arg, const pia_stream_message_t *message)
{
    subscriber_t *self = arg;
    switch (message->kind) {
    case PIA_STREAM_EVENT:
        FUZZ_CHECK(message->event->json != NULL && message->event->type != NULL);
        FUZZ_CHECK(message->stream == 1 || message->stream == 2);
        break;
    case PIA_STREAM_RECORDS:
        FUZZ_CHECK(pia_records_count(message->records, message->size) == message->count);
        FUZZ_CHECK(message->count > 0 && message->stream == 2);
        break;
    case PIA_STREAM_PROGRESS:
    case PIA_STREAM_GAP:
        FUZZ_CHECK(message->from != NULL && message->cursor != NULL);
        FUZZ_CHECK(message->stream == 1 || message->stream == 2);
        break;
    case PIA_STREAM_EPOCH:
        FUZZ_CHECK(message->cursor != NULL);
        pia_stream_subscribe(self->stream, message->stream,
                             &(pia_subscribe_t){.cursor = message->cursor,
                                                .credit = 10,
                                                .raw = message->stream == 2});
        break;
    case PIA_STREAM_ERROR:
        FUZZ_CHECK(message->problem != NULL);
        if (message->stream > 0) {
            pia_stream_subscribe(
                self->stream, message->stream,
                &(pia_subscribe_t){.cursor = "", .credit = 10, .raw = message->stream == 2});
        }
        break;
    case PIA_STREAM_RECEIPT:
        FUZZ_CHECK((message->status == PIA_OK) == (message->receipt_count > 0));
        FUZZ_CHECK((message->status == PIA_OK) == (message->problem == NULL));
        break;
    case PIA_STREAM_LOST:
        self->lost++;
        break;
    }
}

static void on_backed_up(void *arg, const char *cursor)
{
    (void)arg;
    FUZZ_CHECK(pia_cursor_is(cursor, strlen(cursor)));
}

/* Adds what the fuzzer chooses: a word, a record of an event, or bytes. */
static void add_frame(fuzz_t *fuzz, pia_frames_t *message)
{
    static const char record[] = "\0\0\0\1"
                                 "\0\0\0\0\0\0\0\2"
                                 "\0\0\0\0\0\0\0\1"
                                 "\0\0\0\2"
                                 "\0\0\0\x50"
                                 "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"/poles/"
                                 "A\",\"type\":\"a.b\",\"data\":{\"x\":1}}  ";
    uint8_t choice = fuzz_byte(fuzz);
    if (choice < sizeof WORDS / sizeof WORDS[0]) {
        pia_frames_add(message, WORDS[choice].bytes, WORDS[choice].size);
    } else if (choice < 48) {
        pia_frames_add(message, record, 28 + 0x50);
    } else {
        size_t size = 0;
        uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_MAX, &size);
        pia_frames_add(message, bytes, size);
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *zmq;
    static void *server;
    if (zmq == NULL) {
        pia_log_init("fuzz", "fuzz", PIA_LOG_ERROR, false);
        zmq = zmq_ctx_new();
        server = zmq_socket(zmq, ZMQ_ROUTER);
        FUZZ_CHECK(zmq_bind(server, "inproc://diffusion") == 0);
    }
    fuzz_t fuzz = {data, size};
    subscriber_t self = {.stream = NULL};
    self.stream = pia_stream_new(zmq, "inproc://diffusion", on_message, &self);
    pia_stream_on_backed_up(self.stream, on_backed_up, NULL);
    subscribe(&self);
    pia_frames_t peer;
    pia_frames_init(&peer);
    fuzz_server_greet(server, &peer);
    for (int i = 0; i < MESSAGES_MAX && fuzz.left > 0 && self.lost == 0; i++) {
        fuzz_server_send(&fuzz, server, &peer, FRAMES_MAX, add_frame);
        pia_stream_process(self.stream);
    }
    pia_stream_tick(self.stream);
    pia_frames_clear(&peer);
    pia_stream_destroy(&self.stream);
    fuzz_server_drain(server);
    return 0;
}
