/* test_notice.c - an event becomes messages to the right people, once. */
#include "pia_test.h"

#include <string.h>

#include "notifications_database.h"

#define SOURCE "/services/labellisation"
#define ASSIGNED                                                                                   \
    "{\"visibility\": \"restricted\", \"restrictedto\": \"person:" REVIEWER "\", \"data\": {"      \
    "\"review\": \"" CONTACT "\", \"title\": \"T\", \"pole\": {\"name\": \"P\"}, "                 \
    "\"recipients\": {\"persons\": [\"" REVIEWER "\"]}}}"

static const char SQL_ITEMS[] = "SELECT COUNT(*) FROM inbox";
static const char SQL_DELIVERIES[] = "SELECT COUNT(*) FROM delivery";
static const char SQL_CAMPAIGNS[] = "SELECT COUNT(*) FROM campaign";
static const char SQL_NOTICES[] = "SELECT COUNT(*) FROM notice";

static notifications_database_t database;

static int begin(void **state)
{
    (void)state;
    notifications_database_init(&database, "3");
    return 0;
}

static int end(void **state)
{
    (void)state;
    notifications_database_clear(&database);
    return 0;
}

static void expect(const char *sql, int64_t expected)
{
    assert_int_equal(notifications_database_integer(&database, sql), expected);
}

static void a_named_person_gets_an_item_and_a_mail(void **state)
{
    (void)state;
    notifications_database_contact(&database, CONTACT, REVIEWER);
    notifications_database_event(&database, "1", SOURCE, "review.created", ASSIGNED);
    expect(SQL_ITEMS, 1);
    expect(SQL_DELIVERIES, 2);
    assert_true(atomic_load(&database.service.deliveries_wait));
}

static void the_same_event_again_is_nothing(void **state)
{
    (void)state;
    notifications_database_contact(&database, CONTACT, REVIEWER);
    notifications_database_event(&database, "1", SOURCE, "review.created", ASSIGNED);
    notifications_database_event(&database, "1", SOURCE, "review.created", ASSIGNED);
    expect(SQL_ITEMS, 1);
    expect(SQL_DELIVERIES, 2);
    notifications_database_event(&database, "2", SOURCE, "review.created", ASSIGNED);
    expect(SQL_ITEMS, 2);
}

static void who_may_not_see_it_is_not_told(void **state)
{
    (void)state;
    notifications_database_person(&database, OUTSIDER, "reviewer", STRUCTURE);
    notifications_database_event(
        &database, "1", SOURCE, "review.created",
        "{\"visibility\": \"restricted\", \"restrictedto\": \"person:" REVIEWER
        "\", \"data\": {\"title\": \"T\", \"recipients\": {\"persons\": [\"" OUTSIDER "\"]}}}");
    expect(SQL_ITEMS, 0);
}

static void roles_and_structures_are_looked_up(void **state)
{
    (void)state;
    notifications_database_person(&database, REVIEWER, "secretariat", "");
    notifications_database_person(&database, OUTSIDER, "candidat", STRUCTURE);
    static const char members[] =
        "{\"visibility\": \"restricted\", \"restrictedto\": \"role:secretariat,structure:" STRUCTURE
        "\", \"data\": {\"title\": \"T\", \"transition\": \"deposer\", \"to\": \"depose\", "
        "\"recipients\":"
        " {\"roles\": [\"secretariat\", \"unknown\"], \"structures\": [\"" STRUCTURE
        "\"], \"persons\": []}}}";
    notifications_database_event(&database, "1", SOURCE, "dossier.transitioned", members);
    expect(SQL_ITEMS, 2);
    expect(
        "SELECT COUNT(*) FROM delivery WHERE template = 'dossier_candidate' AND person = '" OUTSIDER
        "'",
        1);
    expect(
        "SELECT COUNT(*) FROM delivery WHERE template = 'dossier_network' AND person = '" REVIEWER
        "'",
        1);
}

