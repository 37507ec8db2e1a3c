/* test_routes.c - the table of endpoints: every row is found, and agrees with its message. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "openapi.h"
#include "routes.h"

static const route_t *find(const char *method, const char *raw, char allow[64])
{
    target_t target;
    const char *reason;
    assert_true(target_parse(raw, &target, &reason));
    const route_t *route = route_find(method, &target, allow, 64);
    target_clear(&target);
    return route;
}

static void a_path_is_found_by_its_method(void **state)
{
    (void)state;
    char allow[64];
    assert_string_equal(find("GET", "/v1/poles/aten", allow)->message->name, "registry.pole.get");
    assert_string_equal(find("HEAD", "/v1/poles", allow)->message->name, "registry.pole.list");
    assert_string_equal(find("PATCH", "/v1/poles/aten", allow)->message->name,
                        "registry.pole.update");
    assert_null(find("GET", "/v1/poles/aten/nothing", allow));
    assert_string_equal(allow, "");
    assert_null(find("GET", "/v1", allow));
    assert_null(find("DELETE", "/v1/poles", allow));
    assert_string_equal(allow, "OPTIONS, GET, HEAD");
    assert_null(find("OPTIONS", "/v1/publications", allow));
    assert_string_equal(allow, "OPTIONS, GET, HEAD, POST");
}

static void check_name(void *arg, size_t segment, const char *name, size_t size)
{
    (void)segment;
    const route_t *route = *(const route_t **)arg;
    char member[64];
    (void)snprintf(member, sizeof member, "%.*s", (int)size, name);
    if (!ask_field(route->message->request, member))
        fail_msg("%s %s: no member %s", route->method, route->path, member);
}

/* A question that needs a body in its long form has a short one, a GET. */
static bool is_asked_by_get(const pia_message_t *message)
{
    for (const route_t *route = gateway_routes; route->method != NULL; route++)
        if (route->message == message && strcmp(route->method, "GET") == 0)
            return true;
    return false;
}

static void every_row_agrees_with_its_message(void **state)
{
    (void)state;
    for (const route_t *route = gateway_routes; route->method != NULL; route++) {
        char allow[64];
        assert_ptr_equal(find(route->method, route->path, allow), route);
        route_each_name(route, check_name, &route);
        bool reads = strcmp(route->method, "GET") == 0;
        bool once = (route->flags & ROUTE_EVENTS) != 0; /* by source and id, without a key */
        bool changes = route->message->mutating || once;
        if (reads ? changes : !changes && !is_asked_by_get(route->message))
            fail_msg("%s %s: %s", route->method, route->path, route->message->name);
    }
}

/* A member of the message, or a list by name; for events a first word. */
static bool cache_is_understood(const route_t *route)
{
    const char *cache = route->cache;
    size_t size = strcspn(cache, ":=*");
    if (cache[size] == ':')
        return size > 0 && ask_field(route->message->request, cache + size + 1) != NULL;
    if (cache[size] == '=')
        return size == 4 && memcmp(cache, "list", 4) == 0 && cache[size + 1] != '\0';
    return size == 0 && cache[0] == '*' && (route->flags & ROUTE_EVENTS);
}

static void the_cache_of_a_row_is_understood(void **state)
{
    (void)state;
    size_t rows = 0;
    for (const route_t *route = gateway_routes; route->method != NULL; route++) {
        if (route->cache == NULL)
            continue;
        rows++;
        if (!cache_is_understood(route))
            fail_msg("%s %s: %s", route->method, route->path, route->cache);
    }
    assert_true(rows > 10);
}

static void check_references(const json_t *root, json_t *json)
{
    const char *name;
    json_t *child;
    size_t index;
    const char *target = json_string_value(json_object_get(json, "$ref"));
    if (target != NULL) {
        char kind[32], noun[64];
        assert_int_equal(sscanf(target, "#/components/%31[a-zA-Z]/%63s", kind, noun), 2);
        json_t *kinds = json_object_get(json_object_get(root, "components"), kind);
        if (json_object_get(kinds, noun) == NULL)
            fail_msg("%s leads nowhere", target);
    }
    json_object_foreach(json, name, child) check_references(root, child);
    json_array_foreach(json, index, child) check_references(root, child);
}

static void the_description_is_whole(void **state)
{
    (void)state;
    char *text = openapi_build();
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(root);
    check_references(root, root);
    const json_t *paths = json_object_get(root, "paths");
    for (const route_t *route = gateway_routes; route->method != NULL; route++)
        assert_non_null(json_object_get(paths, route->path));
    json_decref(root);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_found_by_its_method),
        cmocka_unit_test(every_row_agrees_with_its_message),
        cmocka_unit_test(the_cache_of_a_row_is_understood),
        cmocka_unit_test(the_description_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
