/* test_executor.c - jobs in batches: what is committed, what is undone, and who is told when. */
#include "pia/executor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db_internal.h"
#include "pia_test.h"
#include "test_database.h"
#include "test_peer.h"

static const char SQL_INSERT[] = "INSERT INTO thing (number) VALUES ($1)";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM thing";

typedef struct {
    int began, committing, committed, rolled_back;
    int refuse_committing; /* so many times */
} hooks_t;

typedef struct {
    test_database_t database;
    pia_loop_t *loop;
    pia_executor_t *executor;
    pia_executor_hooks_t hooks;
    hooks_t seen;
    size_t done;
} fixture_t;

typedef struct {
    pia_job_t job; /* first */
    fixture_t *fixture;
    int64_t number;
    pia_status_t answer; /* what run returns */
    int conflicts;       /* so many runs end in a deadlock */
    int runs;
    bool other_thread; /* run was not on the test's thread */
    pthread_t test_thread;
    pia_status_t told;
    size_t order; /* among the done ones, from 1 */
} thing_t;

static pia_status_t began(void *self, pia_db_t *db)
{
    (void)db;
    ((hooks_t *)self)->began++;
    return PIA_OK;
}

static pia_status_t committing(void *self, pia_db_t *db)
{
    hooks_t *seen = self;
    (void)db;
    seen->committing++;
    return seen->refuse_committing-- > 0 ? PIA_INTERNAL : PIA_OK;
}

static void committed(void *self)
{
    ((hooks_t *)self)->committed++;
}

static void rolled_back(void *self)
{
    ((hooks_t *)self)->rolled_back++;
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
    test_database_run(db, "CREATE TABLE thing (number BIGINT PRIMARY KEY)");
    fixture->loop = pia_loop_new();
    fixture->hooks = (pia_executor_hooks_t){.self = &fixture->seen,
                                            .began = began,
                                            .committing = committing,
                                            .committed = committed,
                                            .rolled_back = rolled_back};
    fixture->executor = pia_executor_new(fixture->loop, &db, &fixture->hooks, must_not_be_fatal);
    assert_null(db);
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
    thing->other_thread = !pthread_equal(pthread_self(), thing->test_thread);
    thing->runs++;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_INSERT);
    pia_stmt_integer(stmt, 1, thing->number);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (thing->conflicts-- > 0) {
        db->retryable = true; /* as after a deadlock */
        return PIA_CONFLICT;
    }
    return status == PIA_OK ? thing->answer : status;
}

static void thing_done(pia_job_t *job, pia_status_t status)
{
    thing_t *thing = (thing_t *)job;
    assert_true(pthread_equal(pthread_self(), thing->test_thread));
    thing->told = status;
    thing->order = ++thing->fixture->done;
}

static thing_t make(fixture_t *fixture, int64_t number, pia_status_t answer)
{
    return (thing_t){.job = {.run = run_thing, .done = thing_done},
                     .fixture = fixture,
                     .number = number,
                     .answer = answer,
                     .test_thread = pthread_self(),
                     .told = PIA_INTERNAL};
}

/* Keeps the store thread busy until the rest is posted, so that the rest is one batch. */
typedef struct {
    pia_job_t job;
    pthread_mutex_t gate;
} gate_t;

static pia_status_t wait_for_gate(pia_job_t *job, pia_db_t *db)
{
    (void)db;
    gate_t *gate = (gate_t *)job;
    pthread_mutex_lock(&gate->gate);
    pthread_mutex_unlock(&gate->gate);
    return PIA_OK;
}

static void nothing_done(pia_job_t *job, pia_status_t status)
{
    (void)job;
    assert_int_equal(status, PIA_OK);
}

static void post_together(fixture_t *fixture, gate_t *gate, thing_t *things, size_t count)
{
    *gate = (gate_t){.job = {.run = wait_for_gate, .done = nothing_done, .bare = true}};
    pthread_mutex_init(&gate->gate, NULL);
    pthread_mutex_lock(&gate->gate);
    assert_int_equal(pia_executor_post(fixture->executor, &gate->job), PIA_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pia_executor_post(fixture->executor, &things[i].job), PIA_OK);
    pthread_mutex_unlock(&gate->gate);
}

typedef struct {
    const fixture_t *fixture;
    size_t count;
} wanted_t;

