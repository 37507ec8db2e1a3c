/* test_follow.c - what the labels' events make of pôles. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "pia/uuid.h"
#include "registry_database.h"
#include "store_pole.h"
#include "store_structure.h"

#define LABEL_1 "019abcde-0123-7123-8123-000000000001"
#define LABEL_2 "019abcde-0123-7123-8123-000000000002"
#define DOSSIER "019abcde-0123-7123-8123-00000000000d"

typedef struct {
    registry_database_t database;
    char structure[UUID_SIZE];
    int events;
} follow_t;

static void add_structure(follow_t *follow, char ret_id[UUID_SIZE])
{
    structure_t structure = {.name = "Structure candidate (démonstration)", .demonstration = true};
    pia_uuid7_text(structure.id);
    TEXT_SET(structure.departement, "87");
    assert_int_equal(structure_complete(&structure, NULL), PIA_OK);
    assert_int_equal(store_structure_insert(follow->database.db, &structure, 1), PIA_OK);
    text_set(ret_id, UUID_SIZE, structure.id);
}

static void follow_init(follow_t *follow)
{
    registry_database_init(&follow->database);
    follow->events = 0;
    add_structure(follow, follow->structure);
}

static void give(follow_t *follow, const char *type, json_t *data)
{
    char id[16];
    snprintf(id, sizeof id, "e%d", follow->events++);
    pia_event_t event = {.id = id, .source = "/services/labellisation", .type = type, .data = data};
    assert_int_equal(registry_on_event(&follow->database.registry, &event), PIA_OK);
    json_decref(data);
}

static json_t *award(const char *label, const char *structure, const char *code, const char *until)
{
    json_t *data = json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:[s], s:[]}, s:s, s:s, s:b}", "label",
                             label, "dossier", DOSSIER, "structure", structure, "pole", "code",
                             code, "name", "Pôle de démonstration", "themes", "habitat", "sectors",
                             "from", "2026-11-26", "until", until, "demonstration", 1);
    assert_non_null(data);
    return data;
}

static void tell(follow_t *follow, const char *label, const char *effect)
{
    give(follow, "label.transitioned", json_pack("{s:s, s:s}", "label", label, "effect", effect));
}

/* The same with its dates, of the pôle "demo". */
static void tell_dates(
    follow_t *follow, const char *label, const char *effect, const char *from, const char *until)
{
    give(follow, "label.transitioned",
         json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "label", label, "effect", effect, "valid_from",
                   from, "valid_until", until, "pole", "code", "demo"));
}

static void read_pole(follow_t *follow, pole_t *ret_pole)
{
    assert_int_equal(store_pole_find(follow->database.db, "demo", ret_pole), PIA_OK);
}

/* Any bearer of the role service may append events of any of its types in its own name. */
static void what_another_service_says_of_labels_is_not_heard(void **state)
{
    (void)state;
    follow_t follow;
    follow_init(&follow);
    json_t *data = award(LABEL_1, follow.structure, "demo", "2029-11-26");
    pia_event_t event = {
        .id = "e", .source = "/services/program", .type = "label.awarded", .data = data};
    assert_int_equal(registry_on_event(&follow.database.registry, &event), PIA_OK);
    json_decref(data);
    assert_int_equal(registry_database_integer(&follow.database, "SELECT COUNT(*) FROM pole"), 0);
    registry_database_clear(&follow.database);
}

static int64_t refused(follow_t *follow)
{
    return registry_database_integer(&follow->database, "SELECT COUNT(*) FROM refused_event");
}

static void expect_pole(follow_t *follow, const char *code, pole_state_t state, int64_t version)
{
    pole_t pole;
    assert_int_equal(store_pole_find(follow->database.db, code, &pole), PIA_OK);
    assert_int_equal(pole.state, state);
    assert_int_equal(pole.version, version);
}

