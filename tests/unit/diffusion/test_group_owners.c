/* test_group_owners.c - whose groups there are, how many, and who is shown them. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "group_list.h"
#include "group_store.h"

static fixture_t fixture;

static int set_up(void **state)
{
    (void)state;
    fixture_open(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&fixture);
    return 0;
}

static pia_status_t make(const char *name, const pia_principal_t *owner, const char *role)
{
    pia_problem_t problem = {0};
    json_t *roles = role ? json_pack("[s]", role) : NULL;
    const group_wish_t wish = {.name = name, .roles = roles};
    const cursor_t from = {.epoch = 1};
    group_t group;
    assert_int_equal(group_make(&wish, owner, &group, &problem), PIA_OK);
    fixture_begin(&fixture);
    pia_status_t status = group_store_make(fixture.db, &group, &from, 1, &problem);
    fixture_commit(&fixture);
    assert_int_equal(problem.status, status);
    group_clear(&group);
    json_decref(roles);
    return status;
}

static void nobody_can_use_up_all_groups(void **state)
{
    (void)state;
    const pia_principal_t one = {.subject = "/persons/1", .person = "1", .roles = PIA_ROLE_POLE};
    const pia_principal_t other = {.subject = "/persons/2", .person = "2", .roles = PIA_ROLE_POLE};
    const pia_principal_t staff = {.subject = "/persons/1", .roles = PIA_ROLE_OPERATOR};
    char name[GROUP_NAME_SIZE];
    for (int i = 0; i < GROUP_OWNED_MAX; i++) {
        (void)snprintf(name, sizeof name, "g%d", i);
        assert_int_equal(make(name, &one, NULL), PIA_OK);
    }
    assert_int_equal(make("more", &one, NULL), PIA_RATE_LIMITED);
    assert_int_equal(make("others", &other, NULL), PIA_OK);
    assert_int_equal(make("operators", &staff, NULL), PIA_OK);
    group_t group;
    assert_int_equal(group_store_find(fixture.db, "operators", &group), PIA_OK);
    fixture_begin(&fixture);
    assert_int_equal(group_store_remove(fixture.db, group.id), PIA_OK);
    group_clear(&group);
    assert_int_equal(group_store_find(fixture.db, "g7", &group), PIA_OK);
    assert_int_equal(group_store_remove(fixture.db, group.id), PIA_OK);
    group_clear(&group);
    fixture_commit(&fixture);
    assert_int_equal(make("more", &one, NULL), PIA_OK);
}

static const pia_principal_t people[] = {
    {.subject = "/persons/1", .person = "1", .structure = "s", .roles = PIA_ROLE_POLE},
    {.subject = "/persons/1", .person = "1", .structure = "s", .roles = PIA_ROLE_REVIEWER},
    {.subject = "/persons/2", .person = "2", .structure = "s", .pole = "a", .roles = PIA_ROLE_POLE},
    {.subject = "/persons/3", .person = "3", .structure = "t", .pole = "a", .roles = PIA_ROLE_POLE},
    {.subject = "/persons/4",
     .person = "4",
     .pole = "*",
     .roles = PIA_ROLE_POLE | PIA_ROLE_REVIEWER | PIA_ROLE_COMMITTEE},
    {.subject = "/persons/5", .person = "5", .roles = PIA_ROLE_REVIEWER},
    {.subject = "/persons/6", .roles = PIA_ROLE_OPERATOR},
    {.subject = "/services/a", .roles = PIA_ROLE_SERVICE},
    {.subject = "/services/b", .roles = PIA_ROLE_SERVICE},
};
enum { PEOPLE = sizeof people / sizeof *people };

static bool is_listed(const char *name, const pia_principal_t *principal)
{
    group_query_t query = {.principal = principal, .limit = 2};
    char after[GROUP_NAME_SIZE] = "";
    bool found = false;
    do {
        json_t *page = NULL;
        query.after = after;
        assert_int_equal(group_list_page(fixture.db, &query, &page), PIA_OK);
        size_t i = 0;
        json_t *item = NULL;
        json_array_foreach(json_object_get(page, "items"), i, item)
        {
            const char *each = json_string_value(json_object_get(item, "group"));
            assert_true(strcmp(each, after) > 0);
            found = found || strcmp(each, name) == 0;
        }
        assert_true(i <= 2);
        const char *next = json_string_value(json_object_get(page, "next"));
        (void)snprintf(after, sizeof after, "%s", next ? next : "");
        json_decref(page);
    } while (after[0]);
    return found;
}

/* SQL and C say the same of each group and each principal. */
static void who_may_manage_a_group_is_shown_it(void **state)
{
    (void)state;
    static const char *const roles[] = {NULL, "reviewer", "pole"};
    char name[GROUP_NAME_SIZE];
    int shown = 0;
    for (int i = 0; i < 3 * PEOPLE; i++) {
        (void)snprintf(name, sizeof name, "g%02d", i);
        assert_int_equal(make(name, &people[i % PEOPLE], roles[i / PEOPLE]), PIA_OK);
    }
    for (int i = 0; i < 3 * PEOPLE * PEOPLE; i++) {
        group_t group;
        (void)snprintf(name, sizeof name, "g%02d", i / PEOPLE);
        assert_int_equal(group_store_find(fixture.db, name, &group), PIA_OK);
        bool may = group_may_manage(&group, &people[i % PEOPLE]);
        assert_int_equal(is_listed(name, &people[i % PEOPLE]), may);
        shown += may;
        group_clear(&group);
    }
    assert_in_range(shown, 3 * PEOPLE + 1, 3 * PEOPLE * PEOPLE - 1);
    const pia_principal_t nobody = {.subject = ""};
    assert_false(is_listed("g00", &nobody));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_can_use_up_all_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_may_manage_a_group_is_shown_it, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
