/* test_frame.c - frames that are built once: who may be given which. */
#include "pia_test.h"

#include "frame.h"

typedef struct {
    frame_cache_t *cache;
    filter_t *all, *guides;
    pia_principal_t nobody, pole, other_pole, service;
} bench_t;

static filter_t *compile(const char *text)
{
    pia_problem_t problem = {0};
    filter_t *filter = NULL;
    json_t *json = json_loads(text, 0, NULL);
    assert_int_equal(filter_compile(json, &filter, &problem), PIA_OK);
    json_decref(json);
    return filter;
}

static void open_bench(bench_t *bench)
{
    *bench = (bench_t){.cache = frame_cache_new(),
                       .all = compile("{}"),
                       .guides = compile("{\"kinds\":[\"guide\"]}"),
                       .pole = {.roles = PIA_ROLE_POLE, .person = "1"},
                       .other_pole = {.roles = PIA_ROLE_POLE, .person = "2"},
                       .service = {.roles = PIA_ROLE_SERVICE}};
}

static void close_bench(bench_t *bench)
{
    frame_cache_destroy(&bench->cache);
    filter_destroy(&bench->all);
    filter_destroy(&bench->guides);
}

static const cursor_t HERE = {1, 10, 0xa};

static void
add(bench_t *bench, const filter_t *filter, const pia_principal_t *principal, bool restricted)
{
    buffer_t records = {0};
    frame_view_t view = frame_view(filter, principal);
    buffer_add(&records, "abc", 3);
    frame_t *frame = frame_of_bytes(&records, 3, &HERE, &(cursor_t){1, 13, 0xd});
    frame_cache_add(bench->cache, frame, &view, restricted);
    frame_release(frame);
    buffer_free(&records);
}

static frame_t *find(const bench_t *bench, const filter_t *filter, const pia_principal_t *principal)
{
    frame_view_t view = frame_view(filter, principal);
    return frame_cache_find(bench->cache, &HERE, &view, 3);
}

static void a_service_sees_all_whole_and_a_stranger_what_is_public(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    assert_int_equal(frame_view(bench.all, &bench.nobody).visible, BATCH_PUBLIC);
    assert_int_equal(frame_view(bench.all, &bench.pole).visible, BATCH_PUBLIC | BATCH_NETWORK);
    assert_int_equal(frame_view(bench.all, &bench.service).visible,
                     BATCH_PUBLIC | BATCH_NETWORK | BATCH_RESTRICTED);
    close_bench(&bench);
}

static void a_frame_is_for_the_same_place_filter_and_rights(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    add(&bench, bench.all, &bench.pole, false);
    frame_view_t view = frame_view(bench.all, &bench.pole);
    assert_non_null(find(&bench, bench.all, &bench.pole));
    assert_non_null(find(&bench, bench.all, &bench.other_pole));
    assert_null(find(&bench, bench.all, &bench.nobody));
    assert_null(find(&bench, bench.all, &bench.service));
    assert_null(find(&bench, bench.guides, &bench.pole));
    assert_null(frame_cache_find(bench.cache, &HERE, &view, 2)); /* the credit is too small */
    assert_null(frame_cache_find(bench.cache, &(cursor_t){1, 9, 0xa}, &view, 3));
    assert_null(frame_cache_find(bench.cache, &(cursor_t){1, 10, 0xb}, &view, 3));
    close_bench(&bench);
}

static void what_depends_on_a_name_is_for_nobody_else(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    add(&bench, bench.guides, &bench.pole, true);
    assert_non_null(find(&bench, bench.guides, &bench.pole));
    assert_null(find(&bench, bench.guides, &bench.other_pole));
    close_bench(&bench);
}

static void only_the_last_ones_are_kept(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    add(&bench, bench.guides, &bench.pole, false);
    frame_t *kept = frame_retain(find(&bench, bench.guides, &bench.pole));
    for (int i = 0; i < 100; i++)
        add(&bench, bench.all, &bench.pole, false);
    assert_null(find(&bench, bench.guides, &bench.pole));
    assert_memory_equal(kept->bytes, "abc", 3);
    frame_release(kept);
    close_bench(&bench);
}

static void what_has_changed_is_given_to_nobody(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    add(&bench, bench.all, &bench.pole, false);
    frame_cache_clear(bench.cache);
    assert_null(find(&bench, bench.all, &bench.pole));
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_sees_all_whole_and_a_stranger_what_is_public),
        cmocka_unit_test(a_frame_is_for_the_same_place_filter_and_rights),
        cmocka_unit_test(what_depends_on_a_name_is_for_nobody_else),
        cmocka_unit_test(only_the_last_ones_are_kept),
        cmocka_unit_test(what_has_changed_is_given_to_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