static void an_award_makes_a_pole(void **state)
{
    (void)state;
    follow_t follow;
    pole_t pole;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    assert_int_equal(store_pole_find(follow.database.db, "demo", &pole), PIA_OK);
    assert_int_equal(pole.state, POLE_ACTIVE);
    assert_string_equal(pole.structure, follow.structure);
    assert_string_equal(pole.label_until, "2029-11-26");
    assert_string_equal(pole.labelled_since, "2026-11-26");
    assert_string_equal(pole.departement, "87");
    assert_string_equal(pole.region, "75");
    assert_string_equal(pole.themes, "habitat");
    assert_true(pole.demonstration);
    assert_int_equal(registry_database_announced(&follow.database, "pole.labelled"), 1);
    assert_int_equal(refused(&follow), 0);
    registry_database_clear(&follow.database);
}

static void an_award_told_twice_changes_nothing(void **state)
{
    (void)state;
    follow_t follow;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    expect_pole(&follow, "demo", POLE_ACTIVE, 1);
    assert_int_equal(registry_database_announced(&follow.database, "pole.labelled"), 1);
    registry_database_clear(&follow.database);
}

static void a_renewal_replaces_the_label_and_an_older_one_does_not(void **state)
{
    (void)state;
    follow_t follow;
    pole_t pole;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    give(&follow, "label.awarded", award(LABEL_2, follow.structure, "demo", "2032-11-26"));
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    assert_int_equal(store_pole_find(follow.database.db, "demo", &pole), PIA_OK);
    assert_string_equal(pole.label, LABEL_2);
    assert_string_equal(pole.label_until, "2032-11-26");
    assert_int_equal(pole.version, 2);
    assert_int_equal(refused(&follow), 0);
    registry_database_clear(&follow.database);
}

static void a_label_is_suspended_reinstated_and_ends(void **state)
{
    (void)state;
    follow_t follow;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    tell(&follow, LABEL_1, "suspended");
    expect_pole(&follow, "demo", POLE_SUSPENDED, 2);
    tell(&follow, LABEL_1, "suspended");
    expect_pole(&follow, "demo", POLE_SUSPENDED, 2);
    tell(&follow, LABEL_1, "in_force");
    expect_pole(&follow, "demo", POLE_ACTIVE, 3);
    give(&follow, "label.transitioned", json_pack("{s:s}", "label", LABEL_1));
    tell(&follow, LABEL_1, "expired");
    expect_pole(&follow, "demo", POLE_ENDED, 4);
    assert_int_equal(registry_database_announced(&follow.database, "pole.updated"), 3);
    registry_database_clear(&follow.database);
}

static void give_renewal(follow_t *follow, const char *from)
{
    json_t *data = award(LABEL_2, follow->structure, "demo", "2032-11-26");
    json_object_set_new(data, "from", json_string(from));
    json_object_set_new(data, "renews", json_string(LABEL_1));
    give(follow, "label.awarded", data);
}

static void a_renewal_begins_where_the_label_ends(void **state)
{
    (void)state;
    follow_t follow;
    pole_t pole;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    give_renewal(&follow, "2029-11-26");
    give_renewal(&follow, "2029-11-26");
    read_pole(&follow, &pole);
    assert_string_equal(pole.label, LABEL_1);
    tell(&follow, LABEL_1, "suspended"); /* the present one still counts */
    expect_pole(&follow, "demo", POLE_SUSPENDED, 3);
    tell_dates(&follow, LABEL_1, "expired", "2026-11-26", "2029-11-26");
    tell_dates(&follow, LABEL_2, "in_force", "2029-11-26", "2032-11-26");
    read_pole(&follow, &pole);
    assert_string_equal(pole.label, LABEL_2);
    assert_string_equal(pole.label_until, "2032-11-26");
    assert_string_equal(pole.labelled_since, "2026-11-26");
    assert_int_equal(pole.state, POLE_ACTIVE);
    assert_int_equal(refused(&follow), 0);
    registry_database_clear(&follow.database);
}

static void a_renewal_of_what_is_over_counts_at_once(void **state)
{
    (void)state;
    follow_t follow;
    pole_t pole;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    give_renewal(&follow, "2030-01-10");
    tell_dates(&follow, LABEL_1, "expired", "2026-11-26", "2030-01-10");
    read_pole(&follow, &pole);
    assert_string_equal(pole.label, LABEL_2);
    assert_int_equal(pole.state, POLE_ACTIVE);
    assert_int_equal(refused(&follow), 0); /* the old one's end is no news */
    registry_database_clear(&follow.database);
}

