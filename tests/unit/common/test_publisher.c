/* test_publisher.c - events that are gathered, sent, told of once, and sent again. */
#include "pia/publisher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia_test.h"
#include "stream_codec.h"
#include "test_peer.h"

enum { PUBLISH = 2, RECEIPT = 0x82, DISCONNECT = 0x89, REFUSED = 0x8A };

typedef struct {
    uint64_t tag;
    pia_status_t status;
    uint64_t sequence;
    char pointer[32];
} told_t;

typedef struct {
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *journal;
    pia_publisher_t *publisher;
    told_t told[64];
    size_t count, wanted;
} fixture_t;

static void on_published(void *arg, const pia_published_t *published)
{
    fixture_t *fixture = arg;
    assert_true(fixture->count < 64);
    told_t *told = &fixture->told[fixture->count++];
    *told = (told_t){.tag = published->tag, .status = published->status};
    if (published->receipt)
        told->sequence = published->receipt->sequence;
    if (published->problem)
        snprintf(told->pointer, sizeof told->pointer, "%s", published->problem->pointer);
}

static void process(void *arg)
{
    fixture_t *fixture = arg;
    pia_publisher_process(fixture->publisher);
}

static void tick(void *arg)
{
    fixture_t *fixture = arg;
    pia_publisher_tick(fixture->publisher);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->journal = test_peer_new(fixture->zmq, fixture->loop);
    fixture->publisher =
        pia_publisher_new(&(pia_publisher_options_t){.endpoint = fixture->journal->endpoint,
                                                     .window = 10,
                                                     .frame = 4,
                                                     .on_published = on_published,
                                                     .arg = fixture});
    pia_publisher_set_token(fixture->publisher, "TOKEN", 5);
    pia_loop_add_descriptor(fixture->loop, pia_publisher_descriptor(fixture->publisher), process,
                            fixture);
    (void)pia_loop_add_timer(fixture->loop, 20, tick, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_publisher_destroy(&fixture->publisher);
    test_peer_destroy(&fixture->journal);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    free(fixture);
    return 0;
}

/* Adds events "{N}", tagged N. */
static void add(fixture_t *fixture, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[8];
        int size = snprintf(text, sizeof text, "{%d}", i);
        assert_true(pia_publisher_add(fixture->publisher, text, (size_t)size, (uint64_t)i));
    }
}

/* Takes the next publish, which must hold these events. */
static const pia_frames_t *expect(fixture_t *fixture, const char *events)
{
    char text[256] = "";
    size_t used = 0;
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    assert_int_equal(sent->count, 6);
    assert_true(pia_frames_equal_text(sent, 4, "TOKEN"));
    const uint8_t *bytes = pia_frames_data(sent, 5);
    for (size_t at = 0; at < pia_frames_size(sent, 5); at += 4U + bytes[at + 3])
        used += (size_t)snprintf(text + used, sizeof text - used, "%.*s", bytes[at + 3],
                                 (const char *)bytes + at + 4);
    assert_string_equal(text, events);
    return sent;
}

static void
answer(fixture_t *fixture, const pia_frames_t *to, uint8_t command, const void *body, size_t size)
{
    pia_frames_t frames;
    test_peer_begin(&frames, to);
    pia_frames_add(&frames, &command, 1);
    pia_frames_add(&frames, pia_frames_data(to, 3), 8);
    pia_frames_add(&frames, body, size);
    test_peer_send(fixture->journal, &frames);
}

static void accept_from(fixture_t *fixture, const pia_frames_t *to, uint8_t sequence, size_t count)
{
    uint8_t body[16 + 8 * 45] = {0};
    for (size_t i = 0; i < count; i++)
        body[16 + i * 45 + 11] = (uint8_t)(sequence + i);
    answer(fixture, to, RECEIPT, body, 16 + count * 45);
}

static void refuse(fixture_t *fixture, const pia_frames_t *to, const char *problem)
{
    answer(fixture, to, REFUSED, problem, strlen(problem));
}

static bool has_told(void *arg)
{
    const fixture_t *fixture = arg;
    return fixture->count >= fixture->wanted;
}

/* The tags told of so far, once there are `count`. */
static void expect_told(fixture_t *fixture, size_t count, const char *tags)
{
    char text[256] = "";
    size_t used = 0;
    fixture->wanted = count;
    test_loop_until(fixture->loop, has_told, fixture);
    assert_int_equal(fixture->count, count);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%llu", i ? " " : "",
                                 (unsigned long long)fixture->told[i].tag);
    assert_string_equal(text, tags);
}

static void what_is_added_leaves_together(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 6);
    pia_publisher_flush(fixture->publisher);
    const pia_frames_t *first = expect(fixture, "{1}{2}{3}{4}");
    const pia_frames_t *second = expect(fixture, "{5}{6}");
    accept_from(fixture, second, 11, 2); /* receipts may come in another order */
    accept_from(fixture, first, 7, 4);
    expect_told(fixture, 6, "5 6 1 2 3 4");
    assert_int_equal(fixture->told[1].sequence, 12);
    assert_int_equal(fixture->told[5].sequence, 10);
    assert_int_equal(pia_publisher_pending(fixture->publisher), 0);
}

