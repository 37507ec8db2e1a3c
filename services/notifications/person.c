/* person.c - the projection of the registry's people. */
#include "person.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/format.h"
#include "pia/json.h"
#include "pia/memory.h"

static const char SQL_STORE[] =
    "INSERT INTO person (id, roles, structure) VALUES ($1, $2, $3)"
    " ON CONFLICT (id) DO UPDATE SET roles = excluded.roles, structure = excluded.structure";
static const char SQL_GET[] = "SELECT roles, structure FROM person WHERE id = $1";
static const char SQL_WITH_ROLE[] = "SELECT id FROM person WHERE (roles & $1) <> 0 ORDER BY id";
static const char SQL_OF_STRUCTURE[] = "SELECT id FROM person WHERE structure = $1 ORDER BY id";

void people_clear(people_t *people)
{
    for (size_t i = 0; i < people->count; i++) {
        free(people->ids[i]);
    }
    free(people->ids);
    *people = (people_t){0};
}

void people_add(people_t *people, const char *person)
{
    if (!person || !pia_format_check("uuid", person) || people->count == PEOPLE_MAX) {
        return;
    }
    for (size_t i = 0; i < people->count; i++) {
        if (strcmp(people->ids[i], person) == 0) {
            return;
        }
    }
    people->ids = pia_realloc(people->ids, (people->count + 1) * sizeof *people->ids);
    people->ids[people->count++] = pia_strdup(person);
}

/* Role names that this version does not know are left out: they give nobody anything here. */
static uint32_t known_roles(const json_t *names)
{
    uint32_t roles = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        roles |= name ? pia_role_parse(name) : 0;
    }
    return roles;
}

pia_status_t person_store(pia_db_t *db, const json_t *data)
{
    const char *person = pia_json_text(data, "person");
    if (!person || !pia_format_check("uuid", person)) {
        return PIA_OK;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STORE);
    pia_stmt_text(stmt, 1, person);
    pia_stmt_integer(stmt, 2, known_roles(json_object_get(data, "roles")));
    pia_stmt_text(stmt, 3, pia_json_text(data, "structure"));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t person_principal(pia_db_t *db, const char *person, pia_principal_t *ret_principal)
{
    *ret_principal = (pia_principal_t){.subject = ""};
    if (!person) {
        return PIA_OK;
    }
    (void)snprintf(ret_principal->person, sizeof ret_principal->person, "%s", person);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_GET);
    pia_stmt_text(stmt, 1, person);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    }
    const char *structure = pia_stmt_column_text(stmt, 1);
    ret_principal->roles = (uint32_t)pia_stmt_column_integer(stmt, 0);
    (void)snprintf(ret_principal->structure, sizeof ret_principal->structure, "%s",
                   structure ? structure : "");
    pia_stmt_reset(stmt);
    return PIA_OK;
}

static pia_status_t add_rows(people_t *people, pia_stmt_t *stmt)
{
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK) {
        people_add(people, pia_stmt_column_text(stmt, 0));
        status = pia_stmt_step(stmt);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t people_add_role(people_t *people, pia_db_t *db, uint32_t role)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_WITH_ROLE);
    pia_stmt_integer(stmt, 1, role);
    return add_rows(people, stmt);
}

pia_status_t people_add_structure(people_t *people, pia_db_t *db, const char *structure)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_OF_STRUCTURE);
    pia_stmt_text(stmt, 1, structure);
    return add_rows(people, stmt);
}
