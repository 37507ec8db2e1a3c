/* fuzz_subscriber.c - a connection to a journal that answers with anything: what the subscriber is
 * told makes sense, and it never subscribes twice to the same stream without being told why. */
#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

#include "pia/link.h"
#include "pia/log.h"
#include "pia/record.h"
#include "stream_codec.h"
#include "stream_private.h"

enum { MESSAGES_MAX = 20, FRAMES_MAX = 7, FRAME_SIZE_MAX = 2000, ASKED_MAX = 4096 };

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
        uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_SIZE_MAX, &size);
        pia_frames_add(message, bytes, size);
        free(bytes);
    }
}

/* The server's side of the connection, which has its greeting. */
static pia_link_t *greet(int listener, pia_stream_t *stream)
{
    bool full = false;
    pia_frames_t frames;
    pia_link_t *link = pia_link_new(PIA_LINK_ROUTER, ASKED_MAX);
    int descriptor = pia_link_accept(listener, &full);
    FUZZ_CHECK(descriptor >= 0);
    pia_link_attach(link, descriptor);
    pia_frames_init(&frames);
    (void)pia_link_flush(link);
    pia_stream_process(stream);
    while (pia_link_recv(link, &frames) == PIA_OK)
        pia_frames_clear(&frames);
    FUZZ_CHECK(pia_link_is_open(link));
    return link;
}

/* A message of 1 to FRAMES_MAX frames; what the subscriber says is thrown away. */
static void send_message(fuzz_t *fuzz, pia_link_t *link)
{
    pia_frames_t message;
    pia_frames_init(&message);
    pia_link_wake(link);
    while (pia_link_recv(link, &message) == PIA_OK)
        pia_frames_clear(&message);
    size_t frames = fuzz_byte(fuzz) % FRAMES_MAX + 1;
    for (size_t i = 0; i < frames; i++)
        add_frame(fuzz, &message);
    (void)pia_link_send(link, &message, 0);
    (void)pia_link_flush(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int listener = -1;
    static char endpoint[64];
    pia_problem_t problem;
    if (listener < 0) {
        pia_log_init("fuzz", "fuzz", PIA_LOG_ERROR, false);
        (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/pia-fuzz-%d", P_tmpdir, getpid());
        FUZZ_CHECK(pia_link_listen(endpoint, &listener, &problem) == PIA_OK);
    }
    fuzz_t fuzz = {data, size};
    subscriber_t self = {.stream = NULL};
    self.stream = pia_stream_new(endpoint, on_message, &self);
    pia_stream_on_backed_up(self.stream, on_backed_up, NULL);
    subscribe(&self);
    pia_link_t *link = greet(listener, self.stream);
    for (int i = 0; i < MESSAGES_MAX && fuzz.left > 0 && self.lost == 0; i++) {
        send_message(&fuzz, link);
        pia_stream_process(self.stream);
    }
    pia_stream_tick(self.stream);
    pia_stream_destroy(&self.stream);
    pia_link_destroy(&link);
    return 0;
}