static void a_full_window_takes_nothing(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 10);
    assert_false(pia_publisher_add(fixture->publisher, "{}", 2, 11));
    accept_from(fixture, expect(fixture, "{1}{2}{3}{4}"), 1, 4);
    expect_told(fixture, 4, "1 2 3 4");
    add(fixture, 11, 14);
    assert_false(pia_publisher_add(fixture->publisher, "{}", 2, 15));
}

static void a_refused_event_does_not_hold_up_its_neighbours(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 4);
    const pia_frames_t *sent = expect(fixture, "{1}{2}{3}{4}");
    refuse(fixture, sent, "{\"status\":\"conflict\",\"detail\":\"x\",\"pointer\":\"/2/id\"}");
    accept_from(fixture, expect(fixture, "{1}{2}{4}"), 1, 3);
    expect_told(fixture, 4, "3 1 2 4");
    assert_int_equal(fixture->told[0].status, PIA_CONFLICT);
    assert_string_equal(fixture->told[0].pointer, "/id");
    assert_int_equal(fixture->told[1].status, PIA_OK);
}

static void a_refusal_of_nothing_in_particular_is_of_all(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 4);
    refuse(fixture, expect(fixture, "{1}{2}{3}{4}"), "{\"status\":\"unauthenticated\"}");
    expect_told(fixture, 4, "1 2 3 4");
    assert_int_equal(fixture->told[3].status, PIA_UNAUTHENTICATED);
}

static void what_cannot_be_stored_now_is_sent_again(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 4);
    refuse(fixture, expect(fixture, "{1}{2}{3}{4}"), "{\"status\":\"unavailable\"}");
    accept_from(fixture, expect(fixture, "{1}{2}{3}{4}"), 1, 4);
    expect_told(fixture, 4, "1 2 3 4");
}

static void frames_refused_together_are_sent_again_in_order(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 10);
    pia_publisher_flush(fixture->publisher);
    const pia_frames_t *first = expect(fixture, "{1}{2}{3}{4}");
    const pia_frames_t *second = expect(fixture, "{5}{6}{7}{8}");
    const pia_frames_t *third = expect(fixture, "{9}{10}");
    refuse(fixture, first, "{\"status\":\"unavailable\"}");
    refuse(fixture, second, "{\"status\":\"unavailable\"}");
    refuse(fixture, third, "{\"status\":\"unavailable\"}");
    accept_from(fixture, expect(fixture, "{1}{2}{3}{4}"), 1, 4);
    accept_from(fixture, expect(fixture, "{5}{6}{7}{8}"), 5, 4);
    accept_from(fixture, expect(fixture, "{9}{10}"), 9, 2);
    expect_told(fixture, 10, "1 2 3 4 5 6 7 8 9 10");
}

static void after_a_lost_connection_all_without_a_receipt_goes_again_in_order(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 10);
    pia_publisher_flush(fixture->publisher);
    const pia_frames_t *first = expect(fixture, "{1}{2}{3}{4}");
    accept_from(fixture, first, 1, 4);
    expect_told(fixture, 4, "1 2 3 4");
    const pia_frames_t *second = expect(fixture, "{5}{6}{7}{8}");
    (void)expect(fixture, "{9}{10}");
    pia_frames_t frames;
    uint8_t command = DISCONNECT;
    test_peer_begin(&frames, second);
    pia_frames_add(&frames, &command, 1);
    test_peer_send(fixture->journal, &frames);
    accept_from(fixture, expect(fixture, "{5}{6}{7}{8}"), 5, 4);
    accept_from(fixture, expect(fixture, "{9}{10}"), 9, 2);
    expect_told(fixture, 10, "1 2 3 4 5 6 7 8 9 10");
}

static void receipts_of_another_number_are_not_believed(void **state)
{
    fixture_t *fixture = *state;
    add(fixture, 1, 4);
    accept_from(fixture, expect(fixture, "{1}{2}{3}{4}"), 1, 3);
    accept_from(fixture, expect(fixture, "{1}{2}{3}{4}"), 1, 4);
    expect_told(fixture, 4, "1 2 3 4");
}

#define WITH_PEER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PEER(what_is_added_leaves_together),
        WITH_PEER(a_full_window_takes_nothing),
        WITH_PEER(a_refused_event_does_not_hold_up_its_neighbours),
        WITH_PEER(a_refusal_of_nothing_in_particular_is_of_all),
        WITH_PEER(what_cannot_be_stored_now_is_sent_again),
        WITH_PEER(frames_refused_together_are_sent_again_in_order),
        WITH_PEER(after_a_lost_connection_all_without_a_receipt_goes_again_in_order),
        WITH_PEER(receipts_of_another_number_are_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
