/* test_stream.c - PIAD01 from the client's side: what it sends, what it tells, and what it does
 * with frames that make no sense. */
#include "pia/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/record.h"
#include "pia_test.h"
#include "stream_codec.h"
#include "test_peer.h"

enum { HELLO = 1, PUBLISH, SUBSCRIBE, CREDIT, UNSUBSCRIBE, HEARTBEAT };
enum { WELCOME = 0x81, RECEIPT, DATA, PROGRESS, GAP, EPOCH, ERROR, BEAT, DISCONNECT, REFUSED };

typedef struct {
    pia_stream_kind_t kind;
    uint32_t stream;
    uint64_t request;
    char cursor[PIA_CURSOR_SIZE];
    char type[64];
    pia_status_t status;
    char journal[PIA_UUID_TEXT_SIZE];
    pia_stream_receipt_t last; /* of the receipts */
    size_t receipts;
    uint64_t last_record; /* sequence of the last of the records */
} told_t;

typedef struct {
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *journal;
    pia_stream_t *stream;
    told_t told[64];
    size_t count, wanted;
} fixture_t;

static void on_message(void *arg, const pia_stream_message_t *message)
{
    fixture_t *fixture = arg;
    assert_true(fixture->count < 64);
    told_t *told = &fixture->told[fixture->count++];
    told->kind = message->kind;
    told->stream = message->stream;
    told->request = message->request;
    told->status = message->status;
    if (message->cursor)
        snprintf(told->cursor, sizeof told->cursor, "%s", message->cursor);
    if (message->journal)
        snprintf(told->journal, sizeof told->journal, "%s", message->journal);
    told->receipts = message->receipt_count;
    if (told->receipts)
        told->last = message->receipts[told->receipts - 1];
    if (message->event)
        snprintf(told->type, sizeof told->type, "%s", message->event->type);
    pia_stream_record_t record = {0};
    size_t offset = 0;
    for (size_t i = 0; i < message->count; i++)
        assert_true(pia_record_read(message->records, message->size, &offset, &record));
    assert_int_equal(offset, message->size);
    told->last_record = record.sequence;
}

static void process(void *arg)
{
    fixture_t *fixture = arg;
    pia_stream_process(fixture->stream);
}

static void tick(void *arg)
{
    fixture_t *fixture = arg;
    pia_stream_tick(fixture->stream);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->journal = test_peer_new(fixture->zmq, fixture->loop);
    fixture->stream = pia_stream_new(fixture->journal->endpoint, on_message, fixture);
    pia_loop_add_descriptor(fixture->loop, pia_stream_descriptor(fixture->stream), process,
                            fixture);
    (void)pia_loop_add_timer(fixture->loop, 20, tick, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_stream_destroy(&fixture->stream);
    test_peer_destroy(&fixture->journal);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    free(fixture);
    return 0;
}

static bool has_told(void *arg)
{
    const fixture_t *fixture = arg;
    return fixture->count >= fixture->wanted;
}

static const told_t *wait_for(fixture_t *fixture, size_t count)
{
    fixture->wanted = count;
    test_loop_until(fixture->loop, has_told, fixture);
    return &fixture->told[count - 1];
}

/* Begins a frame of the server to who has sent `to`. */
static void begin(pia_frames_t *frames, const pia_frames_t *to, uint8_t command)
{
    test_peer_begin(frames, to);
    pia_frames_add(frames, &command, 1);
}

static const pia_frames_t *subscribe(fixture_t *fixture, uint32_t id)
{
    pia_subscribe_t options = {.cursor = "", .credit = 10};
    pia_stream_subscribe(fixture->stream, id, &options);
    return test_peer_take_command(fixture->journal, SUBSCRIBE);
}

static size_t add_record(uint8_t *at, uint64_t sequence, const char *event)
{
    size_t size = strlen(event);
    memset(at, 0, 28);
    at[3] = 1; /* epoch */
    at[11] = (uint8_t)sequence;
    at[19] = 5;    /* recorded */
    at[23] = 0xab; /* chain */
    at[26] = (uint8_t)(size >> 8);
    at[27] = (uint8_t)size;
    for (size_t i = 0; i < size; i++)
        at[28 + i] = (uint8_t)event[i];
    return 28 + size;
}

static const char EVENT[] =
    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/x\",\"type\":\"a.b\"}";

static void send_range(fixture_t *fixture,
                       const pia_frames_t *to,
                       uint8_t command,
                       uint32_t stream,
                       const char *const range[2],
                       const pia_frames_t *extra)
{
    pia_frames_t frames;
    begin(&frames, to, command);
    pia_frame_add32(&frames, stream);
    pia_frames_add_text(&frames, range[0]);
    pia_frames_add_text(&frames, range[1]);
    for (size_t i = 0; extra && i < extra->count; i++)
        pia_frames_add(&frames, pia_frames_data(extra, i), pia_frames_size(extra, i));
    test_peer_send(fixture->journal, &frames);
}

static void send_data(fixture_t *fixture,
                      const pia_frames_t *to,
                      const char *const range[2],
                      const void *records,
                      size_t size)
{
    pia_frames_t extra;
    pia_frames_init(&extra);
    pia_frames_add(&extra, records, size);
    send_range(fixture, to, DATA, 1, range, &extra);
    pia_frames_clear(&extra);
}

static void it_says_hello_first(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *hello = test_peer_take(fixture->journal);
    assert_true(pia_frames_equal_text(hello, 1, "PIAD01"));
    assert_true(pia_frames_equal(hello, 2, "\x01", 1));
}

static void a_subscription_is_sent_as_it_is_specified(void **state)
{
    fixture_t *fixture = *state;
    json_t *filter = json_pack("{s:[s]}", "types", "a.b");
    pia_subscribe_t options = {.token = "TOKEN",
                               .token_size = 5,
                               .cursor = "1.7.0000abcd",
                               .filter = filter,
                               .credit = 42};
    pia_stream_subscribe(fixture->stream, 9, &options);
    json_decref(filter);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, SUBSCRIBE);
    assert_true(pia_frames_equal(sent, 3, "\0\0\0\x09", 4));
    assert_true(pia_frames_equal_text(sent, 4, "TOKEN"));
    assert_true(pia_frames_equal_text(
        sent, 5, "{\"cursor\":\"1.7.0000abcd\",\"credit\":42,\"filter\":{\"types\":[\"a.b\"]}}"));
    pia_stream_credit(fixture->stream, 9, 3);
    sent = test_peer_take_command(fixture->journal, CREDIT);
    assert_true(pia_frames_equal(sent, 4, "\0\0\0\x03", 4));
    pia_stream_unsubscribe(fixture->stream, 9);
    sent = test_peer_take_command(fixture->journal, UNSUBSCRIBE);
    assert_true(pia_frames_equal(sent, 3, "\0\0\0\x09", 4));
}

