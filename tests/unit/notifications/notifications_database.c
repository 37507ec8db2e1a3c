/* notifications_database.c - the store for tests. */
#include "pia_test.h"

#include "notifications_database.h"

#include <stdio.h>
#include <string.h>

#include "contact.h"
#include "notice.h"
#include "pia/clock.h"

extern const char notifications_sql_001[];
extern const char notifications_plan_default[];

static const pia_migration_t tables[] = {{1, notifications_sql_001}, {0, NULL}};

static void configure(notifications_database_t *database, const char *attempts)
{
    pia_service_t service = notifications_service(&database->service);
    const pia_option_t *const options[] = {pia_service_options, service.options, NULL};
    char program[] = "x", flag[] = "--delivery.attempts", value[16];
    (void)snprintf(value, sizeof value, "%s", attempts);
    char *arguments[] = {program, flag, value, NULL};
    assert_int_equal(
        pia_config_load("pia-notifications", options, 3, arguments, &database->config, NULL),
        PIA_OK);
}

void notifications_database_init(notifications_database_t *database, const char *attempts)
{
    memset(database, 0, sizeof *database);
    configure(database, attempts);
    test_database_init(&database->place);
    database->db = test_database_open(&database->place, PIA_DB_WRITER);
    pia_problem_t problem = {.detail = ""};
    if (pia_db_migrate(database->db, "notifications", tables, &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
    database->context.db = database->db;
    database->context.config = database->config;
    database->service.context = &database->context;
    database->service.site = "https://pia.example.org";
    database->service.born_at = pia_clock_now();
    const char *plan = notifications_plan_default;
    assert_int_equal(plan_load(plan, strlen(plan), &database->service.plan, NULL), PIA_OK);
    assert_int_equal(pia_db_begin(database->db), PIA_OK);
}

void notifications_database_clear(notifications_database_t *database)
{
    pia_db_rollback(database->db);
    pia_db_close(&database->db);
    notifications_close(&database->service);
    pia_config_destroy(&database->config);
    test_database_clear(&database->place);
}

void notifications_database_event(notifications_database_t *database,
                                  const char *id,
                                  const char *source,
                                  const char *type,
                                  const char *members)
{
    json_error_t error;
    json_t *json = json_loads(members, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        fail_msg("%s: %s", members, error.text);
    }
    json_object_set_new(json, "id", json_string(id));
    json_object_set_new(json, "source", json_string(source));
    json_object_set_new(json, "type", json_string(type));
    pia_event_t event = {.epoch = 1,
                         .sequence = 7,
                         .recorded_ms = pia_clock_now(),
                         .cursor = "1.7.00000000",
                         .id = id,
                         .source = source,
                         .type = type,
                         .json = json,
                         .data = json_object_get(json, "data")};
    assert_int_equal(notice_on_event(&database->service, &event), PIA_OK);
    json_decref(json);
}

void notifications_database_person(notifications_database_t *database,
                                   const char *person,
                                   const char *role,
                                   const char *structure)
{
    char members[512];
    (void)snprintf(members, sizeof members,
                   "{\"visibility\": \"restricted\", \"data\": {\"person\": \"%s\", \"roles\":"
                   " [\"%s\"], \"structure\": \"%s\"}}",
                   person, role, structure);
    notifications_database_event(database, person, "/services/registry", "person.created", members);
}

void notifications_database_contact(notifications_database_t *database,
                                    const char *id,
                                    const char *person)
{
    char own_id[40], own_person[40], channel[] = "email", address[] = "a@example.org";
    char language[] = "fr", basis[] = "consent", by[] = "/services/admin";
    (void)snprintf(own_id, sizeof own_id, "%s", id);
    (void)snprintf(own_person, sizeof own_person, "%s", person ? person : "");
    contact_t contact = {.id = own_id,
                         .channel = channel,
                         .address = address,
                         .person = person ? own_person : NULL,
                         .language = language,
                         .consent_basis = basis,
                         .consent_by = by,
                         .consent_at = pia_clock_now()};
    assert_int_equal(contact_add(database->db, &contact, NULL), PIA_OK);
}

int64_t notifications_database_integer(notifications_database_t *database, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(database->db, sql);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t value = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return value;
}

void notifications_database_run(notifications_database_t *database, const char *sql)
{
    assert_int_equal(pia_stmt_run(pia_db_prepare(database->db, sql), NULL), PIA_OK);
}
