/* test_store.c - what the registry remembers, on the engine under test. */
#include "pia_test.h"

#include <string.h>

#include "pia/uuid.h"
#include "registry_database.h"
#include "store_key.h"
#include "store_person.h"
#include "store_pole.h"
#include "store_state.h"
#include "store_structure.h"

static const page_cursor_t START = {.id = ""};

static void add_pole(pia_db_t *db, const char *code, const char *name, const char *themes)
{
    pole_t pole = {.state = POLE_ACTIVE};
    TEXT_SET(pole.code, code);
    TEXT_SET(pole.name, name);
    TEXT_SET(pole.themes, themes);
    pole_place(&pole, "54");
    assert_int_equal(store_pole_insert(db, &pole), PIA_OK);
    assert_int_equal(pole.version, 1);
}

/* The codes of a list, joined. */
static const char *
list(pia_db_t *db, const pole_filter_t *filter, const page_cursor_t *cursor, int64_t limit)
{
    static char codes[512];
    pole_t pole;
    codes[0] = '\0';
    pia_stmt_t *stmt = store_pole_list(db, filter, cursor, limit);
    while (store_pole_next(stmt, &pole) == PIA_OK) {
        strncat(codes, pole.code, sizeof codes - strlen(codes) - 2);
        strncat(codes, " ", sizeof codes - strlen(codes) - 1);
    }
    return codes;
}

static void poles_are_listed_by_folded_name_filter_and_page(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    add_pole(database.db, "c", "Zèbre", "habitat");
    add_pole(database.db, "b", "œuvre", "habit,arts");
    add_pole(database.db, "a", "Éclat", "arts,habitat");
    pole_filter_t all = {.themes = NULL};
    assert_string_equal(list(database.db, &all, &START, 10), "a b c ");
    assert_string_equal(list(database.db, &all, &START, 2), "a b ");
    page_cursor_t after = {.sort = "oeuvre", .id = "b"};
    assert_string_equal(list(database.db, &all, &after, 10), "c ");
    json_t *habitat = json_pack("[ss]", "nosuch", "habitat");
    json_t *region = json_pack("[ss]", "11", "44");
    pole_filter_t theme = {.themes = habitat};
    assert_string_equal(list(database.db, &theme, &START, 10), "a c ");
    pole_filter_t nowhere = {.regions = region, .state = "ended"};
    assert_string_equal(list(database.db, &nowhere, &START, 10), "");
    json_decref(habitat);
    json_decref(region);
    registry_database_clear(&database);
}

static void a_code_is_taken_once_and_an_old_version_writes_nothing(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    add_pole(database.db, "a", "A", "");
    pole_t pole = {.code = "a", .name = "autre"};
    assert_int_equal(store_pole_insert(database.db, &pole), PIA_CONFLICT);
    assert_int_equal(store_pole_find(database.db, "a", &pole), PIA_OK);
    pole_t stale = pole;
    int64_t before = 0;
    int64_t after = 0;
    assert_int_equal(store_pole_list_version(database.db, &before), PIA_OK);
    assert_int_equal(store_pole_update(database.db, &pole), PIA_OK);
    assert_int_equal(pole.version, 2);
    assert_int_equal(store_pole_update(database.db, &stale), PIA_CONFLICT);
    assert_int_equal(store_pole_list_version(database.db, &after), PIA_OK);
    assert_int_equal(after, before + 1);
    registry_database_clear(&database);
}

static void injections_are_stored_literally(void **state)
{
    (void)state;
    static const char nasty[] = "'); DROP TABLE pole; -- \" $1 %s \\ \xc3\xa9";
    registry_database_t database;
    registry_database_init(&database);
    structure_t structure = {.version = 0};
    structure_t found;
    pia_uuid7_text(structure.id);
    TEXT_SET(structure.name, nasty);
    assert_int_equal(store_structure_insert(database.db, &structure, 1), PIA_OK);
    assert_int_equal(store_structure_find(database.db, structure.id, &found), PIA_OK);
    assert_string_equal(found.name, nasty);
    assert_int_equal(store_structure_find(database.db, nasty, &found), PIA_NOT_FOUND);
    registry_database_clear(&database);
}

