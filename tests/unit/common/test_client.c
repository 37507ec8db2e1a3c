/* test_client.c - many requests on one socket: matched by id, each answered exactly once. The
 * broker is played by the test. */
#include "pia/client.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/header.h"
#include "pia_test.h"
#include "proto/key.h"
#include "proto/service.h"
#include "test_peer.h"

typedef struct {
    bool answered;
    int times;
    pia_status_t status;
    int64_t version;
    char detail[PIA_DETAIL_MAX];
    json_int_t number;
} got_t;

typedef struct {
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *broker;
    pia_client_t *client;
} fixture_t;

static void process(void *arg)
{
    fixture_t *fixture = arg;
    pia_client_process(fixture->client);
}

static void expire(void *arg)
{
    fixture_t *fixture = arg;
    (void)pia_client_expire(fixture->client);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->broker = test_peer_new(fixture->zmq, fixture->loop);
    fixture->client = pia_client_new(fixture->zmq, fixture->broker->endpoint);
    pia_loop_add_socket(fixture->loop, pia_client_socket(fixture->client), process, fixture);
    (void)pia_loop_add_timer(fixture->loop, 5, expire, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_client_destroy(&fixture->client);
    test_peer_destroy(&fixture->broker);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    free(fixture);
    return 0;
}

static void answered(void *arg, const pia_answer_t *answer)
{
    got_t *got = arg;
    got->answered = true;
    got->times++;
    got->status = answer->status;
    got->version = answer->version;
    got->number = json_integer_value(json_object_get(answer->body, "n"));
    snprintf(got->detail, sizeof got->detail, "%s", answer->problem.detail);
}

static void send(fixture_t *fixture, const pia_message_t *message, int64_t timeout_ms, got_t *got)
{
    pia_call_t call = {
        .message = message, .token = "TOKEN", .token_size = 5, .timeout_ms = timeout_ms};
    json_t *body = json_object();
    pia_client_send(fixture->client, &call, body, answered, got);
    json_decref(body);
}

static bool is_answered(void *arg)
{
    return ((const got_t *)arg)->answered;
}

static void read_header(const pia_frames_t *request, pia_header_t *ret_header)
{
    assert_int_equal(request->count, 7);
    assert_true(
        pia_header_read(pia_frames_data(request, 4), pia_frames_size(request, 4), ret_header));
}

static void answer(fixture_t *fixture,
                   const pia_frames_t *request,
                   pia_header_t header,
                   uint16_t status,
                   const char *body)
{
    uint8_t bytes[PIA_HEADER_SIZE];
    header.flags = PIA_FLAG_ANSWER;
    header.number = status;
    header.value = 7;
    pia_header_write(&header, bytes);
    pia_frames_t frames;
    test_peer_begin(&frames, request);
    pia_frames_add(&frames, "\x03", 1);
    pia_frames_add_text(&frames, "service");
    pia_frames_add(&frames, bytes, sizeof bytes);
    pia_frames_add_text(&frames, body);
    test_peer_send(fixture->broker, &frames);
}

static void a_request_is_sent_as_it_is_specified(void **state)
{
    fixture_t *fixture = *state;
    got_t got = {0};
    send(fixture, &pia_msg_service_ping, 5000, &got);
    const pia_frames_t *request = test_peer_take(fixture->broker);
    pia_header_t header;
    read_header(request, &header);
    assert_true(pia_frames_equal_text(request, 1, "MDPC02"));
    assert_true(pia_frames_equal(request, 2, "\x01", 1));
    assert_true(pia_frames_equal_text(request, 3, "service"));
    assert_int_equal(header.number, pia_msg_service_ping.number);
    assert_int_equal(header.flags, PIA_FLAG_REDELIVER);
    assert_int_equal(header.value, 5000);
    assert_true(pia_frames_equal_text(request, 5, "TOKEN"));
    assert_true(pia_frames_equal_text(request, 6, "{}"));
    answer(fixture, request, header, 200, "{\"n\":1}");
    test_loop_until(fixture->loop, is_answered, &got);
    assert_int_equal(got.status, PIA_OK);
    assert_int_equal(got.version, 7);
    assert_int_equal(got.number, 1);
}

static void answers_come_in_any_order(void **state)
{
    fixture_t *fixture = *state;
    got_t got[3] = {{0}};
    const pia_frames_t *requests[3];
    pia_header_t headers[3];
    for (int i = 0; i < 3; i++)
        send(fixture, &pia_msg_service_ping, 5000, &got[i]);
    for (int i = 0; i < 3; i++) {
        requests[i] = test_peer_take(fixture->broker);
        read_header(requests[i], &headers[i]);
    }
    answer(fixture, requests[2], headers[2], 200, "{\"n\":2}");
    answer(fixture, requests[0], headers[0], 200, "{\"n\":0}");
    answer(fixture, requests[1], headers[1], 404, "{\"detail\":\"not here\"}");
    test_loop_until(fixture->loop, is_answered, &got[1]);
    assert_int_equal(got[0].number, 0);
    assert_int_equal(got[2].number, 2);
    assert_int_equal(got[1].status, PIA_NOT_FOUND);
    assert_string_equal(got[1].detail, "not here");
}

/* What an unread answer says. */
typedef struct {
    got_t got;
    char text[32];
} unread_t;

static void answered_unread(void *arg, const pia_answer_t *answer)
{
    unread_t *unread = arg;
    assert_true(answer->size < sizeof unread->text);
    assert_true(!answer->bytes == (answer->status != PIA_OK));
    if (answer->bytes)
        memcpy(unread->text, answer->bytes, answer->size);
    assert_true(answer->status != PIA_OK || !answer->body);
    answered(&unread->got, answer);
}

static void an_answer_may_be_left_unread(void **state)
{
    fixture_t *fixture = *state;
    unread_t unread[2] = {{.text = ""}, {.text = ""}};
    pia_call_t call = {.message = &pia_msg_service_ping, .timeout_ms = 5000, .unread = true};
    json_t *body = json_object();
    for (int i = 0; i < 2; i++)
        pia_client_send(fixture->client, &call, body, answered_unread, &unread[i]);
    json_decref(body);
    static const char *const answers[] = {"{ \"n\":1}", "{\"detail\":\"not here\"}"};
    for (int i = 0; i < 2; i++) {
        pia_header_t header;
        const pia_frames_t *request = test_peer_take(fixture->broker);
        read_header(request, &header);
        answer(fixture, request, header, i ? 404 : 200, answers[i]);
    }
    test_loop_until(fixture->loop, is_answered, &unread[1].got);
    assert_string_equal(unread[0].text, answers[0]);
    assert_int_equal(unread[1].got.status, PIA_NOT_FOUND);
    assert_string_equal(unread[1].got.detail, "not here");
}

static void what_changes_something_is_not_repeated_without_a_key(void **state)
{
    fixture_t *fixture = *state;
    got_t got = {0};
    send(fixture, &pia_msg_service_drain, 5000, &got);
    pia_header_t header;
    const pia_frames_t *request = test_peer_take(fixture->broker);
    read_header(request, &header);
    assert_int_equal(header.flags, 0);
    answer(fixture, request, header, 200, "{}");
    test_loop_until(fixture->loop, is_answered, &got);
}

static void what_has_an_answer_that_is_not_kept_is_not_repeated(void **state)
{
    fixture_t *fixture = *state;
    got_t got = {0};
    send(fixture, &pia_msg_registry_key_create, 5000, &got);
    pia_header_t header;
    const pia_frames_t *request = test_peer_take(fixture->broker);
    read_header(request, &header);
    assert_int_equal(header.flags, 0); /* a second key would be made, which nobody knows */
    answer(fixture, request, header, 200, "{}");
    test_loop_until(fixture->loop, is_answered, &got);
}

static void no_answer_is_a_timeout(void **state)
{
    fixture_t *fixture = *state;
    got_t late = {0}, next = {0};
    int64_t started = pia_clock_monotonic();
    send(fixture, &pia_msg_service_ping, 50, &late);
    const pia_frames_t *request = test_peer_take(fixture->broker);
    pia_header_t header;
    read_header(request, &header);
    test_loop_until(fixture->loop, is_answered, &late);
    assert_int_equal(late.status, PIA_TIMEOUT);
    assert_true(pia_clock_monotonic() - started >= 50);
    answer(fixture, request, header, 200, "{}"); /* too late: nobody is told */
    send(fixture, &pia_msg_service_ping, 5000, &next);
    request = test_peer_take(fixture->broker);
    read_header(request, &header);
    answer(fixture, request, header, 200, "{}");
    test_loop_until(fixture->loop, is_answered, &next);
    assert_int_equal(late.times, 1);
}

static void foreign_and_broken_answers_are_ignored(void **state)
{
    fixture_t *fixture = *state;
    got_t got = {0};
    send(fixture, &pia_msg_service_ping, 5000, &got);
    const pia_frames_t *request = test_peer_take(fixture->broker);
    pia_header_t header, foreign;
    read_header(request, &header);
    foreign = header;
    foreign.id[0] ^= 1; /* of another client */
    answer(fixture, request, foreign, 200, "{\"n\":1}");
    foreign = header;
    foreign.id[15] ^= 1; /* of no request */
    answer(fixture, request, foreign, 200, "{\"n\":2}");
    pia_frames_t frames;
    test_peer_begin(&frames, request);
    test_peer_send(fixture->broker, &frames);
    test_peer_begin(&frames, request);
    pia_frames_add(&frames, "\x03", 1);
    pia_frames_add_text(&frames, "service");
    pia_frames_add_text(&frames, "short");
    pia_frames_add_text(&frames, "{}");
    test_peer_send(fixture->broker, &frames);
    answer(fixture, request, header, 200, "{\"n\":3}");
    answer(fixture, request, header, 200, "{\"n\":4}"); /* a second one */
    test_loop_until(fixture->loop, is_answered, &got);
    assert_int_equal(got.number, 3);
    assert_int_equal(got.times, 1);
}

static void an_answer_that_is_no_json_is_an_internal_error(void **state)
{
    fixture_t *fixture = *state;
    got_t got = {0};
    send(fixture, &pia_msg_service_ping, 5000, &got);
    const pia_frames_t *request = test_peer_take(fixture->broker);
    pia_header_t header;
    read_header(request, &header);
    answer(fixture, request, header, 200, "{\"n\":");
    test_loop_until(fixture->loop, is_answered, &got);
    assert_int_equal(got.status, PIA_INTERNAL);
}

static void destroy_answers_all_that_is_in_flight(void **state)
{
    fixture_t *fixture = *state;
    enum { MANY = 3000 };
    got_t *got = calloc(MANY, sizeof *got);
    assert_non_null(got);
    pia_loop_remove_socket(fixture->loop, pia_client_socket(fixture->client));
    for (int i = 0; i < MANY; i++)
        send(fixture, &pia_msg_service_ping, 5000, &got[i]);
    pia_client_destroy(&fixture->client);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(got[i].times, 1);
        assert_int_equal(got[i].status, PIA_UNAVAILABLE);
    }
    free(got);
}