static void events_are_told_then_the_end_of_their_range(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    uint8_t records[512];
    size_t size = add_record(records, 3, EVENT);
    size += add_record(records + size, 5, EVENT);
    const char *const range[] = {"0.0.00000000", "1.6.000000ff"};
    send_data(fixture, sent, range, records, size);
    wait_for(fixture, 3);
    assert_int_equal(fixture->told[0].kind, PIA_STREAM_EVENT);
    assert_string_equal(fixture->told[0].cursor, "1.3.000000ab");
    assert_string_equal(fixture->told[0].type, "a.b");
    assert_int_equal(fixture->told[1].kind, PIA_STREAM_EVENT);
    assert_string_equal(fixture->told[1].cursor, "1.5.000000ab");
    assert_int_equal(fixture->told[2].kind, PIA_STREAM_PROGRESS);
    assert_string_equal(fixture->told[2].cursor, "1.6.000000ff");
    const char *const next[] = {"1.6.000000ff", "1.9.00000001"};
    send_range(fixture, sent, PROGRESS, 1, next, NULL);
    assert_string_equal(wait_for(fixture, 4)->cursor, "1.9.00000001");
}

static const pia_frames_t *subscribe_raw(fixture_t *fixture, uint32_t id)
{
    pia_subscribe_t options = {.cursor = "", .credit = 10, .raw = true};
    pia_stream_subscribe(fixture->stream, id, &options);
    return test_peer_take_command(fixture->journal, SUBSCRIBE);
}

/* Nothing is parsed: what is no JSON is the receiver's to find out. */
static void a_raw_stream_is_told_its_frames_whole(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe_raw(fixture, 1);
    uint8_t records[512];
    size_t size = add_record(records, 3, EVENT);
    size += add_record(records + size, 5, "no JSON");
    const char *const range[] = {"0.0.00000000", "1.6.000000ff"};
    send_data(fixture, sent, range, records, size);
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_STREAM_RECORDS);
    assert_string_equal(told->cursor, "1.6.000000ff");
    assert_int_equal(told->last_record, 5);
    const char *const next[] = {"1.6.000000ff", "1.9.00000001"};
    send_range(fixture, sent, PROGRESS, 1, next, NULL);
    assert_int_equal(wait_for(fixture, 2)->kind, PIA_STREAM_PROGRESS);
}

static void a_raw_frame_that_is_cut_ends_the_connection(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe_raw(fixture, 1);
    uint8_t records[512];
    size_t size = add_record(records, 3, EVENT);
    const char *const range[] = {"0.0.00000000", "1.6.000000ff"};
    send_data(fixture, sent, range, records, size - 1);
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_STREAM_LOST);
}