static bool are_done(void *arg)
{
    const wanted_t *wanted = arg;
    return wanted->fixture->done >= wanted->count;
}

static void wait_for(fixture_t *fixture, size_t count)
{
    wanted_t wanted = {fixture, count};
    test_loop_until(fixture->loop, are_done, &wanted);
}

static int64_t count_things(const fixture_t *fixture)
{
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_READER);
    int64_t count = test_database_integer(db, SQL_COUNT);
    pia_db_close(&db);
    return count;
}

static void a_job_is_told_after_its_commit(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, 1, PIA_OK);
    assert_int_equal(pia_executor_post(fixture->executor, &thing.job), PIA_OK);
    wait_for(fixture, 1);
    assert_int_equal(thing.told, PIA_OK);
    assert_true(thing.other_thread);
    assert_int_equal(count_things(fixture), 1);
    assert_int_equal(fixture->seen.began, 1);
    assert_int_equal(fixture->seen.committing, 1);
    assert_int_equal(fixture->seen.committed, 1);
    assert_int_equal(fixture->seen.rolled_back, 0);
}

static void a_lone_job_that_refuses_leaves_nothing(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, 1, PIA_NOT_FOUND);
    assert_int_equal(pia_executor_post(fixture->executor, &thing.job), PIA_OK);
    wait_for(fixture, 1);
    assert_int_equal(thing.told, PIA_NOT_FOUND);
    assert_int_equal(count_things(fixture), 0);
    assert_int_equal(fixture->seen.rolled_back, 1);
    assert_int_equal(fixture->seen.committed, 0);
}

static void in_a_batch_only_the_refusing_job_is_undone(void **state)
{
    fixture_t *fixture = *state;
    gate_t gate;
    thing_t things[] = {make(fixture, 1, PIA_OK), make(fixture, 2, PIA_INVALID),
                        make(fixture, 1, PIA_OK), /* the number is taken */
                        make(fixture, 3, PIA_OK)};
    post_together(fixture, &gate, things, 4);
    wait_for(fixture, 4);
    assert_int_equal(things[0].told, PIA_OK);
    assert_int_equal(things[1].told, PIA_INVALID);
    assert_int_equal(things[2].told, PIA_CONFLICT);
    assert_int_equal(things[3].told, PIA_OK);
    assert_int_equal(count_things(fixture), 2);
    assert_int_equal(fixture->seen.began, 1);
    assert_int_equal(fixture->seen.committed, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(things[i].runs, 1);
        assert_int_equal(things[i].order, i + 1);
    }
}

