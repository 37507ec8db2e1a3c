/* test_overdue.c - due timers that cannot be applied: held, seen, tried again. */
#include "pia_test.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "kin.h"
#include "overdue.h"
#include "pia/clock.h"

/* After ten days a review wants its dossier seen, which it can be while it is open only. */
static const char reviewed[] =
    "{\"format\": 1, \"name\": \"avec-revues\", \"version\": 1, \"title\": \"Avec revues\","
    " \"themes\": [\"habitat\"], \"sectors\": [], \"machines\": {"
    " \"dossier\": {\"readers\": [\"secretariat\"], \"states\": ["
    "   {\"name\": \"ouvert\", \"label\": \"O\", \"initial\": true},"
    "   {\"name\": \"range\", \"label\": \"R\"},"
    "   {\"name\": \"vu\", \"label\": \"V\", \"final\": true}],"
    "  \"transitions\": ["
    "   {\"name\": \"ouvrir\", \"label\": \"O\", \"from\": [], \"to\": \"ouvert\","
    "    \"roles\": [\"candidat\"]},"
    "   {\"name\": \"ranger\", \"label\": \"R\", \"from\": [\"ouvert\"], \"to\": \"range\","
    "    \"roles\": [\"secretariat\"]},"
    "   {\"name\": \"sortir\", \"label\": \"S\", \"from\": [\"range\"], \"to\": \"ouvert\","
    "    \"roles\": [\"secretariat\"]},"
    "   {\"name\": \"voir\", \"label\": \"V\", \"from\": [\"ouvert\"], \"to\": \"vu\"}]},"
    " \"review\": {\"readers\": [\"secretariat\"], \"states\": ["
    "   {\"name\": \"confie\", \"label\": \"C\", \"initial\": true},"
    "   {\"name\": \"leve\", \"label\": \"L\", \"final\": true}],"
    "  \"transitions\": ["
    "   {\"name\": \"confier\", \"label\": \"C\", \"from\": [], \"to\": \"confie\","
    "    \"roles\": [\"secretariat\"]},"
    "   {\"name\": \"lapser\", \"label\": \"L\", \"from\": [\"confie\"], \"to\": \"leve\","
    "    \"effects\": [{\"name\": \"move_parent\", \"transition\": \"voir\"}]}],"
    "  \"timers\": [{\"name\": \"fin\", \"label\": \"F\", \"states\": [\"confie\"],"
    "   \"after\": {\"days\": 10}, \"transition\": \"lapser\"}]}}}";

static const int64_t day_ms = 86400000;

static labellisation_t service;

static int setup(void **state)
{
    (void)state;
    bench_init(&bench, reviewed);
    service = (labellisation_t){.db = bench.db, .library = bench.library};
    return 0;
}

static void confide(const char *dossier_id, char ret_id[PIA_UUID_TEXT_SIZE])
{
    matter_t dossier;
    pia_principal_t asker = bench_person(ISM, PIA_ROLE_SECRETARIAT, NULL);
    bench_load(&bench, MACHINE_DOSSIER, dossier_id, &dossier);
    const act_t act = {.db = bench.db,
                       .library = bench.library,
                       .matter = &dossier,
                       .principal = &asker,
                       .effective_ms = bench.now_ms,
                       .recorded_ms = bench.now_ms};
    child_t review = {
        .kind = MACHINE_REVIEW, .transition = "confier", .person = REVIEWER_1, .asked = true};
    assert_int_equal(matter_create_child(&act, &review, ret_id, &bench.problem), PIA_OK);
    matter_clear(&dossier);
}

/* A dossier with a review whose time is over. */
static void begin(char ret_dossier[PIA_UUID_TEXT_SIZE], char ret_review[PIA_UUID_TEXT_SIZE])
{
    bench_create(&bench, "avec-revues", ret_dossier);
    confide(ret_dossier, ret_review);
    bench.now_ms += 20 * day_ms;
}

static int64_t held(void)
{
    int64_t count = -1;
    assert_int_equal(overdue_count(bench.db, &count), PIA_OK);
    return count;
}

static void run_at(int64_t now_ms)
{
    bench.now_ms = now_ms;
    assert_int_equal(overdue_run(&service, now_ms), PIA_OK);
}

/* Stderr into a file, until log_end. */
static struct {
    int before, file;
    char path[64];
} logged;

static void log_begin(void)
{
    (void)snprintf(logged.path, sizeof logged.path, "/tmp/pia-overdue.XXXXXX");
    logged.file = mkstemp(logged.path);
    assert_true(logged.file >= 0);
    logged.before = dup(STDERR_FILENO);
    assert_int_equal(dup2(logged.file, STDERR_FILENO), STDERR_FILENO);
}

/* How many lines say so. */
static int log_end(const char *what)
{
    char text[16384];
    int count = 0;
    assert_int_equal(dup2(logged.before, STDERR_FILENO), STDERR_FILENO);
    ssize_t size = pread(logged.file, text, sizeof text - 1, 0);
    assert_true(size >= 0);
    text[size] = '\0';
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        count++;
    close(logged.before);
    close(logged.file);
    (void)unlink(logged.path);
    return count;
}

