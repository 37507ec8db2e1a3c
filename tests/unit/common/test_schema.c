/* test_schema.c - the decoder against a table like those that the build generates. */
#include "pia/json.h"
#include "pia_test.h"

#include <string.h>

#include "pia/schema.h"

typedef struct {
    const char *street;
} place_t;
static const pia_field_t place_fields[] = {
    {.name = "street",
     .type = PIA_FIELD_TEXT,
     .required = true,
     .offset = offsetof(place_t, street),
     .min = 1,
     .max = 10},
    {.name = NULL},
};
static const pia_schema_t place_schema = {
    .name = "place", .size = sizeof(place_t), .fields = place_fields};

typedef struct {
    const char *name;
    const char *mood;
    const char *id;
    bool has_age;
    int64_t age;
    bool has_open;
    bool open;
    const json_t *tags;
    const json_t *place;
    const json_t *places;
    const json_t *extra;
} shop_t;
static const char *const moods[] = {"good", "bad", NULL};
static const pia_field_t shop_fields[] = {
    {.name = "name",
     .type = PIA_FIELD_TEXT,
     .required = true,
     .offset = offsetof(shop_t, name),
     .min = 1,
     .max = 8},
    {.name = "mood",
     .type = PIA_FIELD_TEXT,
     .offset = offsetof(shop_t, mood),
     .max = 100,
     .values = moods},
    {.name = "id",
     .type = PIA_FIELD_TEXT,
     .offset = offsetof(shop_t, id),
     .max = 100,
     .format = "uuid"},
    {.name = "age",
     .type = PIA_FIELD_INTEGER,
     .offset = offsetof(shop_t, age),
     .has_offset = offsetof(shop_t, has_age),
     .min = -1,
     .max = 150},
    {.name = "open",
     .type = PIA_FIELD_BOOLEAN,
     .offset = offsetof(shop_t, open),
     .has_offset = offsetof(shop_t, has_open)},
    {.name = "tags",
     .type = PIA_FIELD_TEXTS,
     .offset = offsetof(shop_t, tags),
     .min = 1,
     .max = 2,
     .item_min = 1,
     .item_max = 4},
    {.name = "place",
     .type = PIA_FIELD_OBJECT,
     .offset = offsetof(shop_t, place),
     .child = &place_schema},
    {.name = "places",
     .type = PIA_FIELD_OBJECTS,
     .offset = offsetof(shop_t, places),
     .max = 2,
     .child = &place_schema},
    {.name = "extra", .type = PIA_FIELD_OBJECT, .offset = offsetof(shop_t, extra)},
    {.name = NULL},
};
static const pia_schema_t shop_schema = {
    .name = "shop", .size = sizeof(shop_t), .fields = shop_fields};

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    assert_int_equal(pia_json_parse(text, strlen(text), &json, NULL), PIA_OK);
    return json;
}

static void expect_refused(const char *text, const char *pointer, const char *reason)
{
    json_t *json = parse(text);
    shop_t shop;
    memset(&shop, 0x5A, sizeof shop);
    shop_t before = shop;
    pia_problem_t problem = {0};
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_REFUSED, &shop, &problem),
                     PIA_INVALID);
    assert_memory_equal(&shop, &before, sizeof shop);
    assert_string_equal(problem.pointer, pointer);
    if (!strstr(problem.detail, reason)) {
        fail_msg("%s: '%s' does not say '%s'", text, problem.detail, reason);
    }
    json_decref(json);
}

static const char full[] =
    "{\"name\": \"caf\xc3\xa9\", \"mood\": \"good\", \"age\": -1, \"open\": false, \"tags\": "
    "[\"a\", \"b\"],"
    "\"place\": {\"street\": \"x\"}, \"places\": [{\"street\": \"y\"}], \"extra\": {\"any\": [1]}}";

static void a_full_object_fills_the_struct(void **state)
{
    (void)state;
    json_t *json = parse(full);
    shop_t shop;
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_REFUSED, &shop, NULL),
                     PIA_OK);
    assert_string_equal(shop.name, "caf\xc3\xa9");
    assert_string_equal(shop.mood, "good");
    assert_null(shop.id);
    assert_true(shop.has_age);
    assert_int_equal(shop.age, -1);
    assert_true(shop.has_open);
    assert_false(shop.open);
    assert_int_equal(json_array_size(shop.tags), 2);
    assert_non_null(shop.extra);
    json_decref(json);
}

static void absent_members_are_absent(void **state)
{
    (void)state;
    json_t *json = parse("{\"name\": \"x\"}");
    shop_t shop;
    memset(&shop, 0x5A, sizeof shop);
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_REFUSED, &shop, NULL),
                     PIA_OK);
    assert_false(shop.has_age);
    assert_false(shop.has_open);
    assert_null(shop.tags);
    assert_null(shop.place);
    json_decref(json);
}

static void encode_gives_back_what_was_decoded(void **state)
{
    (void)state;
    json_t *json = parse(full);
    shop_t shop;
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_REFUSED, &shop, NULL),
                     PIA_OK);
    json_t *again = pia_schema_encode(&shop_schema, &shop);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
}

