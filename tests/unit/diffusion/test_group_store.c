/* test_group_store.c - the rows of groups, and what becomes of them in a new epoch. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "group_list.h"
#include "group_store.h"
#include "journal_read.h"

static fixture_t fixture;

static int set_up(void **state)
{
    (void)state;
    fixture_open(&fixture);
    for (int i = 0; i < 9; i++)
        (void)fixture_add(&fixture, (const char[]){(char)('a' + i), '\0'}, "{}");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static cursor_t place_of(uint64_t sequence)
{
    receipt_t receipt;
    cursor_t cursor = {.epoch = 1};
    if (sequence) {
        assert_int_equal(journal_read_receipt(fixture.db, sequence, &receipt), PIA_OK);
        receipt_cursor(&receipt, &cursor);
    }
    return cursor;
}

/* Makes a group that begins at the beginning; its id. */
static int64_t make(const char *name)
{
    pia_problem_t problem = {0};
    const group_wish_t wish = {.name = name};
    const pia_principal_t principal = {.subject = "/services/a", .roles = PIA_ROLE_SERVICE};
    group_t group;
    cursor_t from = place_of(0);
    assert_int_equal(group_make(&wish, &principal, &group, &problem), PIA_OK);
    fixture_begin(&fixture);
    assert_int_equal(group_store_make(fixture.db, &group, &from, 1, &problem), PIA_OK);
    fixture_commit(&fixture);
    int64_t id = group.id;
    group_clear(&group);
    return id;
}

static group_key_row_t row_of(const char *key, group_key_state_t state, uint64_t sequence)
{
    group_key_row_t row = {.state = state,
                           .settled = sequence - 1,
                           .sequence = sequence,
                           .attempts = 3,
                           .since_ms = 5};
    (void)snprintf(row.key, sizeof row.key, "%s", key);
    (void)snprintf(row.error, sizeof row.error, "raté");
    return row;
}

/* All up to 3 is settled, and 5, 7; three keys go their own way. */
static pia_status_t save(int64_t id)
{
    uint64_t holes[] = {4, 6};
    group_place_t place = {.low = place_of(3), .upto = 7, .holes = holes, .hole_count = 2};
    group_key_row_t rows[] = {row_of("k1", GROUP_KEY_PARKED, 2), row_of("k2", GROUP_KEY_PARKED, 8),
                              row_of("k3", GROUP_KEY_FAILING, 4)};
    group_changes_t changes = {.place = &place, .rows = rows, .row_count = 3};
    fixture_begin(&fixture);
    pia_status_t status = group_store_save(fixture.db, id, 1, &changes);
    fixture_commit(&fixture);
    return status;
}

static void load(int64_t id, group_progress_t *progress, bool *reset)
{
    assert_int_equal(group_store_load(fixture.db, id, progress, reset), PIA_OK);
}

static void a_group_is_found_as_it_was_made(void **state)
{
    (void)state;
    pia_problem_t problem = {0};
    json_t *filter = json_pack("{s:[s], s:[s]}", "themes", "arts", "kinds", "guide");
    json_t *roles = json_pack("[s]", "reviewer");
    const group_wish_t wish = {.name = "essai", .filter = filter, .roles = roles, .attempts = 7};
    const pia_principal_t principal = {.subject = "/persons/x",
                                       .person = "x",
                                       .structure = "s",
                                       .pole = "cnidep",
                                       .roles = PIA_ROLE_POLE};
    group_t group, found;
    cursor_t from = place_of(4);
    assert_int_equal(group_make(&wish, &principal, &group, &problem), PIA_OK);
    fixture_begin(&fixture);
    assert_int_equal(group_store_make(fixture.db, &group, &from, 1, &problem), PIA_OK);
    fixture_commit(&fixture);
    assert_int_equal(group_store_find(fixture.db, "autre", &found), PIA_NOT_FOUND);
    assert_int_equal(group_store_find(fixture.db, "essai", &found), PIA_OK);
    assert_int_equal(found.id, group.id);
    assert_string_equal(found.filter, "{\"kinds\":[\"guide\"],\"themes\":[\"arts\"]}");
    assert_string_equal(found.owner.subject, "/persons/x");
    assert_string_equal(found.owner.person, ""); /* the pôle's, not the person's */
    assert_string_equal(found.owner.structure, "s");
    assert_string_equal(found.pole, "cnidep");
    assert_int_equal(found.roles, PIA_ROLE_REVIEWER);
    assert_int_equal(found.attempts, 7);
    group_progress_t progress;
    bool reset = true;
    load(found.id, &progress, &reset);
    assert_false(reset);
    assert_true(cursor_equal(&progress.place.low, &from));
    assert_int_equal(progress.place.upto, 4);
    assert_int_equal(progress.row_count, 0);
    group_progress_clear(&progress);
    group_clear(&group);
    group_clear(&found);
    json_decref(filter);
    json_decref(roles);
}

