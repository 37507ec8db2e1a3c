/* test_session.c - a worker's session: what it was asked belongs to the socket it came on. */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "pia_test.h"
#include "test_peer.h"

typedef struct {
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *broker;
    pia_session_t *session;
    const pia_frames_t *ready;
    zmq_msg_t client; /* of the request that has come */
    uint64_t generation;
    int requests;
} fixture_t;

static void on_request(void *arg, pia_session_t *session, pia_frames_t *message)
{
    fixture_t *fixture = arg;
    fixture->generation = pia_session_generation(session);
    zmq_msg_init(&fixture->client);
    assert_int_equal(zmq_msg_copy(&fixture->client, &message->frame[PIA_SESSION_CLIENT]), 0);
    fixture->requests++;
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->broker = test_peer_new(fixture->zmq, fixture->loop);
    pia_session_options_t options = {.loop = fixture->loop,
                                     .zmq = fixture->zmq,
                                     .endpoint = fixture->broker->endpoint,
                                     .name = "test",
                                     .window = 4,
                                     .on_request = on_request,
                                     .arg = fixture};
    fixture->session = pia_session_new(&options);
    fixture->ready = test_peer_take_command(fixture->broker, 1);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_session_destroy(&fixture->session, 0);
    test_peer_destroy(&fixture->broker);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    free(fixture);
    return 0;
}

static bool has_request(void *arg)
{
    return ((const fixture_t *)arg)->requests > 0;
}

/* The broker gives the worker a request; what is kept of it stands in the fixture. */
static void give_request(fixture_t *fixture)
{
    pia_frames_t frames;
    test_peer_begin(&frames, fixture->ready);
    pia_frames_add(&frames, "\x02", 1);
    pia_frames_add_text(&frames, "CLIENT");
    pia_frames_add_empty(&frames);
    pia_frames_add_text(&frames, "question");
    test_peer_send(fixture->broker, &frames);
    fixture->requests = 0;
    test_loop_until(fixture->loop, has_request, fixture);
}

static void disconnect(fixture_t *fixture)
{
    pia_frames_t frames;
    test_peer_begin(&frames, fixture->ready);
    pia_frames_add(&frames, "\x06", 1);
    test_peer_send(fixture->broker, &frames);
    const pia_frames_t *ready = test_peer_take_command(fixture->broker, 1);
    assert_false(pia_frames_equal(ready, 0, pia_frames_data(fixture->ready, 0),
                                  pia_frames_size(fixture->ready, 0))); /* a new socket */
    fixture->ready = ready;
}

static bool has_left(void *arg)
{
    return pia_session_has_left(((const fixture_t *)arg)->session);
}

static void answer(fixture_t *fixture, const char *text)
{
    pia_frames_t body;
    pia_frames_init(&body);
    pia_frames_add_text(&body, text);
    pia_session_answer(fixture->session, fixture->generation, &fixture->client, &body);
    assert_int_equal(body.count, 0);
}

/* The broker has given it to another worker or told its client: a late answer would be one to no
 * request, for which the new session would be sent away with all that it has. */
static void what_an_earlier_session_was_asked_is_not_answered_on_the_next(void **state)
{
    fixture_t *fixture = *state;
    give_request(fixture);
    disconnect(fixture);
    answer(fixture, "too late");
    give_request(fixture);
    answer(fixture, "in time");
    const pia_frames_t *final = test_peer_take_command(fixture->broker, 4);
    assert_true(pia_frames_equal_text(final, 5, "in time"));
}

static void who_leaves_answers_what_it_has(void **state)
{
    fixture_t *fixture = *state;
    give_request(fixture);
    pia_session_leave(fixture->session);
    (void)test_peer_take_command(fixture->broker, 6);
    answer(fixture, "on the way out");
    const pia_frames_t *final = test_peer_take_command(fixture->broker, 4);
    assert_true(pia_frames_equal_text(final, 5, "on the way out"));
    pia_frames_t frames;
    test_peer_begin(&frames, fixture->ready);
    pia_frames_add(&frames, "\x06", 1);
    test_peer_send(fixture->broker, &frames);
    test_loop_until(fixture->loop, has_left, fixture);
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(what_an_earlier_session_was_asked_is_not_answered_on_the_next),
        WITH_BROKER(who_leaves_answers_what_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
