/* test_scan.c - one pass over an event: what it is sure of, the long way says too. */
#include "pia/json.h"
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/event.h"
#include "scan.h"

/* An event with these members beside the required ones. */
static void make(char *ret_text, size_t size, const char *more)
{
    int used = snprintf(ret_text, size,
                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/cnidep\","
                        "\"type\":\"a.b\"%s%s}",
                        *more ? "," : "", more);
    assert_true(used > 0 && (size_t)used < size);
}

/* What pia_json_parse, pia_event_check_content and attributes_read say. */
static bool accepts_the_long_way(const char *text, size_t size, scan_t *ret_scan, char **ret_id)
{
    json_t *json = NULL;
    char *owned = NULL;
    if (pia_json_parse(text, size, &json, NULL) != PIA_OK)
        return false;
    bool good = pia_event_check_content(json, NULL) == PIA_OK &&
                attributes_read(json, &ret_scan->attributes, &owned, NULL) == PIA_OK;
    if (good)
        *ret_id = strdup(json_string_value(json_object_get(json, "id")));
    free(owned);
    json_decref(json);
    return good;
}

/* Scans from a copy that ends where the event does, so that the sanitizer sees what is beyond. */
static bool scan(const char *text, size_t size, char **ret_room, scan_t *ret_scan)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, text, size);
    *ret_room = malloc(size ? size : 1);
    bool sure = scan_event(copy, size, *ret_room, ret_scan) &&
                attributes_check(&ret_scan->attributes, NULL) == PIA_OK;
    free(copy);
    return sure;
}

static void expect_same(const char *text, bool sure)
{
    char *room = NULL;
    char *id = NULL;
    scan_t fast;
    scan_t slow;
    bool is_sure = scan(text, strlen(text), &room, &fast);
    if (is_sure != sure)
        fail_msg("%s: %s", sure ? "not sure of" : "sure of", text);
    if (is_sure) {
        assert_true(accepts_the_long_way(text, strlen(text), &slow, &id));
        assert_string_equal(fast.id, id);
    }
    free(room);
    free(id);
}

static const char *const ordinary[] = {
    "",
    "\"kind\":\"guide\",\"themes\":\"arts,habitat\"",
    "\"time\":\"2026-11-26T10:00:00Z\",\"subject\":\"s\",\"datacontenttype\":\"application/json\"",
    "\"data\":{}",
    "\"data\":[]",
    "\"data\":null",
    "\"data\":\"text\"",
    "\"data\":-0.5e-3",
    "\"data\":{\"a\":[1,2,{\"b\":[true,false,null]}],\"c\":\"\"}",
    "\"data\":{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
    "\"data\":{\"été\":\"à l’école 😀\"}",
    "\"data\":{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
    "\"data\":{\"\":0}",
    "\"data\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]",
    "\"data\":999999999999999999",
    "\"data\":0",
    "\"data\":1E5",
    "\"data\":\"del \x7f\"",
    " \"a\" : true , \"b\":false,\"c\":-12345678 \r\n\t",
    "\"partitionkey\":\"é\"",
};

/* Good, but the long way's to say so. */
static const char *const unusual[] = {
    "\"subject\":\"\\u0041\"",
    "\"data\":{\"\\u0041\":1}",
    "\"visibility\":\"restricted\",\"restrictedto\":\"role:operator\"",
    "\"a\":2147483647",
    "\"data\":9223372036854775807",
    "\"data\":1e308",
};