static void progress_comes_back(void **state)
{
    (void)state;
    int64_t id = make("essai");
    group_progress_t progress;
    bool reset = true;
    assert_int_equal(save(id), PIA_OK);
    assert_int_equal(save(id), PIA_OK);
    load(id, &progress, &reset);
    assert_false(reset);
    assert_int_equal(progress.place.low.sequence, 3);
    assert_int_equal(progress.place.upto, 7);
    assert_int_equal(progress.place.hole_count, 2);
    assert_int_equal(progress.place.holes[1], 6);
    assert_int_equal(progress.row_count, 3);
    assert_string_equal(progress.rows[0].key, "k1");
    assert_int_equal(progress.rows[0].state, GROUP_KEY_PARKED);
    assert_string_equal(progress.rows[0].error, "raté");
    assert_int_equal(progress.rows[2].state, GROUP_KEY_FAILING);
    group_progress_clear(&progress);
}

static void keys_are_dropped_and_groups_removed(void **state)
{
    (void)state;
    int64_t id = make("essai");
    char gone[][GROUP_KEY_MAX + 1] = {"k1", "k3"};
    group_place_t place = {.low = place_of(9), .upto = 9};
    group_changes_t changes = {.place = &place, .gone = gone, .gone_count = 2};
    group_key_row_t row;
    assert_int_equal(save(id), PIA_OK);
    fixture_begin(&fixture);
    assert_int_equal(group_store_save(fixture.db, id, 1, &changes), PIA_OK);
    assert_int_equal(group_store_key(fixture.db, id, "k1", &row), PIA_NOT_FOUND);
    assert_int_equal(group_store_key(fixture.db, id, "k2", &row), PIA_OK);
    assert_int_equal(group_store_remove(fixture.db, id), PIA_OK);
    assert_int_equal(group_store_key(fixture.db, id, "k2", &row), PIA_NOT_FOUND);
    assert_int_equal(group_store_save(fixture.db, id, 1, &changes), PIA_NOT_FOUND);
    fixture_commit(&fixture);
}

static void unpark(int64_t id, const char *key, bool skip)
{
    group_key_row_t row;
    fixture_begin(&fixture);
    assert_int_equal(group_store_key(fixture.db, id, key, &row), PIA_OK);
    assert_int_equal(group_store_unpark(fixture.db, id, &row, skip), PIA_OK);
    fixture_commit(&fixture);
}

static void decisions_are_seen_once(void **state)
{
    (void)state;
    int64_t id = make("essai");
    group_key_row_t *rows = NULL;
    size_t count = 0;
    int64_t change = 0;
    assert_int_equal(save(id), PIA_OK);
    unpark(id, "k2", true);
    unpark(id, "k1", false);
    assert_int_equal(group_store_decided(fixture.db, id, &change, &rows, &count), PIA_OK);
    assert_int_equal(count, 2);
    assert_string_equal(rows[0].key, "k2");
    assert_int_equal(rows[0].settled, 8);
    assert_string_equal(rows[1].key, "k1");
    assert_int_equal(rows[1].settled, 1);
    assert_int_equal(rows[1].state, GROUP_KEY_ASIDE);
    free(rows);
    assert_int_equal(group_store_decided(fixture.db, id, &change, &rows, &count), PIA_OK);
    assert_int_equal(count, 0);
    free(rows);
}

/* As if what followed event `kept` had been lost with its epoch. */
static void begin_epoch(uint64_t kept)
{
    char sql[200];
    (void)snprintf(
        sql, sizeof sql,
        "INSERT INTO journal_epoch (epoch, first_sequence, chain_before, began_at, reason)"
        " VALUES (2, %d, '', 0, '')",
        (int)kept + 1);
    test_database_run(fixture.db, sql);
}

