/* test_reader.c - the journal's reader: pages for streams, and reads that nobody waits for. */
#include "pia_test.h"

#include "diffusion_fixture.h"
#include "pia/memory.h"
#include "reader.h"

enum { EVENTS = 5 };

typedef struct {
    fixture_t fixture;
    pia_loop_t *loop;
    damage_t *damage;
    reader_t *reader;
    int left;                 /* answers still to come */
    size_t batches;           /* in all answers */
    pia_status_t last_status; /* of the last answer */
} bench_t;

static void take(void *arg, read_t *read)
{
    bench_t *bench = arg;
    bench->batches += read->count;
    bench->last_status = read->status;
    read_destroy(&read);
    if (--bench->left == 0)
        pia_loop_stop(bench->loop);
}

static void open_bench(bench_t *bench)
{
    pia_problem_t problem = {0};
    *bench = (bench_t){.loop = pia_loop_new()};
    fixture_open(&bench->fixture);
    for (int i = 0; i < EVENTS; i++)
        (void)fixture_add(&bench->fixture, (const char[]){(char)('a' + i), '\0'}, "{}");
    bench->damage = damage_new("/nonexistent/damaged", false);
    assert_int_equal(reader_new(bench->fixture.database.url, bench->loop, bench->damage,
                                &bench->reader, &problem),
                     PIA_OK);
}

static void close_bench(bench_t *bench)
{
    reader_destroy(&bench->reader);
    pia_loop_destroy(&bench->loop);
    damage_destroy(&bench->damage);
    fixture_close(&bench->fixture);
}

static read_t *read_from_the_beginning(bench_t *bench)
{
    read_t *read = pia_alloc(sizeof *read);
    *read = (read_t){.done = take, .arg = bench, .asker = bench, .after = {.epoch = 1}};
    return read;
}

static void a_page_holds_what_follows(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    bench.left = 1;
    reader_ask(bench.reader, read_from_the_beginning(&bench));
    pia_loop_run(bench.loop);
    assert_int_equal(bench.last_status, PIA_OK);
    assert_int_equal(bench.batches, EVENTS);
    close_bench(&bench);
}

static void what_nobody_waits_for_is_not_read(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    bench.left = 2;
    read_t *read = read_from_the_beginning(&bench);
    reader_cancel(bench.reader, read); /* before it is asked: the thread cannot be quicker */
    assert_null(read->asker);
    reader_ask(bench.reader, read);
    reader_ask(bench.reader, read_from_the_beginning(&bench));
    pia_loop_run(bench.loop);
    assert_int_equal(bench.batches, EVENTS); /* of the second one alone */
    close_bench(&bench);
}

static void an_end_answers_what_waits(void **state)
{
    (void)state;
    bench_t bench;
    open_bench(&bench);
    bench.left = 100;
    for (int i = 0; i < 100; i++)
        reader_ask(bench.reader, read_from_the_beginning(&bench));
    reader_destroy(&bench.reader);
    assert_int_equal(bench.left, 0);
    close_bench(&bench);
}

/* A place that was acknowledged a moment ago, and that the database does not have yet. */
static void what_the_database_has_to_follow_is_not_of_another_history(void **state)
{
    (void)state;
    static const struct {
        uint32_t epoch;
        uint64_t after, committed;
        bool locate;
        pia_status_t status;
    } table[] = {
        {1, EVENTS + 2, EVENTS + 4, true, PIA_UNAVAILABLE},
        {1, EVENTS + 2, EVENTS + 2, true, PIA_UNAVAILABLE},
        {1, EVENTS + 2, EVENTS + 4, false, PIA_UNAVAILABLE},
        {1, EVENTS, EVENTS + 1, false, PIA_UNAVAILABLE},
        {1, EVENTS, EVENTS, false, PIA_NOT_FOUND},
        {1, EVENTS + 5, EVENTS + 4, true, PIA_GONE}, /* nobody has seen such an event */
        {2, EVENTS + 2, EVENTS + 4, true, PIA_GONE},
        {1, EVENTS - 1, EVENTS + 4, true, PIA_GONE}, /* another chain */
        {1, EVENTS - 1, EVENTS + 4, false, PIA_OK},
    };
    bench_t bench;
    open_bench(&bench);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        read_t *read = read_from_the_beginning(&bench);
        read->after = (cursor_t){table[i].epoch, table[i].after, 7};
        read->committed = table[i].committed;
        read->locate = table[i].locate;
        bench.left = 1;
        reader_ask(bench.reader, read);
        pia_loop_run(bench.loop);
        assert_int_equal(bench.last_status, table[i].status);
    }
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_holds_what_follows),
        cmocka_unit_test(what_nobody_waits_for_is_not_read),
        cmocka_unit_test(what_the_database_has_to_follow_is_not_of_another_history),
        cmocka_unit_test(an_end_answers_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