/* Sends another request from its callback, as a retry does. */
typedef struct {
    got_t got; /* first */
    fixture_t *fixture;
    int left;
} chain_t;

static void send_next(void *arg, const pia_answer_t *given)
{
    chain_t *chain = arg;
    (void)given;
    if (chain->left-- == 0) {
        chain->got.answered = true;
        return;
    }
    pia_call_t call = {.message = &pia_msg_service_ping, .timeout_ms = 1};
    json_t *body = json_object();
    pia_client_send(chain->fixture->client, &call, body, send_next, chain);
    json_decref(body);
}

static void a_callback_may_send_again(void **state)
{
    fixture_t *fixture = *state;
    chain_t chain = {.fixture = fixture, .left = 20};
    send_next(&chain, NULL);
    test_loop_until(fixture->loop, is_answered, &chain);
}

/* A broker in its own thread: refuses the first request, answers the second; says what it saw. */
typedef struct {
    fixture_t *fixture;
    pthread_t thread;
    char first[256], second[256];
    uint8_t flags;
} refuser_t;

static void *refuse_then_answer(void *arg)
{
    refuser_t *refuser = arg;
    fixture_t *fixture = refuser->fixture;
    pia_header_t header;
    const pia_frames_t *request = test_peer_take(fixture->broker);
    read_header(request, &header);
    refuser->flags = header.flags;
    memcpy(refuser->first, pia_frames_data(request, 6), pia_frames_size(request, 6));
    answer(fixture, request, header, 503, "{\"detail\":\"lost\"}");
    request = test_peer_take(fixture->broker);
    read_header(request, &header);
    memcpy(refuser->second, pia_frames_data(request, 6), pia_frames_size(request, 6));
    answer(fixture, request, header, 200, "{\"n\":5}");
    return NULL;
}