static void an_extension_moves_the_end_and_a_withdrawal_undoes_the_beginning(void **state)
{
    (void)state;
    follow_t follow;
    pole_t pole;
    follow_init(&follow);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    tell_dates(&follow, LABEL_1, "in_force", "2026-11-26", "2030-05-26");
    read_pole(&follow, &pole);
    assert_string_equal(pole.label_until, "2030-05-26");
    tell_dates(&follow, LABEL_1, "withdrawn", "2026-11-26", "2026-11-26");
    read_pole(&follow, &pole);
    assert_int_equal(pole.state, POLE_ENDED);
    assert_string_equal(pole.labelled_since, "");
    tell_dates(&follow, LABEL_1, "in_force", "2026-11-26", "2030-05-26"); /* after a remedy */
    tell_dates(&follow, LABEL_1, "repealed", "2026-11-26", "2027-03-01");
    read_pole(&follow, &pole);
    assert_string_equal(pole.labelled_since, "2026-11-26");
    assert_string_equal(pole.label_until, "2027-03-01");
    registry_database_clear(&follow.database);
}

static void what_cannot_be_applied_is_recorded_and_passed_over(void **state)
{
    (void)state;
    follow_t follow;
    char other[UUID_SIZE];
    follow_init(&follow);
    add_structure(&follow, other);
    give(&follow, "label.awarded", award(LABEL_1, DOSSIER, "demo", "2029-11-26"));
    assert_int_equal(refused(&follow), 1); /* no such structure */
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo", "2029-11-26"));
    give(&follow, "label.awarded", award(LABEL_2, other, "demo", "2029-11-26"));
    assert_int_equal(refused(&follow), 2); /* another structure's code */
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "demo-2", "2029-11-26"));
    assert_int_equal(refused(&follow), 3); /* another code for the same label */
    give(&follow, "label.awarded", json_pack("{s:s}", "label", LABEL_1));
    give(&follow, "label.awarded", NULL);
    tell(&follow, LABEL_2, "expired");
    give(&follow, "label.transitioned", json_pack("{s:i, s:s}", "label", 7, "effect", "expired"));
    assert_int_equal(refused(&follow), 7);
    expect_pole(&follow, "demo", POLE_ACTIVE, 1);
    registry_database_clear(&follow.database);
}

static void a_reference_pole_is_not_taken_over(void **state)
{
    (void)state;
    follow_t follow;
    follow_init(&follow);
    pole_t pole = {.code = "cnidep", .name = "CNIDEP", .state = POLE_ACTIVE};
    assert_int_equal(store_pole_insert(follow.database.db, &pole), PIA_OK);
    give(&follow, "label.awarded", award(LABEL_1, follow.structure, "cnidep", "2029-11-26"));
    assert_int_equal(refused(&follow), 1);
    expect_pole(&follow, "cnidep", POLE_ACTIVE, 1);
    registry_database_clear(&follow.database);
}

static void other_events_mean_nothing(void **state)
{
    (void)state;
    follow_t follow;
    follow_init(&follow);
    give(&follow, "label.painted", json_pack("{s:s}", "label", LABEL_1));
    give(&follow, "dossier.created", NULL);
    assert_int_equal(refused(&follow), 0);
    registry_database_clear(&follow.database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_another_service_says_of_labels_is_not_heard),
        cmocka_unit_test(an_award_makes_a_pole),
        cmocka_unit_test(an_award_told_twice_changes_nothing),
        cmocka_unit_test(a_renewal_replaces_the_label_and_an_older_one_does_not),
        cmocka_unit_test(a_label_is_suspended_reinstated_and_ends),
        cmocka_unit_test(a_renewal_begins_where_the_label_ends),
        cmocka_unit_test(a_renewal_of_what_is_over_counts_at_once),
        cmocka_unit_test(an_extension_moves_the_end_and_a_withdrawal_undoes_the_beginning),
        cmocka_unit_test(what_cannot_be_applied_is_recorded_and_passed_over),
        cmocka_unit_test(a_reference_pole_is_not_taken_over),
        cmocka_unit_test(other_events_mean_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