static void texts_are_checked(void **state)
{
    (void)state;
    expect_refused("{}", "/name", "missing");
    expect_refused("{\"name\": null}", "/name", "Must be a text");
    expect_refused("{\"name\": 3}", "/name", "Must be a text");
    expect_refused("{\"name\": \"\"}", "/name", "1 to 8 bytes");
    expect_refused("{\"name\": \"caf\xc3\xa9"
                   "caf\xc3\xa9\"}",
                   "/name", "it has 10");
    expect_refused("{\"name\": \"a\\r\\nb\"}", "/name", "control");
    expect_refused("{\"name\": \"a\\u001b\"}", "/name", "control");
    expect_refused("{\"name\": \"a\\u0085\"}", "/name", "control");
    expect_refused("{\"name\": \"a\\u007f\"}", "/name", "control");
    expect_refused("{\"name\": \"x\", \"mood\": \"so\"}", "/mood", "allowed values: good, bad.");
    expect_refused("{\"name\": \"x\", \"id\": \"so\"}", "/id", "not a valid uuid");
}

static void numbers_and_booleans_are_checked(void **state)
{
    (void)state;
    expect_refused("{\"name\": \"x\", \"age\": 151}", "/age", "from -1 to 150");
    expect_refused("{\"name\": \"x\", \"age\": -2}", "/age", "from -1 to 150");
    expect_refused("{\"name\": \"x\", \"age\": 1.0}", "/age", "integer");
    expect_refused("{\"name\": \"x\", \"age\": \"1\"}", "/age", "integer");
    expect_refused("{\"name\": \"x\", \"open\": 1}", "/open", "true or false");
}

static void arrays_and_objects_are_checked(void **state)
{
    (void)state;
    expect_refused("{\"name\": \"x\", \"tags\": []}", "/tags", "1 to 2 items");
    expect_refused("{\"name\": \"x\", \"tags\": [\"a\", \"b\", \"c\"]}", "/tags", "it has 3");
    expect_refused("{\"name\": \"x\", \"tags\": \"a\"}", "/tags", "array");
    expect_refused("{\"name\": \"x\", \"tags\": [\"a\", \"toolong\"]}", "/tags/1", "1 to 4 bytes");
    expect_refused("{\"name\": \"x\", \"tags\": [1]}", "/tags/0", "text");
    expect_refused("{\"name\": \"x\", \"place\": []}", "/place", "object");
    expect_refused("{\"name\": \"x\", \"place\": {}}", "/place/street", "missing");
    expect_refused("{\"name\": \"x\", \"places\": [{\"street\": \"x\"}, {\"street\": \"\"}]}",
                   "/places/1/street", "bytes");
    expect_refused("{\"name\": \"x\", \"places\": [1]}", "/places/0", "object");
}

static void unknown_members_are_refused_by_pointer(void **state)
{
    (void)state;
    expect_refused("{\"name\": \"x\", \"nam\": 1}", "/nam", "not a member of shop");
    expect_refused("{\"name\": \"x\", \"a/b~c\": 1}", "/a~1b~0c", "not a member");
    expect_refused("{\"name\": \"x\", \"place\": {\"street\": \"s\", \"no\": 1}}", "/place/no",
                   "not a member of place");
}

static void a_long_unknown_name_does_not_overflow_the_pointer(void **state)
{
    (void)state;
    char text[1200] = "{\"name\": \"x\", \"";
    size_t used = strlen(text);
    for (; used < 1000; used++) {
        text[used] = used % 2 ? '~' : '/';
    }
    memcpy(text + used, "\": 1}", 6);
    json_t *json = parse(text);
    shop_t shop;
    pia_problem_t problem;
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_REFUSED, &shop, &problem),
                     PIA_INVALID);
    assert_true(strlen(problem.pointer) < PIA_POINTER_MAX);
    json_decref(json);
}

static void services_ignore_unknown_members_of_each_other(void **state)
{
    (void)state;
    json_t *json =
        parse("{\"name\": \"x\", \"new\": 1, \"place\": {\"street\": \"s\", \"no\": 1}}");
    shop_t shop;
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_IGNORED, &shop, NULL),
                     PIA_OK);
    json_decref(json);
}

static void what_is_not_an_object_is_refused(void **state)
{
    (void)state;
    json_t *json = json_array();
    shop_t shop;
    assert_int_equal(pia_schema_decode(&shop_schema, json, PIA_UNKNOWN_IGNORED, &shop, NULL),
                     PIA_INVALID);
    assert_int_equal(pia_schema_decode(&shop_schema, NULL, PIA_UNKNOWN_IGNORED, &shop, NULL),
                     PIA_INVALID);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_object_fills_the_struct),
        cmocka_unit_test(absent_members_are_absent),
        cmocka_unit_test(encode_gives_back_what_was_decoded),
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(numbers_and_booleans_are_checked),
        cmocka_unit_test(arrays_and_objects_are_checked),
        cmocka_unit_test(unknown_members_are_refused_by_pointer),
        cmocka_unit_test(a_long_unknown_name_does_not_overflow_the_pointer),
        cmocka_unit_test(services_ignore_unknown_members_of_each_other),
        cmocka_unit_test(what_is_not_an_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
