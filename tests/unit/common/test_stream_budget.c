/* test_stream_budget.c - a journal that sends without end keeps its client's thread only so long.
 */
#include "pia/stream.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/link.h"
#include "pia/uuid.h"
#include "pia_test.h"
#include "stream_codec.h"

enum { REFUSED = 0x8A, FRAME_MAX = 1 << 20, DEADLINE_MS = 10000, STEP_MS = 5 };

typedef struct {
    char endpoint[96];
    int listener;
    pia_stream_t *stream;
    pia_link_t *journal; /* its side of the connection */
    uint64_t told;       /* refusals, in order */
} fixture_t;

static void on_message(void *arg, const pia_stream_message_t *message)
{
    fixture_t *fixture = arg;
    assert_int_equal(message->kind, PIA_STREAM_RECEIPT);
    assert_int_equal(message->request, fixture->told);
    fixture->told++;
    pia_stream_credit(fixture->stream, 1, 1); /* which a receiver may do in here */
}

/* What the client said: how many messages. */
static size_t take_all(pia_link_t *link)
{
    size_t count = 0;
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_link_wake(link);
    for (; pia_link_recv(link, &frames) == PIA_OK; count++)
        pia_frames_clear(&frames);
    return count;
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    char uuid[PIA_UUID_TEXT_SIZE];
    pia_problem_t problem = {0};
    bool full = false;
    assert_non_null(fixture);
    pia_uuid7_text(uuid);
    (void)snprintf(fixture->endpoint, sizeof fixture->endpoint, "ipc://%s/pia-budget-%s", P_tmpdir,
                   uuid);
    assert_int_equal(pia_link_listen(fixture->endpoint, &fixture->listener, &problem), PIA_OK);
    fixture->stream = pia_stream_new(fixture->endpoint, on_message, fixture);
    fixture->journal = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    pia_link_attach(fixture->journal, pia_link_accept(fixture->listener, &full));
    assert_true(pia_link_flush(fixture->journal));
    pia_stream_process(fixture->stream);
    pia_stream_subscribe(fixture->stream, 1, &(pia_subscribe_t){.cursor = "", .credit = 1});
    assert_int_equal(take_all(fixture->journal), 2); /* the hello too */
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_stream_destroy(&fixture->stream);
    pia_link_destroy(&fixture->journal);
    (void)close(fixture->listener);
    (void)unlink(strchr(fixture->endpoint, '/') + 2);
    free(fixture);
    return 0;
}

static void refuse(pia_link_t *journal, uint64_t request)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, "PIAD01");
    pia_frames_add(&frames, &(uint8_t){REFUSED}, 1);
    pia_frame_add64(&frames, request);
    pia_frames_add_text(&frames, "{\"status\":\"conflict\"}");
    assert_int_equal(pia_link_send(journal, &frames, 0), PIA_OK);
}

static bool is_readable(const fixture_t *fixture, int patience_ms)
{
    struct pollfd entry = {.fd = pia_stream_descriptor(fixture->stream), .events = POLLIN};
    return poll(&entry, 1, patience_ms) == 1;
}

/* What is said meanwhile has left when the round ends. */
static void each_round_has_its_end_and_the_next_goes_on(void **state)
{
    enum { COUNT = 3000, BUDGET = 1000, READ_ALONG = 8192 / 43 + 1 /* bytes of one */ };
    fixture_t *fixture = *state;
    for (uint64_t i = 0; i < COUNT; i++)
        refuse(fixture->journal, i);
    assert_true(pia_link_flush(fixture->journal) && !pia_link_has_output(fixture->journal));
    for (uint64_t before = 0; before < COUNT; before = fixture->told) {
        assert_true(is_readable(fixture, DEADLINE_MS));
        pia_stream_process(fixture->stream);
        assert_in_range(fixture->told - before, 1, BUDGET + READ_ALONG);
        assert_int_equal(take_all(fixture->journal), fixture->told - before);
    }
    assert_int_equal(fixture->told, COUNT);
    assert_false(is_readable(fixture, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_round_has_its_end_and_the_next_goes_on, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
