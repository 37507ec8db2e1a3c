/* test_guard.c - damage: what is found at the opening, what other instances learn of it, and the
 * epoch that leads out of it. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diffusion_fixture.h"
#include "guard.h"
#include "journal_head.h"
#include "opening.h"
#include "pia/service.h"

/* An instance: a journal of its own over the database, and what looks after it. */
typedef struct {
    fixture_t f;
    pia_config_t *config;
    guard_t *guard;
} instance_t;

static void open_guard(instance_t *self)
{
    const pia_option_t *tables[] = {pia_service_options, NULL};
    char database[600];
    snprintf(database, sizeof database, "--database=%s", self->f.database.url);
    char *argv[] = {(char[]){"pia-diffusion"}, database, NULL};
    pia_problem_t problem = {0};
    if (pia_config_load("pia-diffusion", tables, 2, argv, &self->config, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
    self->guard = guard_new(self->config);
    if (guard_open(self->guard, self->f.db, self->f.journal, NULL, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
}

static void open_first(instance_t *self)
{
    fixture_open(&self->f);
    journal_on_batch(self->f.journal, NULL, NULL); /* it is told of its own events alone */
    open_guard(self);
}

static void open_second(const instance_t *first, instance_t *ret_second)
{
    pia_problem_t problem = {0};
    *ret_second = (instance_t){.f = {.database = first->f.database}};
    ret_second->f.db = test_database_open(&ret_second->f.database, PIA_DB_WRITER);
    assert_int_equal(journal_open(ret_second->f.db, &ret_second->f.journal, &problem), PIA_OK);
    open_guard(ret_second);
}

static void close_guard(instance_t *self)
{
    guard_destroy(&self->guard);
    pia_config_destroy(&self->config);
}

static void close_second(instance_t *self)
{
    close_guard(self);
    journal_destroy(&self->f.journal);
    pia_db_close(&self->f.db);
}

/* The fixture removes what it knows; the guard's files stand beside its database, or where the
 * process is. */
static void close_first(instance_t *self)
{
    static const char *const endings[] = {"mark", "key", "damaged"};
    char name[600];
    const char *directory = self->f.database.directory;
    const char *schema = strrchr(self->f.database.url, '#');
    close_guard(self);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (directory[0])
            snprintf(name, sizeof name, "%s/test.db.%s", directory, endings[i]);
        else
            snprintf(name, sizeof name, "journal-%s.%s", schema ? schema + 1 : "", endings[i]);
        (void)unlink(name);
    }
    fixture_close(&self->f);
}

static bool is_known(const instance_t *self, uint64_t good)
{
    return damage_is_known(guard_damage(self->guard), NULL) &&
           damage_good(guard_damage(self->guard)) == good;
}

static void note(instance_t *self, uint64_t good)
{
    damage_found(guard_damage(self->guard), good, "A test has found it.");
    fixture_begin(&self->f);
    assert_int_equal(guard_note(self->guard, self->f.db), PIA_OK);
    fixture_commit(&self->f);
}

static void begin_epoch(instance_t *self, uint64_t good)
{
    guard_begun_t begun;
    pia_problem_t problem = {0};
    fixture_begin(&self->f);
    if (guard_begin_epoch(self->guard, self->f.db, self->f.journal, "a test", &begun, &problem) !=
        PIA_OK)
        fail_msg("%s", problem.detail);
    assert_int_equal(begun.end.epoch, 2);
    assert_int_equal(begun.end.sequence, good);
    assert_int_equal(begun.forgotten, 0);
    fixture_commit(&self->f);
}

static bool skip_alone(void)
{
    if (test_database_is_shared())
        return false;
    skip();
    return true;
}

static void another_instance_learns_of_damage_with_its_next_batch(void **state)
{
    (void)state;
    instance_t first, second;
    if (skip_alone())
        return;
    open_first(&first);
    fixture_add(&first.f, "a", "x");
    fixture_add(&first.f, "b", "x");
    open_second(&first, &second);
    note(&first, 1);
    assert_false(damage_is_known(guard_damage(second.guard), NULL));
    fixture_begin(&second.f); /* before anything can be appended */
    assert_true(is_known(&second, 1));
    fixture_rollback(&second.f);
    close_second(&second);
    open_second(&first, &second); /* and who comes later knows it, too */
    assert_true(is_known(&second, 1));
    close_second(&second);
    close_first(&first);
}

static void the_earliest_damage_is_what_is_noted(void **state)
{
    (void)state;
    instance_t first, second;
    damage_note_t noted;
    if (skip_alone())
        return;
    open_first(&first);
    for (int i = 0; i < 5; i++)
        fixture_add(&first.f, (char[]){(char)('a' + i), '\0'}, "x");
    open_second(&first, &second);
    note(&first, 2);
    damage_found(guard_damage(second.guard), 4, "Found at the same time.");
    fixture_begin(&second.f);
    assert_int_equal(guard_note(second.guard, second.f.db), PIA_OK);
    fixture_commit(&second.f);
    assert_int_equal(journal_head_read_note(second.f.db, &noted), PIA_OK);
    assert_true(noted.known);
    assert_int_equal(noted.good, 2);
    assert_string_equal(noted.detail, "A test has found it.");
    close_second(&second);
    close_first(&first);
}

/* A damaged journal's transaction holds the head, too: an epoch begins while nobody appends. */
static void an_instance_that_knows_of_damage_waits_for_who_appends(void **state)
{
    (void)state;
    instance_t first, second;
    if (skip_alone())
        return;
    open_first(&first);
    fixture_add(&first.f, "a", "x");
    open_second(&first, &second);
    note(&first, 1);
    fixture_begin(&first.f); /* it has learned what it has noted: nothing is appended by it */
    fixture_rollback(&first.f);
    fixture_begin(&second.f);
    assert_int_equal(pia_db_begin(first.f.db), PIA_OK);
    pia_stmt_t *stmt = pia_db_prepare(first.f.db, "SET LOCAL lock_timeout = '200ms'");
    assert_int_equal(pia_stmt_run(stmt, NULL), PIA_OK);
    assert_int_not_equal(journal_began(first.f.journal, first.f.db), PIA_OK);
    fixture_rollback(&first.f);
    fixture_rollback(&second.f);
    close_second(&second);
    close_first(&first);
}

static void an_epoch_clears_the_note_and_ends_every_instance(void **state)
{
    (void)state;
    instance_t first, second;
    damage_note_t noted;
    pia_problem_t problem = {0};
    guard_begun_t begun;
    if (skip_alone())
        return;
    open_first(&first);
    fixture_add(&first.f, "a", "x");
    fixture_add(&first.f, "b", "x");
    open_second(&first, &second);
    note(&first, 2);
    fixture_begin(&second.f);
    fixture_rollback(&second.f);
    begin_epoch(&first, 2);
    assert_int_equal(journal_head_read_note(first.f.db, &noted), PIA_OK);
    assert_false(noted.known);
    assert_int_equal(pia_db_begin(second.f.db), PIA_OK); /* it had ended, and begins anew */
    assert_int_equal(journal_began(second.f.journal, second.f.db), PIA_UNAVAILABLE);
    assert_true(journal_has_moved(second.f.journal));
    assert_int_equal(guard_begin_epoch(second.guard, second.f.db, second.f.journal, "once more",
                                       &begun, &problem),
                     PIA_CONFLICT);
    fixture_rollback(&second.f);
    close_second(&second);
    open_second(&first, &second);
    assert_false(damage_is_known(guard_damage(second.guard), NULL));
    assert_int_equal(fixture_add(&second.f, "c", "x").epoch, 2);
    close_second(&second);
    close_first(&first);
}

/* An embedded database is not written any more when it is damaged: the file beside it says so. */
static void alone_the_file_keeps_it(void **state)
{
    (void)state;
    instance_t first;
    damage_note_t noted;
    if (test_database_is_shared())
        skip();
    open_first(&first);
    fixture_add(&first.f, "a", "x");
    fixture_add(&first.f, "b", "x");
    note(&first, 1);
    assert_int_equal(journal_head_read_note(first.f.db, &noted), PIA_OK);
    assert_false(noted.known);
    close_guard(&first);
    fixture_reopen(&first.f);
    journal_on_batch(first.f.journal, NULL, NULL);
    open_guard(&first);
    assert_true(is_known(&first, 1));
    close_first(&first);
}

/* Events that were appended in the transaction of an epoch would stand behind its head. */
static void an_epoch_does_not_begin_over_pending_events(void **state)
{
    (void)state;
    instance_t first;
    receipt_t receipt;
    guard_begun_t begun;
    pia_problem_t problem = {0};
    open_first(&first);
    fixture_add(&first.f, "a", "x");
    for (int known = 0; known < 2; known++) {
        fixture_begin(&first.f);
        assert_int_equal(fixture_append(&first.f, "b", "x", &receipt), PIA_OK);
        if (known)
            damage_found(guard_damage(first.guard), 1, "Found in the midst of a batch.");
        assert_int_equal(
            guard_begin_epoch(first.guard, first.f.db, first.f.journal, "a test", &begun, &problem),
            PIA_UNAVAILABLE);
        fixture_rollback(&first.f);
    }
    close_first(&first);
}

/* Two rows, of events 1 and 2, and of event 3; a mark that names `sequence`. */
static void open_marked(instance_t *self, uint64_t sequence, mark_t *ret_mark)
{
    receipt_t receipt[4];
    open_first(self);
    fixture_begin(&self->f);
    assert_int_equal(fixture_append(&self->f, "a", "first", &receipt[1]), PIA_OK);
    assert_int_equal(fixture_append(&self->f, "b", "second", &receipt[2]), PIA_OK);
    fixture_commit(&self->f);
    receipt[3] = fixture_add(&self->f, "c", "third");
    *ret_mark = (mark_t){.head = receipt[sequence]};
}

/* Where the journal ends, when `sql` has damaged it and the head is as it should be. */
static void expect_end(const char *sql, uint64_t sequence, uint64_t good)
{
    instance_t first;
    mark_t mark;
    receipt_t end;
    open_marked(&first, sequence, &mark);
    test_database_run(first.f.db, sql);
    pia_status_t status = opening_find_end(first.f.db, &mark, guard_damage(first.guard), &end);
    assert_int_equal(status, PIA_OK);
    assert_true(is_known(&first, good));
    assert_int_equal(end.sequence, good);
    close_first(&first);
}

/* The last row alone is looked at without a mark: what it names is in an earlier one. */
static void a_marked_event_that_cannot_be_read_is_damage(void **state)
{
    (void)state;
    /* it is no row at all */
    expect_end("UPDATE journal_batch SET count = 0 WHERE first_sequence = 1", 1, 0);
    /* its attributes are not what was written, so none of its events is given */
    expect_end("UPDATE journal_batch SET row_check = row_check + 1 WHERE first_sequence = 1", 2, 0);
    /* a number that no row holds, though the head is beyond it */
    expect_end("DELETE FROM journal_batch WHERE first_sequence = 1", 2, 0);
    /* it is in the last row, which ends_well has seen already */
    expect_end("UPDATE journal_batch SET bytes_check = bytes_check + 1 WHERE first_sequence = 3", 3,
               2);
}

static void a_marked_event_that_is_another_one_is_damage(void **state)
{
    (void)state;
    instance_t first;
    mark_t mark;
    receipt_t end;
    open_marked(&first, 2, &mark);
    mark.head.chain[0] ^= 1;
    assert_int_equal(opening_find_end(first.f.db, &mark, guard_damage(first.guard), &end), PIA_OK);
    assert_true(is_known(&first, 3));
    close_first(&first);
}

static void a_marked_change_that_is_not_there_is_damage(void **state)
{
    (void)state;
    for (uint64_t turn = 3; turn < 6; turn++) {
        instance_t first;
        mark_t mark;
        receipt_t end;
        open_marked(&first, 3, &mark);
        test_database_run(first.f.db, "UPDATE journal_head SET turn = 4");
        mark.turn = turn;
        assert_int_equal(opening_find_end(first.f.db, &mark, guard_damage(first.guard), &end),
                         PIA_OK);
        assert_int_equal(is_known(&first, 3), turn > 4);
        assert_int_equal(end.sequence, 3);
        close_first(&first);
    }
}

/* Where the guard's files of PostgreSQL are, and nobody else's. */
static int enter(void **state)
{
    static char directory[] = "/tmp/pia-guard.XXXXXX";
    *state = mkdtemp(directory);
    return *state && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char command[64];
    snprintf(command, sizeof command, "%s", (const char *)*state);
    if (chdir("/tmp") != 0)
        return -1;
    return rmdir(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_instance_learns_of_damage_with_its_next_batch),
        cmocka_unit_test(the_earliest_damage_is_what_is_noted),
        cmocka_unit_test(an_instance_that_knows_of_damage_waits_for_who_appends),
        cmocka_unit_test(an_epoch_clears_the_note_and_ends_every_instance),
        cmocka_unit_test(alone_the_file_keeps_it),
        cmocka_unit_test(an_epoch_does_not_begin_over_pending_events),
        cmocka_unit_test(a_marked_event_that_cannot_be_read_is_damage),
        cmocka_unit_test(a_marked_event_that_is_another_one_is_damage),
        cmocka_unit_test(a_marked_change_that_is_not_there_is_damage),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
