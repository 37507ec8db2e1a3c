/* test_fresh.c - what is kept for the cache until the commit. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "pia/fresh.h"

static void add(pia_fresh_t *fresh, const char *id, int64_t version)
{
    json_t *json = json_pack("{s:s, s:I}", "id", id, "version", (json_int_t)version);
    pia_fresh_add(fresh, "thing", id, version, json);
    json_decref(json);
}

static void a_value_is_kept_once_a_version(void **state)
{
    (void)state;
    pia_fresh_t fresh = {0};
    add(&fresh, "a", 1);
    add(&fresh, "a", 1);
    add(&fresh, "a", 2);
    add(&fresh, "b", 1);
    assert_int_equal(fresh.count, 3);
    assert_string_equal(fresh.items[1].value, "{\"id\":\"a\",\"version\":2}");
    pia_fresh_undo(&fresh, 0);
    add(&fresh, "a", 1);
    assert_int_equal(fresh.count, 1);
    pia_fresh_undo(&fresh, 0);
}

static void an_id_that_is_too_long_is_not_kept(void **state)
{
    (void)state;
    pia_fresh_t fresh = {0};
    char id[PIA_FRESH_ID_SIZE + 1];
    memset(id, 'x', PIA_FRESH_ID_SIZE);
    id[PIA_FRESH_ID_SIZE] = '\0';
    add(&fresh, id, 1);
    pia_fresh_hide(&fresh, "thing", id, 1);
    assert_int_equal(fresh.count, 0);
    add(&fresh, id + 1, 1); /* the longest */
    assert_int_equal(fresh.count, 1);
    assert_string_equal(fresh.items[0].id, id + 1);
    pia_fresh_undo(&fresh, 0);
}

static void values_do_not_crowd_out_what_is_hidden(void **state)
{
    (void)state;
    pia_fresh_t fresh = {0};
    for (int i = 0; i <= PIA_FRESH_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "v%d", i);
        add(&fresh, id, 1);
    }
    assert_int_equal(fresh.count, PIA_FRESH_MAX);
    for (int i = 0; i <= PIA_FRESH_MAX; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "h%d", i);
        pia_fresh_hide(&fresh, "thing", id, 2);
    }
    assert_int_equal(fresh.count, PIA_FRESH_MAX);
    for (size_t i = 0; i < fresh.count; i++) {
        assert_null(fresh.items[i].value);
        assert_int_equal(fresh.items[i].id[0], 'h');
    }
    pia_fresh_undo(&fresh, 0);
}

static void what_is_undone_is_forgotten(void **state)
{
    (void)state;
    pia_fresh_t fresh = {0};
    pia_cache_t *cache = pia_cache_new("", "epoch", "service");
    add(&fresh, "a", 1);
    size_t before = fresh.count;
    add(&fresh, "b", 1);
    pia_fresh_hide(&fresh, "thing", "c", 1);
    pia_fresh_undo(&fresh, before);
    assert_int_equal(fresh.count, 1);
    assert_string_equal(fresh.items[0].id, "a");
    assert_int_equal(pia_fresh_set(&fresh, cache), 0); /* there is none */
    assert_int_equal(fresh.count, 0);
    pia_cache_destroy(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_kept_once_a_version),
        cmocka_unit_test(an_id_that_is_too_long_is_not_kept),
        cmocka_unit_test(values_do_not_crowd_out_what_is_hidden),
        cmocka_unit_test(what_is_undone_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
