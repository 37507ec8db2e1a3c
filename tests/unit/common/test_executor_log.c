/* test_executor_log.c - jobs that a service makes durable without the database. */
#include "pia/executor.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "pia_test.h"
#include "test_database.h"
#include "test_peer.h"

/* The service's side: a log of what happened, one letter each. */
typedef struct {
    char happened[64]; /* the first ones */
    bool may;          /* what may_log says … */
    bool waits;        /* … unless it would have to wait where it must not */
    bool idle;         /* nothing is written */
    int refuse;        /* so many logs */
    bool late;         /* the last log was to be later */
    bool test_thread;  /* all since was called in the test's thread */
    pthread_t tester;
} service_t;

typedef struct {
    test_database_t database;
    pia_loop_t *loop;
    pia_executor_t *executor;
    service_t service;
    size_t done;
} fixture_t;

typedef struct {
    pia_job_t job; /* first */
    fixture_t *fixture;
    pia_status_t answer, told;
    bool had_database;
    int runs;
    size_t order; /* among the done ones, from 1 */
} thing_t;

static void note(void *self, char letter)
{
    service_t *service = self;
    size_t size = strlen(service->happened);
    if (size + 1 < sizeof service->happened)
        service->happened[size] = letter;
    service->test_thread = service->test_thread && pthread_equal(pthread_self(), service->tester);
}

static bool may_log(void *self, bool here)
{
    const service_t *service = self;
    return service->may && (!here || !service->waits);
}

static pia_status_t log_it(void *self, bool later, const char **ret_reason)
{
    service_t *service = self;
    (void)ret_reason;
    bool refuses = service->refuse-- > 0;
    note(self, refuses ? 'x' : 'l');
    service->late = later;
    return refuses ? PIA_CONFLICT : PIA_OK;
}

static pia_status_t logged(void *self, bool *ret_wrote, const char **ret_reason)
{
    (void)ret_reason;
    *ret_wrote = !((service_t *)self)->idle;
    note(self, 'L');
    return PIA_OK;
}

static void recall(void *self)
{
    note(self, 'r');
}

static void committed(void *self)
{
    note(self, 'c');
}

static void job_undone(void *self, pia_db_t *db)
{
    note(self, db ? 'U' : 'u');
}

static void must_not_be_fatal(const char *reason)
{
    fail_msg("%s", reason);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    test_database_init(&fixture->database);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    fixture->service = (service_t){.may = true, .test_thread = true, .tester = pthread_self()};
    fixture->loop = pia_loop_new();
    pia_executor_hooks_t hooks = {.self = &fixture->service,
                                  .may_log = may_log,
                                  .log = log_it,
                                  .logged = logged,
                                  .recall = recall,
                                  .committed = committed,
                                  .job_undone = job_undone};
    fixture->executor = pia_executor_new(fixture->loop, &db, &hooks, must_not_be_fatal);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_executor_destroy(&fixture->executor);
    pia_loop_destroy(&fixture->loop);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

static pia_status_t run_thing(pia_job_t *job, pia_db_t *db)
{
    thing_t *thing = (thing_t *)job;
    thing->had_database = db != NULL;
    thing->runs++;
    return thing->answer;
}

static void thing_done(pia_job_t *job, pia_status_t status)
{
    thing_t *thing = (thing_t *)job;
    thing->told = status;
    thing->order = ++thing->fixture->done;
}

static thing_t make(fixture_t *fixture, bool tidy)
{
    return (thing_t){.job = {.run = run_thing, .done = thing_done, .tidy = tidy},
                     .fixture = fixture,
                     .answer = PIA_OK,
                     .told = PIA_INTERNAL};
}

static bool all_done(void *arg)
{
    return ((fixture_t *)arg)->done > 0;
}

static void post(fixture_t *fixture, thing_t *thing)
{
    fixture->done = 0;
    memset(fixture->service.happened, 0, sizeof fixture->service.happened);
    fixture->service.test_thread = true;
    assert_int_equal(pia_executor_post(fixture->executor, &thing->job), PIA_OK);
    test_loop_until(fixture->loop, all_done, fixture);
}

static void a_tidy_job_is_logged(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, true);
    post(fixture, &thing);
    assert_int_equal(thing.told, PIA_OK);
    assert_false(thing.had_database);
    assert_string_equal(fixture->service.happened, "lL");
    assert_false(fixture->service.test_thread);
    assert_false(fixture->service.late);
}

static void another_one_has_the_connection_back(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, false);
    post(fixture, &thing);
    assert_true(thing.had_database);
    assert_string_equal(fixture->service.happened, "rc");
    thing = make(fixture, true);
    fixture->service.may = false;
    post(fixture, &thing);
    assert_true(thing.had_database);
    assert_string_equal(fixture->service.happened, "rc");
}

static void what_cannot_be_logged_runs_again_in_a_transaction(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, true);
    fixture->service.refuse = 1;
    post(fixture, &thing);
    assert_int_equal(thing.runs, 2);
    assert_true(thing.had_database && thing.told == PIA_OK);
    assert_string_equal(fixture->service.happened, "xrc");
}

static void a_refused_job_is_undone_and_told_so(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, true);
    thing.answer = PIA_INVALID;
    post(fixture, &thing);
    assert_int_equal(thing.told, PIA_INVALID);
    assert_string_equal(fixture->service.happened, "ulL");
}

static bool two_done(void *arg)
{
    return ((fixture_t *)arg)->done == 2;
}

