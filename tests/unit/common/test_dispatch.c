/* test_dispatch.c - a request's way through all checks to its handler and back; and what a repeated
 * command gets. The broker is played by the test, the store is a real one. */
#include "dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia_test.h"
#include "proto/key.h"
#include "proto/service.h"
#include "test_database.h"
#include "test_peer.h"

extern const char pia_common_schema_sql[];
static const pia_migration_t MIGRATIONS[] = {{1, pia_common_schema_sql}, {0, NULL}};

typedef struct {
    test_database_t database;
    char key_path[96], public_path[96];
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *broker;
    pia_signer_t *signer;
    pia_verifier_t *verifier;
    pia_executor_t *executor;
    pia_service_t service;
    pia_dispatch_t *dispatch;
    pia_session_t *session;
    const pia_frames_t *ready; /* what the worker said */
    int handled, changed;
    bool fail_commits;
    pia_status_t refuse_with; /* what the handler does; PIA_OK: answers */
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size;
} fixture_t;

static void handle_revoke(void *self, pia_request_t **request_p)
{
    fixture_t *fixture = self;
    const pia_registry_key_revoke_t *fields = pia_request_fields(*request_p);
    fixture->handled++;
    assert_true(pia_request_time_left(*request_p) > 0);
    assert_string_equal(pia_request_message(*request_p)->name, "registry.key.revoke");
    if (fixture->refuse_with != PIA_OK) {
        pia_request_refuse(request_p, fixture->refuse_with, "/id", "refused by the handler");
        return;
    }
    json_t *body = json_pack("{s:s,s:s,s:i}", "id", fields->id, "by",
                             pia_request_principal(*request_p)->subject, "count", fixture->handled);
    pia_request_answer(request_p, body, 40 + fixture->handled);
}

static void handle_authenticate(void *self, pia_request_t **request_p)
{
    (void)self;
    pia_problem_t problem = {0};
    (void)pia_problem_set(&problem, PIA_RATE_LIMITED, "/key", "slowly");
    pia_request_fail(request_p, &problem);
}

static void handle_ping(void *self, pia_request_t **request_p)
{
    (void)self;
    pia_request_answer(request_p, json_pack("{s:b}", "pong", 1), 0);
}

static const pia_route_t ROUTES[] = {
    {&pia_msg_registry_key_revoke, PIA_ROLE_OPERATOR | PIA_ROLE_SERVICE, handle_revoke},
    {&pia_msg_registry_authenticate, PIA_ROLE_PUBLIC, handle_authenticate},
    {NULL, 0, NULL},
};

static const pia_route_t CONTROL[] = {
    {&pia_msg_service_ping, PIA_ROLE_PUBLIC, handle_ping},
    {NULL, 0, NULL},
};

static void changed(void *host)
{
    ((fixture_t *)host)->changed++;
}

static void must_not_be_fatal(const char *reason)
{
    fail_msg("%s", reason);
}

static pia_status_t committing(void *self, pia_db_t *db)
{
    (void)db;
    return ((fixture_t *)self)->fail_commits ? PIA_INTERNAL : PIA_OK;
}

static void sign(fixture_t *fixture, const char *subject, uint32_t roles)
{
    pia_principal_t principal = {.roles = roles};
    snprintf(principal.subject, sizeof principal.subject, "%s", subject);
    fixture->token_size = pia_signer_sign(fixture->signer, &principal, fixture->token);
}

static void open_keys(fixture_t *fixture)
{
    snprintf(fixture->key_path, sizeof fixture->key_path, "/tmp/pia-dispatch-%d.key",
             (int)getpid());
    snprintf(fixture->public_path, sizeof fixture->public_path, "/tmp/pia-dispatch-%d.pub",
             (int)getpid());
    assert_int_equal(
        pia_signer_open(fixture->key_path, fixture->public_path, &fixture->signer, NULL), PIA_OK);
    fixture->verifier = pia_verifier_new(fixture->public_path);
    sign(fixture, "/persons/1", PIA_ROLE_OPERATOR);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    open_keys(fixture);
    test_database_init(&fixture->database);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    assert_int_equal(pia_db_migrate(db, "common", MIGRATIONS, NULL), PIA_OK);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->broker = test_peer_new(fixture->zmq, fixture->loop);
    pia_executor_hooks_t hooks = {.self = fixture, .committing = committing};
    fixture->executor = pia_executor_new(fixture->loop, &db, &hooks, must_not_be_fatal);
    fixture->service = (pia_service_t){.name = "registry", .routes = ROUTES, .self = fixture};
    pia_dispatch_options_t options = {.service = &fixture->service,
                                      .verifier = fixture->verifier,
                                      .control = CONTROL,
                                      .host = fixture,
                                      .changed = changed};
    fixture->dispatch = pia_dispatch_new(&options);
    pia_dispatch_use(fixture->dispatch, fixture->executor);
    pia_session_options_t session = {.loop = fixture->loop,
                                     .zmq = fixture->zmq,
                                     .endpoint = fixture->broker->endpoint,
                                     .name = "registry",
                                     .window = 64,
                                     .on_request = pia_dispatch_receive,
                                     .arg = fixture->dispatch};
    fixture->session = pia_session_new(&session);
    fixture->ready = test_peer_take(fixture->broker);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_executor_destroy(&fixture->executor);
    pia_session_destroy(&fixture->session, 0);
    pia_dispatch_destroy(&fixture->dispatch);
    pia_signer_destroy(&fixture->signer);
    pia_verifier_destroy(&fixture->verifier);
    test_peer_destroy(&fixture->broker);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    test_database_clear(&fixture->database);
    (void)unlink(fixture->key_path);
    (void)unlink(fixture->public_path);
    free(fixture);
    return 0;
}