static void a_siren_is_recorded_once_but_many_have_none(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    for (int i = 0; i < 4; i++) {
        structure_t structure = {.name = "x"};
        pia_uuid7_text(structure.id);
        TEXT_SET(structure.siren, i < 2 ? "" : "732829320");
        pia_status_t status = store_structure_insert(database.db, &structure, 1);
        assert_int_equal(status, i < 3 ? PIA_OK : PIA_CONFLICT);
    }
    registry_database_clear(&database);
}

static void people_are_listed_by_role(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    for (int i = 0; i < 3; i++) {
        person_t person = {.label = "x", .roles = i == 1 ? PIA_ROLE_REVIEWER : PIA_ROLE_POLE};
        pia_uuid7_text(person.id);
        assert_int_equal(store_person_insert(database.db, &person, 1), PIA_OK);
    }
    person_filter_t filter = {.role = PIA_ROLE_REVIEWER};
    person_t person;
    pia_stmt_t *stmt = store_person_list(database.db, &filter, &START, 10);
    assert_int_equal(store_person_next(stmt, &person), PIA_OK);
    assert_int_equal(person.roles, PIA_ROLE_REVIEWER);
    assert_int_equal(store_person_next(stmt, &person), PIA_NOT_FOUND);
    person_t stale = person;
    assert_int_equal(store_person_update(database.db, &person), PIA_OK);
    assert_int_equal(store_person_update(database.db, &stale), PIA_CONFLICT);
    registry_database_clear(&database);
}

static void a_key_is_found_by_its_hash_also_when_revoked(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    apikey_t key = {.label = "x", .service = "gateway", .roles = PIA_ROLE_SERVICE, .created_at = 1};
    apikey_t found;
    uint8_t hash[APIKEY_HASH_SIZE];
    pia_uuid7_text(key.id);
    TEXT_SET(key.created_by, "/services/registry");
    apikey_hash("pia_x", hash);
    assert_int_equal(store_key_find_by_hash(database.db, hash, &found), PIA_NOT_FOUND);
    assert_int_equal(store_key_insert(database.db, &key, hash), PIA_OK);
    assert_int_equal(store_key_used(database.db, &key, 20000), PIA_OK);
    assert_int_equal(store_key_revoke(database.db, key.id, 5), PIA_OK);
    assert_int_equal(store_key_revoke(database.db, key.id, 6), PIA_OK);
    assert_int_equal(store_key_find_by_hash(database.db, hash, &found), PIA_OK);
    assert_string_equal(found.id, key.id);
    assert_int_equal(found.last_used, 20000);
    assert_int_equal(found.revoked_at, 5);
    assert_int_equal(found.expires_at, 0);
    registry_database_clear(&database);
}

static void the_clock_moves_forward_only(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    int64_t shift_ms = -1;
    assert_int_equal(store_clock_lock(database.db, &shift_ms), PIA_OK);
    assert_int_equal(shift_ms, 0);
    assert_int_equal(store_clock_set(database.db, 5000), PIA_OK);
    assert_int_equal(store_clock_set(database.db, 4000), PIA_OK);
    assert_int_equal(store_clock_find(database.db, &shift_ms), PIA_OK);
    assert_int_equal(shift_ms, 5000);
    registry_database_clear(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poles_are_listed_by_folded_name_filter_and_page),
        cmocka_unit_test(a_code_is_taken_once_and_an_old_version_writes_nothing),
        cmocka_unit_test(injections_are_stored_literally),
        cmocka_unit_test(a_siren_is_recorded_once_but_many_have_none),
        cmocka_unit_test(people_are_listed_by_role),
        cmocka_unit_test(a_key_is_found_by_its_hash_also_when_revoked),
        cmocka_unit_test(the_clock_moves_forward_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
