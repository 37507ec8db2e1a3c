/* test_reply.c - entity tags, server-sent events, Prometheus's text. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "exposition.h"
#include "reply.h"
#include "sse.h"

static void tags_are_compared_weakly(void **state)
{
    (void)state;
    char tag[REPLY_TAG_SIZE];
    reply_tag_of_version(tag, 12);
    assert_string_equal(tag, "\"12\"");
    assert_true(reply_tag_matches("\"12\"", tag));
    assert_true(reply_tag_matches("W/\"12\"", tag));
    assert_true(reply_tag_matches("\"1\" , \"12\"", tag));
    assert_true(reply_tag_matches("*", tag));
    assert_false(reply_tag_matches("\"123\"", tag));
    assert_false(reply_tag_matches("12", tag));
    assert_false(reply_tag_matches("\"1\", ,", tag));
    assert_false(reply_tag_matches("", tag));
    assert_false(reply_tag_matches(NULL, tag));
}

static void tags_of_bytes_differ_with_them(void **state)
{
    (void)state;
    char one[REPLY_TAG_SIZE], two[REPLY_TAG_SIZE];
    reply_tag_of_bytes(one, "a", 1);
    reply_tag_of_bytes(two, "b", 1);
    assert_string_not_equal(one, two);
    assert_true(reply_tag_matches(one, one));
    assert_false(reply_tag_matches(one, two));
}

static void keys_come_by_bearer_alone(void **state)
{
    (void)state;
    assert_string_equal(auth_bearer("Bearer k"), "k");
    assert_string_equal(auth_bearer("bearer  k"), "k");
    assert_null(auth_bearer("Basic k"));
    assert_null(auth_bearer(NULL));
}

static void an_event_is_one_block(void **state)
{
    (void)state;
    json_t *json = json_pack("{s:s}", "text", "a\nb\r");
    pia_event_t event = {.cursor = "1.2.0000abcd", .type = "a.b", .json = json};
    char *text = sse_event(&event);
    assert_string_equal(text, "id: 1.2.0000abcd\nevent: a.b\ndata: {\"text\":\"a\\nb\\r\"}\n\n");
    free(text);
    json_decref(json);
    text = sse_heartbeat(NULL);
    assert_string_equal(text, ":\n\n");
    free(text);
}

static void samples_stand_in_families(void **state)
{
    (void)state;
    exposition_t *samples = exposition_new();
    exposition_add(samples, "b_total", "service=x,instance=x-1", 2);
    exposition_add(samples, "a-gauge", "service=x", 1.5);
    exposition_add(samples, "b_total", "service=a\"\\,instance=a-1", 3);
    exposition_add(samples, "c_total{code=200}", "service=x", 4);
    exposition_add(samples, "wait_ms", "service=x", 1500);
    exposition_add(samples, "wait_ms", "service=x", 1600); /* the same sample twice is no text */
    char *text = exposition_text(samples);
    assert_string_equal(text, "# HELP pia_a_gauge As its instance counts it.\n"
                              "# TYPE pia_a_gauge gauge\n"
                              "pia_a_gauge{service=\"x\"} 1.5\n"
                              "# HELP pia_b_total As its instance counts it.\n"
                              "# TYPE pia_b_total counter\n"
                              "pia_b_total{service=\"a\\\"\\\\\",instance=\"a-1\"} 3\n"
                              "pia_b_total{service=\"x\",instance=\"x-1\"} 2\n"
                              "# HELP pia_c_total As its instance counts it.\n"
                              "# TYPE pia_c_total counter\n"
                              "pia_c_total{service=\"x\",code=\"200\"} 4\n"
                              "# HELP pia_wait_seconds As its instance counts it.\n"
                              "# TYPE pia_wait_seconds gauge\n"
                              "pia_wait_seconds{service=\"x\"} 1.5\n");
    free(text);
    exposition_destroy(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_are_compared_weakly),
        cmocka_unit_test(tags_of_bytes_differ_with_them),
        cmocka_unit_test(keys_come_by_bearer_alone),
        cmocka_unit_test(an_event_is_one_block),
        cmocka_unit_test(samples_stand_in_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