/* Begins a REQUEST from the broker to the worker. */
static void begin(fixture_t *fixture, pia_frames_t *frames)
{
    test_peer_begin(frames, fixture->ready);
    pia_frames_add(frames, "\x02", 1);
    pia_frames_add_text(frames, "CLIENT");
    pia_frames_add_empty(frames);
}

typedef struct {
    uint16_t number;
    uint8_t flags;
    int64_t left_ms;
} asked_t;

static void add_header(pia_frames_t *frames, asked_t asked)
{
    pia_header_t header = {.number = asked.number,
                           .flags = asked.flags,
                           .value = (uint64_t)asked.left_ms,
                           .id = "0123456789abcde"};
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    pia_frames_add(frames, bytes, sizeof bytes);
}

/* Waits for FINAL and reads it: the answer's JSON, which the caller owns. */
static json_t *take_answer(fixture_t *fixture, pia_header_t *ret_header)
{
    const pia_frames_t *final = test_peer_take_command(fixture->broker, 4);
    assert_int_equal(final->count, 7);
    assert_true(pia_frames_equal_text(final, 1, "PIAW01"));
    assert_true(pia_frames_equal_text(final, 3, "CLIENT"));
    assert_true(pia_frames_equal(final, 4, "", 0));
    assert_true(pia_header_read(pia_frames_data(final, 5), pia_frames_size(final, 5), ret_header));
    assert_int_equal(ret_header->flags, PIA_FLAG_ANSWER);
    assert_memory_equal(ret_header->id, "0123456789abcde", 16);
    json_t *json = json_loadb(pia_frames_data(final, 6), pia_frames_size(final, 6), 0, NULL);
    assert_non_null(json);
    return json;
}

/* With the fixture's token. */
static void send_request(fixture_t *fixture, asked_t asked, const char *body)
{
    pia_frames_t frames;
    begin(fixture, &frames);
    add_header(&frames, asked);
    pia_frames_add(&frames, fixture->token, fixture->token_size);
    pia_frames_add_text(&frames, body);
    test_peer_send(fixture->broker, &frames);
}

/* Asks and checks the status of the answer. */
static json_t *ask(fixture_t *fixture, asked_t asked, const char *body, int status)
{
    pia_header_t header;
    send_request(fixture, asked, body);
    json_t *answer = take_answer(fixture, &header);
    assert_int_equal(header.number, status);
    return answer;
}

static void expect(fixture_t *fixture, asked_t asked, const char *body, int status)
{
    json_decref(ask(fixture, asked, body, status));
}

static void expect_pointer(fixture_t *fixture, asked_t asked, const char *body, const char *pointer)
{
    json_t *answer = ask(fixture, asked, body, 400);
    assert_string_equal(json_string_value(json_object_get(answer, "pointer")), pointer);
    json_decref(answer);
}

#define ID "0190a5d2-0000-7000-8000-000000000001"
static const char BODY[] = "{\"id\":\"" ID "\"}";
static const char KEYED[] = "{\"id\":\"" ID "\",\"idempotency_key\":\"k1\"}";
static const char KEYED_SPACED[] = "{ \"idempotency_key\":\"k1\", \"id\":\"" ID "\"}";
static const char KEYED_OTHER[] =
    "{\"id\":\"0190a5d2-0000-7000-8000-000000000002\",\"idempotency_key\":\"k1\"}";
static const asked_t REVOKE = {.number = 258, .left_ms = 5000};
static const asked_t PING = {.number = 1, .left_ms = 5000};

