/* test_ask.c - HTTP requests become the objects of messages, or problems that say where. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "ask_body.h"

typedef struct {
    const char *method, *raw, *content_type, *if_match, *key, *body;
} sent_t;

/* clang-format off */
#define GET(path) &(sent_t){.method = "GET", .raw = (path)}
#define POST(path) &(sent_t){.method = "POST", .raw = (path)}
/* clang-format on */

enum { PARAMETER_SIZE = 64 };

/* `parameter` gets a copy: the problem's is the target's. */
static json_t *build(const sent_t *sent, ask_problem_t *problem, char parameter[PARAMETER_SIZE])
{
    target_t target;
    const char *reason;
    char allow[64];
    assert_true(target_parse(sent->raw, &target, &reason));
    const route_t *route = route_find(sent->method, &target, allow, sizeof allow);
    assert_non_null(route);
    ask_t ask = {
        .route = route,
        .target = &target,
        .content_type = sent->content_type,
        .if_match = sent->if_match,
        .idempotency_key = sent->key,
        .body = sent->body ? sent->body : "",
        .body_size = sent->body ? strlen(sent->body) : 0,
    };
    json_t *json = ask_build(&ask, problem);
    if (json == NULL)
        ask_locate(&ask, &problem->problem, &problem->parameter);
    (void)snprintf(parameter, PARAMETER_SIZE, "%s", problem->parameter ? problem->parameter : "");
    target_clear(&target);
    return json;
}

static void assert_builds(const sent_t *sent, const char *expected)
{
    ask_problem_t problem;
    char parameter[PARAMETER_SIZE];
    json_t *got = build(sent, &problem, parameter);
    if (got == NULL)
        fail_msg("%s: %s (%s)", sent->raw, problem.problem.detail, problem.problem.pointer);
    json_t *wanted = json_loads(expected, 0, NULL);
    if (!json_equal(got, wanted))
        fail_msg("%s: %s", sent->raw, json_dumps(got, 0));
    json_decref(got);
    json_decref(wanted);
}

static void
assert_refused(const sent_t *sent, int status, const char *pointer, const char *parameter)
{
    ask_problem_t problem;
    char got_parameter[PARAMETER_SIZE];
    json_t *got = build(sent, &problem, got_parameter);
    assert_null(got);
    if (problem.status != status)
        fail_msg("%s: %d %s", sent->raw, problem.status, problem.problem.detail);
    assert_string_equal(problem.problem.pointer, pointer);
    assert_string_equal(got_parameter, parameter);
}

static void queries_become_typed_members(void **state)
{
    (void)state;
    assert_builds(GET("/v1/poles?themes=arts,habitat&limit=10"),
                  "{\"themes\":[\"arts\",\"habitat\"],\"limit\":10}");
    assert_builds(GET("/v1/poles/aten"), "{\"code\":\"aten\"}");
    assert_builds(GET("/v1/themes"), "{\"list\":\"themes\"}");
    assert_builds(GET("/v1/dossiers?mine=true"), "{\"mine\":true}");
    assert_builds(GET("/v1/events?types=a.b,c.d&types=e.f&poles=aten"),
                  "{\"types\":[\"a.b\",\"c.d\",\"e.f\"],\"poles\":[\"aten\"]}");
}

static void bad_queries_name_their_parameter(void **state)
{
    (void)state;
    assert_refused(GET("/v1/poles?color=red"), 400, "", "color");
    assert_refused(GET("/v1/poles?limit=ten"), 400, "", "limit");
    assert_refused(GET("/v1/poles?limit=1e3"), 400, "", "limit");
    assert_refused(GET("/v1/poles?limit=99999999999999999999"), 400, "", "limit");
    assert_refused(GET("/v1/poles?state=active&state=ended"), 400, "", "state");
    assert_refused(GET("/v1/dossiers?mine=yes"), 400, "", "mine");
    assert_refused(GET("/v1/poles?limit=1000"), 400, "", "limit");
    assert_refused(GET("/v1/themes?list=sectors"), 400, "", "");
    assert_refused(POST("/v1/structures?name=x"), 400, "", "name");
}

static const char ID[] = "01a216b9-9bd8-7a7e-b7af-36444b71617a";