static void after_a_deadlock_each_job_runs_alone(void **state)
{
    fixture_t *fixture = *state;
    gate_t gate;
    thing_t things[] = {make(fixture, 1, PIA_OK), make(fixture, 2, PIA_OK),
                        make(fixture, 3, PIA_OK)};
    things[1].conflicts = 2; /* once in the batch, once alone */
    post_together(fixture, &gate, things, 3);
    wait_for(fixture, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(things[i].told, PIA_OK);
    assert_int_equal(things[1].runs, 3);
    assert_int_equal(count_things(fixture), 3);
    assert_int_equal(fixture->seen.committed, 3);
}

static void a_job_that_only_deadlocks_is_unavailable(void **state)
{
    fixture_t *fixture = *state;
    thing_t thing = make(fixture, 1, PIA_OK);
    thing.conflicts = 1000;
    assert_int_equal(pia_executor_post(fixture->executor, &thing.job), PIA_OK);
    wait_for(fixture, 1);
    assert_int_equal(thing.told, PIA_UNAVAILABLE);
    assert_int_equal(count_things(fixture), 0);
}

static void a_hook_that_refuses_repeats_the_batch(void **state)
{
    fixture_t *fixture = *state;
    gate_t gate;
    thing_t things[] = {make(fixture, 1, PIA_OK), make(fixture, 2, PIA_OK)};
    fixture->seen.refuse_committing = 1;
    post_together(fixture, &gate, things, 2);
    wait_for(fixture, 2);
    assert_int_equal(things[0].told, PIA_OK);
    assert_int_equal(things[0].runs, 2);
    assert_int_equal(count_things(fixture), 2);
    assert_int_equal(fixture->seen.rolled_back, 1);
    assert_int_equal(fixture->seen.committed, 1);
}

static void what_is_queued_runs_before_the_end(void **state)
{
    fixture_t *fixture = *state;
    gate_t gate;
    thing_t things[] = {make(fixture, 1, PIA_OK), make(fixture, 2, PIA_OK)};
    post_together(fixture, &gate, things, 2);
    pia_executor_destroy(&fixture->executor);
    assert_null(fixture->executor);
    assert_int_equal(things[0].told, PIA_OK);
    assert_int_equal(things[1].told, PIA_OK);
    assert_int_equal(count_things(fixture), 2);
}

static pia_status_t run_nothing(pia_job_t *job, pia_db_t *db)
{
    (void)job;
    (void)db;
    return PIA_OK;
}

enum { ENDED_AS_IT_MUST = 42 };

static void end_as_it_must(const char *reason)
{
    (void)reason;
    _exit(ENDED_AS_IT_MUST);
}

/* Like a checkpoint whose disk fails: nothing was to be committed, so nobody is told. */
static pia_status_t lose_disk(pia_job_t *job, pia_db_t *db)
{
    (void)job;
    db->fatal = true;
    return PIA_OK;
}

static void never_done(pia_job_t *job, pia_status_t status)
{
    (void)job;
    (void)status;
    _exit(1);
}

/* In a process of its own, whose end is the result. */
static void run_on_a_lost_disk(const test_database_t *database, bool bare)
{
    alarm(10);
    pia_loop_t *loop = pia_loop_new();
    pia_db_t *db = test_database_open(database, PIA_DB_WRITER);
    db->fatal = !bare;
    pia_executor_t *executor = pia_executor_new(loop, &db, NULL, end_as_it_must);
    pia_job_t job = {.run = lose_disk, .done = never_done, .bare = bare};
    if (pia_executor_post(executor, &job) == PIA_OK)
        pia_loop_run(loop);
    _exit(2);
}

static void a_disk_that_failed_outside_of_a_transaction_ends_the_process(void **state)
{
    (void)state;
    test_database_t database;
    test_database_init(&database);
    for (int bare = 0; bare <= 1; bare++) {
        int outcome = -1;
        pid_t child = fork();
        if (child == 0)
            run_on_a_lost_disk(&database, bare);
        assert_int_equal(waitpid(child, &outcome, 0), child);
        assert_true(WIFEXITED(outcome));
        assert_int_equal(WEXITSTATUS(outcome), ENDED_AS_IT_MUST);
    }
    test_database_clear(&database);
}

static void the_queue_is_bounded(void **state)
{
    fixture_t *fixture = *state;
    gate_t gate;
    thing_t extra = make(fixture, 0, PIA_OK);
    thing_t *things = calloc(PIA_EXECUTOR_QUEUE_MAX, sizeof *things);
    assert_non_null(things);
    for (int i = 0; i < PIA_EXECUTOR_QUEUE_MAX; i++) {
        things[i] = make(fixture, i, PIA_OK);
        things[i].job.run = run_nothing;
        things[i].job.bare = true;
    }
    gate = (gate_t){.job = {.run = wait_for_gate, .done = nothing_done, .bare = true}};
    pthread_mutex_init(&gate.gate, NULL);
    pthread_mutex_lock(&gate.gate);
    assert_int_equal(pia_executor_post(fixture->executor, &gate.job), PIA_OK);
    size_t taken = 0;
    while (taken < PIA_EXECUTOR_QUEUE_MAX &&
           pia_executor_post(fixture->executor, &things[taken].job) == PIA_OK)
        taken++;
    assert_true(taken >= PIA_EXECUTOR_QUEUE_MAX - 1);
    assert_int_equal(pia_executor_post(fixture->executor, &extra.job), PIA_UNAVAILABLE);
    pthread_mutex_unlock(&gate.gate);
    wait_for(fixture, taken);
    pia_executor_stats_t stats;
    pia_executor_stats(fixture->executor, &stats);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.jobs, taken + 1);
    assert_int_equal(extra.runs, 0);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_is_told_after_its_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lone_job_that_refuses_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(in_a_batch_only_the_refusing_job_is_undone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(after_a_deadlock_each_job_runs_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_job_that_only_deadlocks_is_unavailable, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_hook_that_refuses_repeats_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_queued_runs_before_the_end, set_up, tear_down),
        cmocka_unit_test(a_disk_that_failed_outside_of_a_transaction_ends_the_process),
        cmocka_unit_test_setup_teardown(the_queue_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