static void the_worker_says_ready_with_its_window(void **state)
{
    const fixture_t *fixture = *state;
    assert_int_equal(fixture->ready->count, 5);
    assert_true(pia_frames_equal_text(fixture->ready, 1, "PIAW01"));
    assert_true(pia_frames_equal(fixture->ready, 2, "\x01", 1));
    assert_true(pia_frames_equal_text(fixture->ready, 3, "registry"));
    json_t *window =
        json_loadb(pia_frames_data(fixture->ready, 4), pia_frames_size(fixture->ready, 4), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(window, "window")), 64);
    json_decref(window);
}

static void a_good_request_is_handled(void **state)
{
    fixture_t *fixture = *state;
    json_t *answer = ask(fixture, REVOKE, BODY, 200);
    assert_string_equal(json_string_value(json_object_get(answer, "id")), ID);
    assert_string_equal(json_string_value(json_object_get(answer, "by")), "/persons/1");
    json_decref(answer);
    assert_int_equal(fixture->handled, 1);
    assert_int_equal(fixture->changed, 1);
    expect(fixture, PING, "{}", 200);
}

static void each_check_refuses_in_its_turn(void **state)
{
    fixture_t *fixture = *state;
    asked_t late = REVOKE, far = REVOKE, flagged = REVOKE;
    late.left_ms = 0;
    far.left_ms = 60001;
    flagged.flags = PIA_FLAG_ANSWER;
    expect(fixture, (asked_t){.number = 9999, .left_ms = 100}, BODY, 400);
    expect(fixture, (asked_t){.number = 65535, .left_ms = 100}, BODY, 400);
    expect(fixture, flagged, BODY, 400);
    expect(fixture, REVOKE, "{", 400);
    expect(fixture, REVOKE, "[]", 400);
    expect(fixture, REVOKE, "{\"id\":\"" ID "\",\"id\":\"" ID "\"}", 400);
    expect_pointer(fixture, REVOKE, "{}", "/id");
    expect_pointer(fixture, REVOKE, "{\"id\":7}", "/id");
    expect_pointer(fixture, REVOKE, "{\"id\":\"" ID "\",\"extra\":1}", "/extra");
    expect_pointer(fixture, REVOKE, "{\"id\":\"" ID "\",\"idempotency_key\":\"\"}",
                   "/idempotency_key");
    expect(fixture, late, BODY, 504);
    expect(fixture, far, BODY, 400);
    assert_int_equal(fixture->handled, 0);
}

static void who_may_not_ask_is_told_so(void **state)
{
    fixture_t *fixture = *state;
    sign(fixture, "/persons/1", PIA_ROLE_POLE | PIA_ROLE_SECRETARIAT);
    expect(fixture, REVOKE, BODY, 403);
    expect(fixture, REVOKE, "{", 403); /* before the body is looked at */
    fixture->token[20] ^= 1;
    expect(fixture, REVOKE, BODY, 401);
    expect(fixture, PING, "{}", 401); /* a bad token is refused even where none is needed */
    fixture->token_size = 0;
    expect(fixture, REVOKE, BODY, 401);
    expect(fixture, PING, "{}", 200);
    expect(fixture, (asked_t){.number = 256, .left_ms = 5000}, "{\"key\":\"x\"}", 429);
    assert_int_equal(fixture->handled, 0);
}

static void services_may_send_members_of_a_newer_version(void **state)
{
    fixture_t *fixture = *state;
    sign(fixture, "/services/x", PIA_ROLE_SERVICE);
    expect(fixture, REVOKE, "{\"id\":\"" ID "\",\"extra\":1}", 200);
}

static void a_body_without_our_header_gets_a_plain_answer(void **state)
{
    fixture_t *fixture = *state;
    pia_frames_t frames;
    begin(fixture, &frames);
    pia_frames_add_text(&frames, "hello");
    test_peer_send(fixture->broker, &frames);
    const pia_frames_t *final = test_peer_take_command(fixture->broker, 4);
    assert_int_equal(final->count, 6);
    assert_non_null(memmem(pia_frames_data(final, 5), pia_frames_size(final, 5), "\"invalid\"", 9));
    expect(fixture, PING, "{}", 200);
}

static void a_request_with_missing_or_extra_frames_is_refused(void **state)
{
    fixture_t *fixture = *state;
    for (int count = 0; count < 4; count++) {
        if (count == 2)
            continue;
        pia_frames_t frames;
        pia_header_t header;
        begin(fixture, &frames);
        add_header(&frames, REVOKE);
        for (int i = 0; i < count; i++)
            pia_frames_add_text(&frames, "{}");
        test_peer_send(fixture->broker, &frames);
        json_decref(take_answer(fixture, &header));
        assert_int_equal(header.number, 400);
    }
}