static void versions_come_by_header_or_body(void **state)
{
    (void)state;
    char raw[96], expected[192];
    (void)snprintf(raw, sizeof raw, "/v1/publications/%s/publish", ID);
    (void)snprintf(expected, sizeof expected,
                   "{\"publication\":\"%s\",\"version\":3,\"idempotency_key\":\"k\"}", ID);
    assert_builds(&(sent_t){"POST", raw, NULL, "\"3\"", "k", NULL}, expected);
    assert_builds(&(sent_t){"POST", raw, "application/json", NULL, "k", "{\"version\":3}"},
                  expected);
    assert_refused(&(sent_t){"POST", raw, NULL, NULL, "k", NULL}, 428, "", "");
    assert_refused(&(sent_t){"POST", raw, NULL, "W/\"3\"", "k", NULL}, 412, "", "");
    assert_refused(&(sent_t){"POST", raw, NULL, "3", "k", NULL}, 412, "", "");
    assert_refused(&(sent_t){"POST", raw, NULL, "\"3\", \"4\"", "k", NULL}, 412, "", "");
    assert_refused(&(sent_t){"POST", raw, "application/json", "\"3\"", "k",
                             "{\"publication\":\"01a216b9-9bd8-7a7e-b7af-36444b716170\"}"},
                   400, "", "");
}

static void mutations_get_a_key_of_their_own(void **state)
{
    (void)state;
    ask_problem_t problem;
    sent_t sent = {"POST", "/v1/structures", "application/json; charset=utf-8",
                   .body = "{\"name\":\"x\"}"};
    char parameter[PARAMETER_SIZE];
    json_t *first = build(&sent, &problem, parameter);
    json_t *second = build(&sent, &problem, parameter);
    const char *one = json_string_value(json_object_get(first, "idempotency_key"));
    const char *two = json_string_value(json_object_get(second, "idempotency_key"));
    assert_non_null(one);
    assert_string_not_equal(one, two);
    json_decref(first);
    json_decref(second);
}

static void bad_bodies_are_refused(void **state)
{
    (void)state;
    const char *path = "/v1/structures", *json = "application/json";
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = "text/plain", .body = "{}"}, 415,
        "", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = NULL, .body = "{}"},
                   415, "", "");
    assert_refused(&(sent_t){.method = "POST",
                             .raw = path,
                             .content_type = "application/json; charset=latin1",
                             .body = "{}"},
                   415, "", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = json, .body = "{"}, 400,
                   "", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = json, .body = "[]"},
                   400, "", "");
    assert_refused(&(sent_t){.method = "POST",
                             .raw = path,
                             .content_type = json,
                             .body = "{\"name\":\"a\",\"name\":\"b\"}"},
                   400, "", "");
    assert_refused(&(sent_t){.method = "POST",
                             .raw = path,
                             .content_type = json,
                             .body = "{\"name\":\"a\",\"size\":1}"},
                   400, "/size", "");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = json, .body = "{\"name\":7}"}, 400,
        "/name", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = json}, 400, "/name",
                   "");
}

#define EVENT "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/aten\",\"type\":\"a.b\"}"

static void events_come_alone_or_in_batches(void **state)
{
    (void)state;
    const char *path = "/v1/events", *one = "application/cloudevents+json",
               *batch = "application/cloudevents-batch+json";
    assert_builds(&(sent_t){.method = "POST", .raw = path, .content_type = one, .body = EVENT},
                  "{\"events\":[" EVENT "]}");
    assert_builds(
        &(sent_t){
            .method = "POST", .raw = path, .content_type = batch, .body = "[" EVENT "," EVENT "]"},
        "{\"events\":[" EVENT "," EVENT "]}");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = "application/json", .body = EVENT},
        415, "", "");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = one, .body = EVENT "," EVENT}, 400,
        "", "");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = one, .body = "[" EVENT "]"}, 400,
        "", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = batch, .body = EVENT},
                   400, "", "");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = batch, .body = "[],\"x\":1"}, 400,
        "", "");
    assert_refused(
        &(sent_t){.method = "POST", .raw = path, .content_type = one, .body = "],\"x\":[" EVENT},
        400, "", "");
    assert_refused(&(sent_t){.method = "POST", .raw = path, .content_type = batch, .body = "[7]"},
                   400, "/0", "");
}

static void pointers_lead_into_what_was_sent(void **state)
{
    (void)state;
    route_t route = {.flags = ROUTE_EVENTS};
    ask_t one = {.route = &route, .content_type = "application/cloudevents+json"};
    ask_t batch = {.route = &route, .content_type = "application/cloudevents-batch+json"};
    const char *parameter = NULL;
    pia_problem_t problem = {.pointer = "/events/0/type"};
    ask_locate(&one, &problem, &parameter);
    assert_string_equal(problem.pointer, "/type");
    problem = (pia_problem_t){.pointer = "/events/12/data/x"};
    ask_locate(&batch, &problem, &parameter);
    assert_string_equal(problem.pointer, "/12/data/x");
    problem = (pia_problem_t){.pointer = "/events/0"};
    ask_locate(&one, &problem, &parameter);
    assert_string_equal(problem.pointer, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_become_typed_members),
        cmocka_unit_test(bad_queries_name_their_parameter),
        cmocka_unit_test(versions_come_by_header_or_body),
        cmocka_unit_test(mutations_get_a_key_of_their_own),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(events_come_alone_or_in_batches),
        cmocka_unit_test(pointers_lead_into_what_was_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