static void the_procedure_may_plan_the_kind_of_message(void **state)
{
    (void)state;
    notifications_database_person(&database, REVIEWER, "secretariat", "");
    notifications_database_person(&database, OUTSIDER, "candidat", STRUCTURE);
    static const char members[] =
        "{\"visibility\": \"restricted\", \"restrictedto\": \"role:secretariat,structure:" STRUCTURE
        "\", \"data\": {\"title\": \"T\", \"transition\": \"refuser\", \"to\": \"refuse\", "
        "\"notice\": {\"structure\": \"decision\", \"others\": \"unheard\"}, \"recipients\":"
        " {\"roles\": [\"secretariat\"], \"structures\": [\"" STRUCTURE "\"], \"persons\": []}}}";
    notifications_database_event(&database, "1", SOURCE, "dossier.transitioned", members);
    expect(
        "SELECT COUNT(*) FROM delivery WHERE template = 'notice_decision' AND person = '" OUTSIDER
        "'",
        1);
    expect(
        "SELECT COUNT(*) FROM delivery WHERE template = 'dossier_network' AND person = '" REVIEWER
        "'",
        1);
}

static void the_registry_alone_says_who_is_who(void **state)
{
    (void)state;
    notifications_database_event(
        &database, "1", "/services/labellisation", "person.created",
        "{\"visibility\": \"restricted\", \"data\": {\"person\": \"" OUTSIDER
        "\", \"roles\": [\"secretariat\"]}}");
    expect("SELECT COUNT(*) FROM person", 0);
    notifications_database_person(&database, OUTSIDER, "secretariat", STRUCTURE);
    notifications_database_person(&database, OUTSIDER, "candidat", STRUCTURE);
    expect("SELECT roles FROM person", PIA_ROLE_CANDIDAT);
}

static void a_publication_opens_one_campaign(void **state)
{
    (void)state;
    static const char members[] = "{\"visibility\": \"public\", \"data\": {\"title\": \"T\"}}";
    notifications_database_event(&database, "1", "/poles/a", "publication.published", members);
    notifications_database_event(&database, "1", "/poles/a", "publication.published", members);
    expect(SQL_CAMPAIGNS, 1);
    expect(SQL_NOTICES, 1);
    expect(SQL_DELIVERIES, 0);
}

static void what_concerns_nobody_leaves_nothing(void **state)
{
    (void)state;
    notifications_database_event(&database, "1", "/poles/a", "news.posted", "{\"data\": {}}");
    notifications_database_event(&database, "2", "/poles/a", "review.created", "{}");
    notifications_database_event(&database, "3", "/poles/a", "dossier.transitioned",
                                 "{\"data\": {\"recipients\": 3}}");
    notifications_database_event(&database, "4", "/services/registry", "person.created", "{}");
    notifications_database_event(&database, "5", "/services/registry", "pole.labelled",
                                 "{\"data\": {\"code\": 1}}");
    expect(SQL_DELIVERIES, 0);
    expect(SQL_ITEMS, 0);
}

static void history_is_not_told(void **state)
{
    (void)state;
    database.service.born_at += INT64_C(2) * 3600000;
    notifications_database_event(&database, "1", SOURCE, "review.created", ASSIGNED);
    expect(SQL_ITEMS, 0);
    notifications_database_person(&database, REVIEWER, "reviewer", "");
    expect("SELECT COUNT(*) FROM person", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_named_person_gets_an_item_and_a_mail, begin, end),
        cmocka_unit_test_setup_teardown(the_same_event_again_is_nothing, begin, end),
        cmocka_unit_test_setup_teardown(who_may_not_see_it_is_not_told, begin, end),
        cmocka_unit_test_setup_teardown(roles_and_structures_are_looked_up, begin, end),
        cmocka_unit_test_setup_teardown(the_procedure_may_plan_the_kind_of_message, begin, end),
        cmocka_unit_test_setup_teardown(the_registry_alone_says_who_is_who, begin, end),
        cmocka_unit_test_setup_teardown(a_publication_opens_one_campaign, begin, end),
        cmocka_unit_test_setup_teardown(what_concerns_nobody_leaves_nothing, begin, end),
        cmocka_unit_test_setup_teardown(history_is_not_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