/* A hole between two ranges would be a silent loss. */
static void a_range_that_does_not_follow_ends_the_connection(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    const char *const first[] = {"0.0.00000000", "1.6.000000ff"};
    const char *const hole[] = {"1.7.000000ff", "1.9.00000001"};
    send_range(fixture, sent, PROGRESS, 1, first, NULL);
    send_range(fixture, sent, PROGRESS, 1, hole, NULL);
    assert_int_equal(wait_for(fixture, 2)->kind, PIA_STREAM_LOST);
    assert_int_equal(subscribe(fixture, 1)->count, 6); /* a new connection works */
}

static void a_gap_is_told_with_its_reason(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    const char *const range[] = {"0.0.00000000", "1.6.000000ff"};
    pia_frames_t extra;
    pia_frames_init(&extra);
    pia_frames_add_text(&extra, "damaged");
    send_range(fixture, sent, GAP, 1, range, &extra);
    pia_frames_clear(&extra);
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_STREAM_GAP);
}

static void another_epoch_ends_the_stream_at_the_common_position(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    pia_frames_t frames;
    begin(&frames, sent, EPOCH);
    pia_frame_add32(&frames, 1);
    pia_frames_add_text(&frames, "1.4.00000004");
    pia_frames_add_text(&frames, "{\"epoch\":2}");
    test_peer_send(fixture->journal, &frames);
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_STREAM_EPOCH);
    assert_string_equal(told->cursor, "1.4.00000004");
    assert_int_equal(subscribe(fixture, 1)->count, 6); /* the number is free again */
}

static const pia_frames_t *publish_one(fixture_t *fixture)
{
    json_t *events = json_pack("[{s:s}]", "id", "1");
    pia_stream_publish(fixture->stream, 77, "T", 1, events);
    json_decref(events);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    assert_true(pia_frames_equal(sent, 3, "\0\0\0\0\0\0\0\x4d", 8));
    assert_true(pia_frames_equal_text(sent, 4, "T"));
    assert_true(pia_frames_equal(sent, 5, "\0\0\0\x0a{\"id\":\"1\"}", 14));
    return sent;
}

static void a_receipt_answers_a_publish(void **state)
{
    static const char receipts[] = "0123456789abcdef"
                                   "\0\0\0\1\0\0\0\0\0\0\0\7"
                                   "--------------------------------\0"
                                   "\0\0\0\2\0\0\0\0\0\0\1\3"
                                   "0123456789abcdef0123456789abcdef\1";
    fixture_t *fixture = *state;
    const pia_frames_t *sent = publish_one(fixture);
    pia_frames_t frames;
    begin(&frames, sent, RECEIPT);
    pia_frame_add64(&frames, 77);
    pia_frames_add(&frames, receipts, sizeof receipts - 1);
    test_peer_send(fixture->journal, &frames);
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_STREAM_RECEIPT);
    assert_int_equal(told->request, 77);
    assert_int_equal(told->status, PIA_OK);
    assert_string_equal(told->journal, "30313233-3435-3637-3839-616263646566");
    assert_int_equal(told->receipts, 2);
    assert_int_equal(told->last.epoch, 2);
    assert_int_equal(told->last.sequence, 0x103);
    assert_memory_equal(told->last.chain, "0123456789abcdef0123456789abcdef", 32);
    assert_true(told->last.duplicate);
}

static void a_refusal_answers_a_publish(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = publish_one(fixture);
    pia_frames_t frames;
    begin(&frames, sent, REFUSED);
    pia_frame_add64(&frames, 77);
    pia_frames_add_text(&frames, "{\"status\":\"conflict\",\"detail\":\"other bytes\"}");
    test_peer_send(fixture->journal, &frames);
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_STREAM_RECEIPT);
    assert_int_equal(told->request, 77);
    assert_int_equal(told->status, PIA_CONFLICT);
}

static void an_error_of_a_stream_ends_it_alone(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    (void)subscribe(fixture, 2);
    pia_frames_t frames;
    begin(&frames, sent, ERROR);
    pia_frame_add32(&frames, 1);
    pia_frames_add_text(&frames, "{\"status\":\"unauthenticated\",\"detail\":\"expired\"}");
    test_peer_send(fixture->journal, &frames);
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_STREAM_ERROR);
    assert_int_equal(told->status, PIA_UNAUTHENTICATED);
    const char *const range[] = {"0.0.00000000", "1.6.000000ff"};
    send_range(fixture, sent, PROGRESS, 1, range, NULL); /* ignored: it has ended */
    send_range(fixture, sent, PROGRESS, 2, range, NULL);
    assert_int_equal(wait_for(fixture, 2)->stream, 2);
}