static void a_timer_that_conflicts_for_good_waits_ever_longer(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    begin(dossier, review);
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "ranger", NULL);
    int64_t began_ms = bench.now_ms, gap_ms = 0;
    log_begin();
    run_at(began_ms);
    int64_t first = held();
    run_at(began_ms); /* the first conflict has delayed nothing */
    int64_t second = held();
    for (int i = 0; i < 14; i++) {
        int64_t due_ms = bench_integer(&bench, "SELECT due_at FROM matter WHERE kind = 'review'");
        gap_ms = due_ms - bench.now_ms;
        assert_true(gap_ms > 0);
        run_at(due_ms - 1);
        run_at(due_ms);
    }
    int lines = log_end("is not allowed in the state range of its dossier");
    assert_int_equal(first, 0);
    assert_int_equal(second, 1);
    assert_int_equal(gap_ms, 3600000);
    assert_int_equal(bench.now_ms - began_ms, 2000 * 2047 + 3600000 * 3);
    assert_int_equal(lines, 1 + 4); /* when it began, and each time that an hour is to go by */
    assert_int_equal(held(), 1);
}

static void what_is_held_goes_on_by_itself_when_nothing_stands_against_it(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    begin(dossier, review);
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "ranger", NULL);
    log_begin();
    run_at(bench.now_ms);
    run_at(bench.now_ms);
    assert_int_equal(log_end("cannot be applied"), 1);
    assert_int_equal(held(), 1);
    go(dossier, ISM, PIA_ROLE_SECRETARIAT, "sortir", NULL);
    run_at(bench.now_ms + 2000);
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, review), "leve");
    assert_state(dossier, "vu");
    assert_int_equal(held(), 0);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM held_timer"), 0);
}

static void what_is_held_holds_up_no_other(void **state)
{
    (void)state;
    char dossier[2][PIA_UUID_TEXT_SIZE], review[2][PIA_UUID_TEXT_SIZE];
    begin(dossier[0], review[0]);
    bench.now_ms -= 19 * day_ms;
    begin(dossier[1], review[1]);
    go(dossier[0], ISM, PIA_ROLE_SECRETARIAT, "ranger", NULL);
    log_begin();
    run_at(bench.now_ms);
    run_at(bench.now_ms);
    assert_int_equal(log_end("cannot be applied"), 1);
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, review[0]), "confie");
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, review[1]), "leve");
    assert_int_equal(service.timed, 1);
}

static void what_another_has_moved_is_not_held(void **state)
{
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    begin(dossier, review);
    matter_key_t key = {.kind = MACHINE_REVIEW};
    (void)snprintf(key.id, sizeof key.id, "%s", review);
    const overdue_failure_t failure = {
        .key = &key, .version = 7, .status = PIA_CONFLICT, .why = "someone else changed it"};
    int64_t due_ms = bench_integer(&bench, "SELECT due_at FROM matter WHERE kind = 'review'");
    for (int i = 0; i < 3; i++)
        assert_int_equal(overdue_hold(bench.db, &failure, bench.now_ms), PIA_OK);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM held_timer"), 0);
    assert_int_equal(bench_integer(&bench, "SELECT due_at FROM matter WHERE kind = 'review'"),
                     due_ms);
}

/* The other instance. */
static void *run_too(void *arg)
{
    labellisation_t other = {.db = test_database_open(&bench.place, PIA_DB_WRITER),
                             .library = library_new()};
    pia_status_t *status = arg;
    *status = pia_db_begin(other.db);
    if (*status == PIA_OK)
        *status = overdue_run(&other, bench.now_ms);
    if (*status == PIA_OK)
        *status = pia_db_commit(other.db);
    pia_db_close(&other.db);
    library_destroy(&other.library);
    return NULL;
}

static void two_instances_apply_it_once_and_hold_nothing(void **state)
{
    static const char waiting[] = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted";
    (void)state;
    char dossier[PIA_UUID_TEXT_SIZE], review[PIA_UUID_TEXT_SIZE];
    pthread_t thread;
    pia_status_t status = PIA_INTERNAL;
    if (!test_database_is_shared())
        skip();
    begin(dossier, review);
    bench_commit(&bench);
    run_at(bench.now_ms); /* not committed yet: the other one waits for it */
    assert_int_equal(pthread_create(&thread, NULL, run_too, &status), 0);
    for (int i = 0; i < 1000 && bench_integer(&bench, waiting) == 0; i++)
        (void)poll(NULL, 0, 10);
    bench_commit(&bench);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(status, PIA_OK);
    assert_string_equal(bench_state(&bench, MACHINE_REVIEW, review), "leve");
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM held_timer"), 0);
    assert_int_equal(
        bench_integer(&bench, "SELECT COUNT(*) FROM history WHERE transition = 'lapser'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_timer_that_conflicts_for_good_waits_ever_longer, setup,
                                        bench_teardown),
        cmocka_unit_test_setup_teardown(
            what_is_held_goes_on_by_itself_when_nothing_stands_against_it, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_is_held_holds_up_no_other, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_another_has_moved_is_not_held, setup, bench_teardown),
        cmocka_unit_test_setup_teardown(two_instances_apply_it_once_and_hold_nothing, setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