static void a_repeated_command_gets_the_first_answer(void **state)
{
    fixture_t *fixture = *state;
    json_t *first = ask(fixture, REVOKE, KEYED, 200);
    json_t *second = ask(fixture, REVOKE, KEYED_SPACED, 200);
    assert_true(json_equal(first, second));
    assert_int_equal(fixture->handled, 1);
    json_decref(first);
    json_decref(second);
    expect(fixture, REVOKE, KEYED_OTHER, 409);
    assert_int_equal(fixture->handled, 1);
    sign(fixture, "/persons/2", PIA_ROLE_OPERATOR); /* another principal: another key */
    expect(fixture, REVOKE, KEYED, 200);
    assert_int_equal(fixture->handled, 2);
}

static void a_refusal_is_not_remembered(void **state)
{
    fixture_t *fixture = *state;
    fixture->refuse_with = PIA_NOT_FOUND;
    expect(fixture, REVOKE, KEYED, 404);
    expect(fixture, REVOKE, KEYED, 404);
    fixture->refuse_with = PIA_OK;
    expect(fixture, REVOKE, KEYED, 200);
    assert_int_equal(fixture->handled, 3);
    fixture->refuse_with = PIA_NOT_FOUND;
    expect(fixture, REVOKE, KEYED, 200);
    assert_int_equal(fixture->handled, 3);
}

static void when_not_active_only_control_messages_are_answered(void **state)
{
    fixture_t *fixture = *state;
    pia_dispatch_use(fixture->dispatch, NULL);
    expect(fixture, PING, "{}", 200);
    expect(fixture, REVOKE, BODY, 503);
    assert_int_equal(fixture->handled, 0);
}

/* All of a window are in flight at once; every one is answered exactly once. */
static void many_requests_are_answered_once_each(void **state)
{
    fixture_t *fixture = *state;
    enum { MANY = 200 };
    for (int i = 0; i < MANY; i++)
        send_request(fixture, REVOKE, BODY);
    for (int i = 0; i < MANY; i++) {
        pia_header_t header;
        json_decref(take_answer(fixture, &header));
        assert_int_equal(header.number, 200);
    }
    assert_int_equal(fixture->handled, MANY);
    assert_int_equal(pia_dispatch_in_flight(fixture->dispatch), 0);
}

/* Keeps the store thread busy far beyond what the next request has left. */
static pia_status_t be_busy(pia_job_t *job, pia_db_t *db)
{
    (void)job;
    (void)db;
    for (int64_t until = pia_clock_monotonic() + 100; pia_clock_monotonic() < until;)
        ;
    return PIA_OK;
}

static void nothing_done(pia_job_t *job, pia_status_t status)
{
    (void)job;
    (void)status;
}

/* Its client has been told `timeout` by the broker, and may have done otherwise since. */
static void what_waited_too_long_in_the_store_is_not_carried_out(void **state)
{
    fixture_t *fixture = *state;
    pia_job_t busy = {.run = be_busy, .done = nothing_done, .bare = true};
    assert_int_equal(pia_executor_post(fixture->executor, &busy), PIA_OK);
    expect(fixture, (asked_t){.number = REVOKE.number, .left_ms = 10}, BODY, 504);
    assert_int_equal(fixture->handled, 0);
    assert_int_equal(pia_dispatch_stats(fixture->dispatch)->late, 1);
}

/* The handler has answered; but nothing of it is durable, and nobody is to be told of a change. */
static void what_is_not_committed_is_not_acknowledged(void **state)
{
    fixture_t *fixture = *state;
    fixture->fail_commits = true;
    json_t *answer = ask(fixture, REVOKE, KEYED, 503);
    assert_null(json_object_get(answer, "id"));
    json_decref(answer);
    assert_true(fixture->handled > 0);
    assert_int_equal(fixture->changed, 0);
    fixture->fail_commits = false;
    fixture->handled = 0;
    expect(fixture, REVOKE, KEYED, 200);
    assert_int_equal(fixture->handled, 1); /* the key was not used up */
}

#define WITH_BROKER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BROKER(the_worker_says_ready_with_its_window),
        WITH_BROKER(a_good_request_is_handled),
        WITH_BROKER(each_check_refuses_in_its_turn),
        WITH_BROKER(who_may_not_ask_is_told_so),
        WITH_BROKER(services_may_send_members_of_a_newer_version),
        WITH_BROKER(a_body_without_our_header_gets_a_plain_answer),
        WITH_BROKER(a_request_with_missing_or_extra_frames_is_refused),
        WITH_BROKER(a_repeated_command_gets_the_first_answer),
        WITH_BROKER(a_refusal_is_not_remembered),
        WITH_BROKER(when_not_active_only_control_messages_are_answered),
        WITH_BROKER(many_requests_are_answered_once_each),
        WITH_BROKER(what_waited_too_long_in_the_store_is_not_carried_out),
        WITH_BROKER(what_is_not_committed_is_not_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
