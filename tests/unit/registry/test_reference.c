/* test_reference.c - reference files into the database. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reference.h"
#include "reference_files.h"
#include "reference_poles.h"
#include "registry_database.h"
#include "store_pole.h"
#include "store_reference.h"

static void load(registry_database_t *database)
{
    pia_problem_t problem = {.detail = ""};
    if (reference_load(database->db, "", 1000, &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
}

/* One of the files in the program. */
static void load_file(registry_database_t *database, const char *name)
{
    reference_file_t file;
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(reference_file_read("", name, &file, &problem), PIA_OK);
    assert_int_equal(reference_load_file(database->db, name, file.bytes, file.size, &problem),
                     PIA_OK);
    reference_file_release(&file);
}

static size_t list_size(registry_database_t *database, const char *list)
{
    json_t *items = NULL;
    assert_int_equal(store_reference_list(database->db, list, &items), PIA_OK);
    size_t size = json_array_size(items);
    json_decref(items);
    return size;
}

static void check_lists(registry_database_t *database)
{
    assert_int_equal(list_size(database, "themes"), 6);
    assert_int_equal(list_size(database, "sectors"), 4);
    assert_int_equal(list_size(database, "kinds"), 8);
    assert_int_equal(list_size(database, "topics"), 4);
    assert_int_equal(list_size(database, "scopes"), 2);
    assert_int_equal(list_size(database, "partner-types"), 7);
    assert_int_equal(list_size(database, "service-types"), 5);
    assert_int_equal(list_size(database, "regions"), 26);
    assert_int_equal(list_size(database, "departements"), 109);
    assert_int_equal(list_size(database, "ape"), 732);
    assert_int_equal(registry_database_integer(database, "SELECT COUNT(*) FROM commune"), 35014);
    assert_int_equal(store_reference_has(database->db, "partner-types", "centre-technique"),
                     PIA_OK);
}

/* By the beginning of their folded names, or all of a département. */
static void find_communes(registry_database_t *database)
{
    page_cursor_t cursor = {.id = ""};
    page_cursor_t last = {.id = ""};
    json_t *items = NULL;
    commune_filter_t filter = {.prefix = "vannes le chatel"};
    assert_int_equal(store_commune_list(database->db, &filter, &cursor, 10, &items, &last), PIA_OK);
    assert_int_equal(json_array_size(items), 1);
    assert_string_equal(last.id, "54548");
    json_decref(items);
    filter = (commune_filter_t){.departement = "975"};
    assert_int_equal(store_commune_list(database->db, &filter, &cursor, 10, &items, &last), PIA_OK);
    assert_int_equal(json_array_size(items), 2);
    json_decref(items);
}

static void the_files_in_the_program_load_whole_and_once(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    load(&database);
    check_lists(&database);
    assert_int_equal(registry_database_integer(&database, "SELECT COUNT(*) FROM pole"), 10);
    assert_int_equal(registry_database_announced(&database, "pole.labelled"), 9);
    find_communes(&database);
    registry_database_commit(&database);
    load(&database);
    check_lists(&database);
    assert_int_equal(registry_database_announced(&database, "pole.labelled"), 9);
    registry_database_clear(&database);
}

static void what_no_source_says_of_a_pole_stays_absent(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    load_file(&database, "poles.json");
    pole_t pole;
    assert_int_equal(store_pole_find(database.db, "iris-st", &pole), PIA_OK);
    assert_int_equal(pole.state, POLE_UNKNOWN);
    assert_string_equal(pole.departement, "");
    assert_string_equal(pole.carrier_type, "Organisation professionnelle");
    assert_int_equal(store_pole_find(database.db, "cnidep", &pole), PIA_OK);
    assert_int_equal(pole.state, POLE_ACTIVE);
    assert_string_equal(pole.labelled_since, "1993");
    assert_string_equal(pole.region, "44");
    assert_string_equal(pole.label_until, "");
    assert_false(pole.demonstration);
    registry_database_clear(&database);
}