static const char *const bad[] = {
    "\"data\":{\"a\":1,\"a\":2}",
    "\"data\":{\"a\":1,\"\\u0061\":2}",
    "\"data\":{\"a\":{\"b\":1,\"c\":{},\"b\":2}}",
    "\"id\":\"2\"",
    "\"data\":[1,]",
    "\"data\":[,1]",
    "\"data\":{\"a\":1,}",
    "\"data\":{\"a\"}",
    "\"data\":{a:1}",
    "\"data\":{1:1}",
    "\"data\":[1 2]",
    "\"data\":[1",
    "\"data\":\"\\u0000\"",
    "\"data\":\"\\ud800\"",
    "\"data\":\"\\ud800\\u0041\"",
    "\"data\":\"\\udc00\"",
    "\"data\":\"\\x\"",
    "\"data\":\"\\u00g0\"",
    "\"data\":\"a\tb\"",
    "\"data\":\"\x1f\"",
    "\"data\":\"\xc3\"",
    "\"data\":\"\xc0\x80\"",
    "\"data\":\"\xe0\x80\x80\"",
    "\"data\":\"\xed\xa0\x80\"",
    "\"data\":\"\xf4\x90\x80\x80\"",
    "\"data\":\"\xf0\x8f\xbf\xbf\"",
    "\"data\":\"\xff\"",
    "\"data\":01",
    "\"data\":-",
    "\"data\":+1",
    "\"data\":.5",
    "\"data\":1.",
    "\"data\":1e",
    "\"data\":1e999",
    "\"data\":0x10",
    "\"data\":99999999999999999999",
    "\"data\":tru",
    "\"data\":truee",
    "\"data\":nul",
    "\"data\":'a'",
    "\"data\":NaN",
    "\"data\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
    "\"data_base64\":\"AA==\"",
    "\"Data\":1",
    "\"an_extension\":\"a\"",
    "\"anextensionwithalongname\":\"a\"",
    "\"a\":null",
    "\"a\":1.5",
    "\"a\":[]",
    "\"a\":{}",
    "\"a\":4294967296",
    "\"a\":\"\"",
    "\"subject\":\"del \x7f\"",
    "\"subject\":true",
    "\"themes\":1",
    "\"themes\":\"arts,,habitat\"",
    "\"kind\":\"nonsense\"",
    "\"time\":\"yesterday\"",
    "\"visibility\":\"secret\"",
    "\"visibility\":\"restricted\"",
    "\"restrictedto\":\"role:operator\"",
    "\"pole\":\"cerfav\"",
};

static void ordinary_events_are_read_in_one_pass(void **state)
{
    (void)state;
    char text[1024];
    for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++) {
        make(text, sizeof text, ordinary[i]);
        expect_same(text, true);
    }
}

static void unusual_events_are_left_to_the_long_way(void **state)
{
    (void)state;
    char text[1024];
    for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++) {
        scan_t slow;
        char *id = NULL;
        make(text, sizeof text, unusual[i]);
        expect_same(text, false);
        assert_true(accepts_the_long_way(text, strlen(text), &slow, &id));
        free(id);
    }
}

static void bad_events_are_not_accepted(void **state)
{
    (void)state;
    char text[1024];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        scan_t slow;
        char *id = NULL;
        make(text, sizeof text, bad[i]);
        expect_same(text, false);
        if (accepts_the_long_way(text, strlen(text), &slow, &id))
            fail_msg("good, the long way: %s", text);
    }
}

/* Also each part of a good one, and each with one byte changed. */
static void cut_and_changed_events_are_judged_alike(void **state)
{
    (void)state;
    char text[1024];
    char other[1024];
    size_t both = 0;
    make(text, sizeof text,
         "\"kind\":\"guide\",\"a\":12,\"data\":{\"n\":[1.5e3,\"é\\u00e9\"],\"m\":{\"x\":null}}");
    size_t size = strlen(text);
    for (size_t at = 0; at < size * 256; at++) {
        scan_t fast;
        scan_t slow;
        char *room = NULL;
        char *id = NULL;
        memcpy(other, text, size + 1);
        other[at / 256] = (char)(at % 256);
        if (scan(other, size, &room, &fast)) {
            assert_true(accepts_the_long_way(other, size, &slow, &id));
            assert_string_equal(fast.id, id);
            both++;
        }
        free(room);
        free(id);
    }
    assert_true(both > 1000);
    for (size_t cut = 0; cut < size; cut++) {
        scan_t fast;
        char *room = NULL;
        assert_false(scan(text, cut, &room, &fast));
        free(room);
    }
}

static void what_is_required_must_be_there(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"id\":\"1\",\"source\":\"/a\",\"type\":\"a\"}",
        "{\"specversion\":\"1.0\",\"source\":\"/a\",\"type\":\"a\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"a\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/a\"}",
        "{\"specversion\":\"1.1\",\"id\":\"1\",\"source\":\"/a\",\"type\":\"a\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"a\",\"type\":\"a\"}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/a\",\"type\":\"a\"} x",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/a\",\"type\":\"a\"}}",
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/a\",\"type\":\"a\",}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect_same(texts[i], false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ordinary_events_are_read_in_one_pass),
        cmocka_unit_test(unusual_events_are_left_to_the_long_way),
        cmocka_unit_test(bad_events_are_not_accepted),
        cmocka_unit_test(cut_and_changed_events_are_judged_alike),
        cmocka_unit_test(what_is_required_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