static void a_call_is_tried_again_once(void **state)
{
    fixture_t *fixture = *state;
    refuser_t refuser = {.fixture = fixture};
    pia_client_t *client = pia_client_new(fixture->zmq, fixture->broker->endpoint);
    assert_int_equal(pthread_create(&refuser.thread, NULL, refuse_then_answer, &refuser), 0);
    pia_call_t call = {.message = &pia_msg_service_ping, .timeout_ms = 5000};
    json_t *body = json_object();
    json_t *got = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(pia_client_call(client, &call, body, &got, &problem), PIA_OK);
    assert_int_equal(pthread_join(refuser.thread, NULL), 0);
    assert_int_equal(json_integer_value(json_object_get(got, "n")), 5);
    assert_int_equal(refuser.flags, PIA_FLAG_REDELIVER);
    assert_string_equal(refuser.first, refuser.second);
    json_decref(got);
    json_decref(body);
    pia_client_destroy(&client);
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(a_request_is_sent_as_it_is_specified),
        WITH_BROKER(answers_come_in_any_order),
        WITH_BROKER(an_answer_may_be_left_unread),
        WITH_BROKER(what_changes_something_is_not_repeated_without_a_key),
        WITH_BROKER(what_has_an_answer_that_is_not_kept_is_not_repeated),
        WITH_BROKER(no_answer_is_a_timeout),
        WITH_BROKER(foreign_and_broken_answers_are_ignored),
        WITH_BROKER(an_answer_that_is_no_json_is_an_internal_error),
        WITH_BROKER(destroy_answers_all_that_is_in_flight),
        WITH_BROKER(a_callback_may_send_again),
        WITH_BROKER(a_call_is_tried_again_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