static void loading_again_leaves_what_was_changed_here(void **state)
{
    (void)state;
    static const char json[] =
        "{\"themes\": [{\"code\": \"neuf\", \"label\": \"Neuf\"}], \"sectors\": [], "
        "\"publication_kinds\": [], \"content_topics\": [\"Marchés publics\"], \"scopes\": [], "
        "\"partner_types\": [], \"innovation_forms\": [], \"service_types\": {\"materielle\": [], "
        "\"immaterielle\": [], \"modes\": []}, \"poles\": [{\"code\": \"cnidep\", \"name\": "
        "\"Autre\", "
        "\"themes\": []}, {\"code\": \"nouveau\", \"name\": \"Nouveau\", \"themes\": [\"neuf\"], "
        "\"labelled_2016\": true}]}";
    registry_database_t database;
    registry_database_init(&database);
    load_file(&database, "poles.json");
    pole_t pole;
    pia_problem_t problem;
    assert_int_equal(
        reference_load_file(database.db, "poles.json", json, sizeof json - 1, &problem), PIA_OK);
    assert_int_equal(store_pole_find(database.db, "cnidep", &pole), PIA_OK);
    assert_string_equal(pole.name, "CNIDEP");
    assert_int_equal(store_pole_find(database.db, "nouveau", &pole), PIA_OK);
    assert_int_equal(list_size(&database, "themes"), 1);
    assert_int_equal(store_reference_has(database.db, "topics", "marches-publics"), PIA_OK);
    registry_database_clear(&database);
}

static void
refuses(registry_database_t *database, const char *name, const char *bytes, const char *why)
{
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(reference_load_file(database->db, name, bytes, strlen(bytes), &problem),
                     PIA_INVALID);
    if (strstr(problem.detail, why) == NULL || strstr(problem.detail, name) == NULL) {
        fail_msg("%s", problem.detail);
    }
}

static void a_bad_file_is_named_with_its_line(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    refuses(&database, "ape.tsv", "code\tlabel\n0111Z\n", "line 2");
    refuses(&database, "ape.tsv", "code\tlabel\n0111Z\ta\tb\n", "line 2");
    refuses(&database, "communes.tsv", "h\n01001\tx\t01\t84\t\tbeaucoup\t01400\n", "line 2");
    refuses(&database, "poles.json", "{\"themes\": 1}", "themes");
    refuses(&database, "poles.json", "{", "line 1");
    registry_database_clear(&database);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    registry_database_t database;
    registry_database_init(&database);
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(reference_load(database.db, "/nonexistent", 1, &problem), PIA_NOT_FOUND);
    assert_non_null(strstr(problem.detail, "/nonexistent/regions.tsv"));
    registry_database_clear(&database);
}

static void reads_no_pole(const char *text)
{
    pole_t pole;
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(reference_read_pole(json, &pole, NULL), PIA_INVALID);
    json_decref(json);
}

static void a_pole_that_is_not_right_is_refused(void **state)
{
    (void)state;
    reads_no_pole("{\"code\": \"x\"}");
    reads_no_pole("{\"code\": \"X Y\", \"name\": \"n\"}");
    reads_no_pole("{\"code\": \"x\", \"name\": 1}");
    reads_no_pole("{\"code\": \"x\", \"name\": \"n\", \"department\": \"96\"}");
    reads_no_pole("{\"code\": \"x\", \"name\": \"n\", \"labelled_since\": \"long ago\"}");
    reads_no_pole("{\"code\": \"x\", \"name\": \"n\", \"themes\": [\"a\", \"a\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_files_in_the_program_load_whole_and_once),
        cmocka_unit_test(what_no_source_says_of_a_pole_stays_absent),
        cmocka_unit_test(loading_again_leaves_what_was_changed_here),
        cmocka_unit_test(a_bad_file_is_named_with_its_line),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_pole_that_is_not_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