static void numbers_that_an_epoch_lost_are_not_settled(void **state)
{
    (void)state;
    int64_t id = make("essai");
    group_progress_t progress;
    bool reset = true;
    assert_int_equal(save(id), PIA_OK);
    begin_epoch(5);
    load(id, &progress, &reset);
    assert_false(reset);
    assert_int_equal(progress.place.low.sequence, 3);
    assert_int_equal(progress.place.upto, 5);
    assert_int_equal(progress.place.hole_count, 1);
    assert_int_equal(progress.rows[0].state, GROUP_KEY_PARKED); /* its event is still there */
    assert_int_equal(progress.rows[1].state, GROUP_KEY_ASIDE);
    assert_int_equal(progress.rows[1].settled, 5);
    assert_int_equal(progress.rows[1].sequence, 0);
    group_progress_clear(&progress);
}

static void a_lost_place_is_the_common_one(void **state)
{
    (void)state;
    int64_t id = make("essai");
    group_progress_t progress;
    bool reset = false;
    assert_int_equal(save(id), PIA_OK);
    begin_epoch(1);
    test_database_run(fixture.db, "UPDATE worker_group SET low_chain = 7");
    load(id, &progress, &reset);
    assert_true(reset);
    assert_int_equal(progress.place.low.sequence, 1);
    assert_int_equal(progress.place.upto, 1);
    assert_int_equal(progress.place.hole_count, 0);
    group_progress_clear(&progress);
}

static size_t page_size(json_t *page)
{
    size_t size = json_array_size(json_object_get(page, "items"));
    json_decref(page);
    return size;
}

static void groups_and_keys_are_listed(void **state)
{
    (void)state;
    int64_t id = make("b");
    (void)make("a");
    json_t *page = NULL;
    const pia_principal_t service = {.subject = "/services/a", .roles = PIA_ROLE_SERVICE};
    const pia_principal_t other = {.subject = "/services/b", .roles = PIA_ROLE_SERVICE};
    group_query_t query = {.principal = &service, .limit = 1, .head = 9};
    group_key_query_t keys = {.id = id, .state = "parked", .limit = 5};
    assert_int_equal(save(id), PIA_OK);
    assert_int_equal(group_list_page(fixture.db, &query, &page), PIA_OK);
    assert_string_equal(json_string_value(json_object_get(page, "next")), "a");
    assert_int_equal(page_size(page), 1);
    query.after = "a";
    assert_int_equal(group_list_page(fixture.db, &query, &page), PIA_OK);
    json_t *item = json_array_get(json_object_get(page, "items"), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(item, "keys"), "parked")),
                     2);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(item, "keys"), "failing")),
                     1);
    assert_int_equal(json_integer_value(json_object_get(item, "lag")), 6);
    assert_null(json_object_get(page, "next"));
    assert_int_equal(page_size(page), 1);
    query.principal = &other;
    assert_int_equal(group_list_page(fixture.db, &query, &page), PIA_OK);
    assert_int_equal(page_size(page), 0);
    assert_int_equal(group_list_keys(fixture.db, &keys, &page), PIA_OK);
    assert_int_equal(page_size(page), 2);
    keys.limit = 1;
    assert_int_equal(group_list_keys(fixture.db, &keys, &page), PIA_OK);
    assert_string_equal(json_string_value(json_object_get(page, "next")), "k1");
    assert_int_equal(page_size(page), 1);
}

static void groups_are_counted_where_they_are(void **state)
{
    (void)state;
    int64_t id = make("essai");
    json_t *stats = json_object();
    assert_int_equal(save(id), PIA_OK);
    assert_int_equal(group_store_set_endpoint(fixture.db, id, "ipc://a"), PIA_OK);
    assert_int_equal(group_list_stats(fixture.db, "ipc://b", 9, stats), PIA_OK);
    assert_int_equal(json_object_size(stats), 0);
    assert_int_equal(group_list_stats(fixture.db, "ipc://a", 9, stats), PIA_OK);
    assert_int_equal(json_integer_value(json_object_get(stats, "group_lag_events{group=essai}")),
                     6);
    assert_int_equal(json_integer_value(json_object_get(stats, "group_parked_keys{group=essai}")),
                     2);
    json_decref(stats);
}

int main(void)
{
#define WITH_JOURNAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_JOURNAL(a_group_is_found_as_it_was_made),
        WITH_JOURNAL(progress_comes_back),
        WITH_JOURNAL(keys_are_dropped_and_groups_removed),
        WITH_JOURNAL(decisions_are_seen_once),
        WITH_JOURNAL(numbers_that_an_epoch_lost_are_not_settled),
        WITH_JOURNAL(a_lost_place_is_the_common_one),
        WITH_JOURNAL(groups_and_keys_are_listed),
        WITH_JOURNAL(groups_are_counted_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