/* In a transaction, the service is told with which connection. */
static void what_is_undone_had_a_database_or_not(void **state)
{
    fixture_t *fixture = *state;
    for (int refuse = 0; refuse < 2; refuse++) {
        thing_t things[2] = {make(fixture, true), make(fixture, true)};
        things[0].answer = PIA_INVALID;
        memset(fixture->service.happened, 0, sizeof fixture->service.happened);
        fixture->done = 0;
        fixture->service.refuse = 2 * refuse; /* here, and in the store thread */
        for (int i = 0; i < 2; i++)
            assert_int_equal(pia_executor_queue(fixture->executor, &things[i].job), PIA_OK);
        pia_executor_go(fixture->executor, true);
        if (refuse)
            test_loop_until(fixture->loop, two_done, fixture);
        assert_true(things[0].told == PIA_INVALID && things[1].told == PIA_OK);
        assert_string_equal(fixture->service.happened, refuse ? "uxuxrUc" : "ulL");
    }
}

static void a_little_is_logged_here_and_now(void **state)
{
    fixture_t *fixture = *state;
    thing_t things[2] = {make(fixture, true), make(fixture, true)};
    assert_int_equal(pia_executor_queue(fixture->executor, &things[0].job), PIA_OK);
    assert_int_equal(pia_executor_queue(fixture->executor, &things[1].job), PIA_OK);
    assert_int_equal(fixture->done, 0);
    pia_executor_go(fixture->executor, true);
    assert_int_equal(fixture->done, 2); /* without the loop */
    assert_string_equal(fixture->service.happened, "lL");
    assert_true(fixture->service.test_thread);
    pia_executor_stats_t stats;
    pia_executor_stats(fixture->executor, &stats);
    assert_true(stats.queued == 0 && stats.jobs == 2 && stats.batches == 1 && stats.logged == 1);
}

/* How long the disk takes is known from what it has written. */
static void what_writes_nothing_is_no_commit(void **state)
{
    fixture_t *fixture = *state;
    pia_executor_stats_t stats;
    thing_t thing = make(fixture, true);
    fixture->service.idle = true;
    post(fixture, &thing);
    pia_executor_stats(fixture->executor, &stats);
    assert_true(thing.told == PIA_OK && stats.jobs == 1 && stats.batches == 0);
}

static void what_has_to_wait_is_logged_in_the_store_thread(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, true);
    fixture->service.waits = true;
    assert_int_equal(pia_executor_queue(fixture->executor, &thing.job), PIA_OK);
    pia_executor_go(fixture->executor, true);
    assert_int_equal(fixture->done, 0);
    test_loop_until(fixture->loop, all_done, fixture);
    assert_true(thing.told == PIA_OK && !thing.had_database);
    assert_string_equal(fixture->service.happened, "lL");
    assert_false(fixture->service.test_thread);
}

static void what_cannot_be_logged_here_goes_to_the_store_thread(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, true);
    fixture->service.refuse = 2;
    assert_int_equal(pia_executor_queue(fixture->executor, &thing.job), PIA_OK);
    pia_executor_go(fixture->executor, true);
    test_loop_until(fixture->loop, all_done, fixture);
    assert_true(thing.had_database && thing.told == PIA_OK);
    thing = make(fixture, false);
    fixture->done = 0;
    assert_int_equal(pia_executor_queue(fixture->executor, &thing.job), PIA_OK);
    pia_executor_go(fixture->executor, true);
    assert_int_equal(fixture->done, 0);
    test_loop_until(fixture->loop, all_done, fixture);
    assert_true(thing.had_database);
}

static void wait_for_store(const fixture_t *fixture)
{
    pia_executor_stats_t stats = {.queued = 1};
    while (stats.queued) {
        (void)sched_yield();
        pia_executor_stats(fixture->executor, &stats);
    }
}

/* What the store thread has ended, and the loop has not heard of yet, is told before what is logged
 * here after it. Several rounds: the store thread may still be said to work in one. */
static void the_order_of_commits_is_that_of_receipts(void **state)
{
    fixture_t *fixture = *state;
    for (int i = 0; i < 50; i++) {
        thing_t things[2] = {make(fixture, true), make(fixture, true)};
        fixture->done = 0;
        assert_int_equal(pia_executor_post(fixture->executor, &things[0].job), PIA_OK);
        wait_for_store(fixture);
        assert_int_equal(pia_executor_queue(fixture->executor, &things[1].job), PIA_OK);
        pia_executor_go(fixture->executor, true);
        test_loop_until(fixture->loop, two_done, fixture);
        assert_int_equal(things[0].order, 1);
        assert_int_equal(things[1].order, 2);
    }
}

enum { MANY = 300 };

static bool many_done(void *arg)
{
    return ((fixture_t *)arg)->done == MANY;
}

/* Each batch is told when it is logged, the last one too, however they meet. */
static void batches_that_overlap_are_all_told(void **state)
{
    fixture_t *fixture = *state;
    thing_t *things = calloc(MANY, sizeof *things);
    assert_non_null(things);
    for (size_t i = 0; i < MANY; i++) {
        things[i] = make(fixture, i % 50 != 49);
        assert_int_equal(pia_executor_queue(fixture->executor, &things[i].job), PIA_OK);
        pia_executor_go(fixture->executor, i % 7 == 0);
    }
    test_loop_until(fixture->loop, many_done, fixture);
    for (size_t i = 0; i < MANY; i++)
        assert_true(things[i].told == PIA_OK && things[i].runs == 1);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tidy_job_is_logged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_one_has_the_connection_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_logged_runs_again_in_a_transaction, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_refused_job_is_undone_and_told_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_undone_had_a_database_or_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_little_is_logged_here_and_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_writes_nothing_is_no_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_to_wait_is_logged_in_the_store_thread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_logged_here_goes_to_the_store_thread, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_order_of_commits_is_that_of_receipts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(batches_that_overlap_are_all_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