/* Each of these is nonsense: the connection is dropped, the receiver told, nothing else happens. */
static void nonsense_is_dropped(void **state)
{
    fixture_t *fixture = *state;
    static const struct {
        uint8_t command;
        size_t count;
        const char *frames[4];
        size_t sizes[4];
    } cases[] = {
        {DISCONNECT, 0, {NULL}, {0}},
        {0x42, 0, {NULL}, {0}},
        {RECEIPT, 0, {NULL}, {0}},
        {RECEIPT, 2, {"1234567", "{}"}, {7, 2}},
        {RECEIPT, 2, {"12345678", "0123456789abcdef"}, {8, 16}},
        {RECEIPT,
         2,
         {"12345678", "0123456789abcdef123412345678----------------------------------"},
         {8, 62}},
        {REFUSED, 2, {"12345678", "[]"}, {8, 2}},
        {REFUSED, 2, {"1234567", "{\"status\":\"invalid\"}"}, {7, 20}},
        {REFUSED, 2, {"12345678", "{\"status\":\"ok\"}"}, {8, 15}},
        {PROGRESS, 2, {"\0\0\0\1", "1.1.00000000"}, {4, 12}},
        {PROGRESS, 3, {"\0\0\1", "1.1.00000000", "1.1.00000000"}, {3, 12, 12}},
        {PROGRESS, 3, {"\0\0\0\1", "1.1.0000000", "1.1.00000000"}, {4, 11, 12}},
        {PROGRESS, 3, {"\0\0\0\1", "1.1.00000000", "head"}, {4, 12, 4}},
        {PROGRESS, 3, {"\0\0\0\1", "1.1.00000000", "1.1.0000000A"}, {4, 12, 12}},
        {DATA, 3, {"\0\0\0\1", "1.1.00000000", "1.1.00000000"}, {4, 12, 12}},
        {DATA, 4, {"\0\0\0\1", "1.1.00000000", "1.2.00000000", "x"}, {4, 12, 12, 1}},
        {DATA,
         4,
         {"\0\0\0\1", "1.1.00000000", "1.2.00000000",
          "\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3{}"},
         {4, 12, 12, 30}},
        {DATA,
         4,
         {"\0\0\0\1", "1.1.00000000", "1.2.00000000",
          "\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff{}"},
         {4, 12, 12, 30}},
        {DATA,
         4,
         {"\0\0\0\1", "1.1.00000000", "1.2.00000000",
          "\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2{}"},
         {4, 12, 12, 30}},
        {EPOCH, 2, {"\0\0\0\1", "1.1.00000000"}, {4, 12}},
        {EPOCH, 3, {"\0\0\0\1", "", "{}"}, {4, 0, 2}},
        {ERROR, 1, {"\0\0\0\1"}, {4}},
        {ERROR, 2, {"\0\0\0\1", "no"}, {4, 2}},
    };
    size_t count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < count; i++) {
        const pia_frames_t *sent = subscribe(fixture, 1);
        pia_frames_t frames;
        begin(&frames, sent, cases[i].command);
        for (size_t f = 0; f < cases[i].count; f++)
            pia_frames_add(&frames, cases[i].frames[f], cases[i].sizes[f]);
        test_peer_send(fixture->journal, &frames);
        assert_int_equal(wait_for(fixture, i + 1)->kind, PIA_STREAM_LOST);
    }
}

static void another_magic_is_dropped(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = subscribe(fixture, 1);
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add(&frames, pia_frames_data(sent, 0), pia_frames_size(sent, 0));
    pia_frames_add_text(&frames, "PIAD02");
    pia_frames_add(&frames, "\x88", 1);
    test_peer_send(fixture->journal, &frames);
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_STREAM_LOST);
}

static void it_sends_heartbeats(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(test_peer_take_command(fixture->journal, HEARTBEAT)->count, 3);
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEER(it_says_hello_first),
        WITH_PEER(a_subscription_is_sent_as_it_is_specified),
        WITH_PEER(events_are_told_then_the_end_of_their_range),
        WITH_PEER(a_raw_stream_is_told_its_frames_whole),
        WITH_PEER(a_raw_frame_that_is_cut_ends_the_connection),
        WITH_PEER(a_range_that_does_not_follow_ends_the_connection),
        WITH_PEER(a_gap_is_told_with_its_reason),
        WITH_PEER(another_epoch_ends_the_stream_at_the_common_position),
        WITH_PEER(a_receipt_answers_a_publish),
        WITH_PEER(a_refusal_answers_a_publish),
        WITH_PEER(an_error_of_a_stream_ends_it_alone),
        WITH_PEER(nonsense_is_dropped),
        WITH_PEER(another_magic_is_dropped),
        WITH_PEER(it_sends_heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
