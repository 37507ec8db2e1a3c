/* people.c - persons, structures and pôles as the registry's events tell of them. */
#include "people.h"

#include <stdio.h>
#include <string.h>

#include "pia/principal.h"
#include "store_matter.h"

const char people_filter[] = "{\"types\": [\"person.created\", \"person.updated\", "
                             "\"structure.created\", \"structure.updated\", "
                             "\"pole.labelled\", \"pole.updated\"]}";

/* An id may be made this long before the event that tells of it gets its own. */
enum { TOLERANCE_MS = 5000 };

enum {
    PERSON_PUT,
    PERSON_FIND,
    STRUCTURE_PUT,
    STRUCTURE_NAME,
    STRUCTURE_FIND,
    POLE_PUT,
    POLE_FIND,
    REACH,
    REACHED
};

static const char *const sql[] = {
    [PERSON_PUT] = "INSERT INTO person (id, roles, structure) VALUES ($1, $2, $3) "
                   "ON CONFLICT (id) DO UPDATE SET roles = $2, structure = $3",
    [PERSON_FIND] = "SELECT roles, structure FROM person WHERE id = $1",
    [STRUCTURE_PUT] = "INSERT INTO structure (id, demonstration, name) VALUES ($1, $2, $3) "
                      "ON CONFLICT (id) DO UPDATE SET demonstration = $2, name = $3",
    [STRUCTURE_NAME] = "SELECT name FROM structure WHERE id = $1",
    [STRUCTURE_FIND] = "SELECT demonstration FROM structure WHERE id = $1",
    [POLE_PUT] = "INSERT INTO pole (code, structure) VALUES ($1, $2) "
                 "ON CONFLICT (code) DO UPDATE SET structure = $2",
    [POLE_FIND] = "SELECT structure FROM pole WHERE code = $1",
    [REACH] = "INSERT INTO followed (id, newest_ms) VALUES (1, $1) ON CONFLICT (id) "
              "DO UPDATE SET newest_ms = CASE WHEN followed.newest_ms > $1 "
              "THEN followed.newest_ms ELSE $1 END",
    [REACHED] = "SELECT newest_ms FROM followed WHERE id = 1",
};

/* The milliseconds in a version 7 UUID; 0 if it is not one. */
static int64_t made_ms(const char *id)
{
    uint8_t uuid[PIA_UUID_SIZE];
    int64_t time_ms = 0;
    if (!pia_uuid_parse(id, uuid) || uuid[6] >> 4 != 7)
        return 0;
    for (int i = 0; i < 6; i++)
        time_ms = time_ms << 8 | uuid[i];
    return time_ms;
}

static const char *member(const json_t *data, const char *name)
{
    return json_string_value(json_object_get(data, name));
}

static pia_status_t apply_person(pia_db_t *db, const json_t *data)
{
    const char *id = member(data, "person");
    uint32_t roles = 0;
    if (!id || !pia_roles_parse(json_object_get(data, "roles"), &roles))
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PERSON_PUT]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, roles);
    pia_stmt_text(stmt, 3, member(data, "structure"));
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t apply_structure(pia_db_t *db, const json_t *data)
{
    const char *id = member(data, "structure");
    if (!id)
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[STRUCTURE_PUT]);
    pia_stmt_text(stmt, 1, id);
    bool demonstration = json_is_true(json_object_get(data, "demonstration"));
    pia_stmt_integer(stmt, 2, demonstration);
    pia_stmt_text(stmt, 3, member(data, "name"));
    pia_status_t status = pia_stmt_run(stmt, NULL);
    return status == PIA_OK && demonstration ? store_matter_mark(db, id) : status;
}

static pia_status_t apply_pole(pia_db_t *db, const json_t *data)
{
    const char *code = member(data, "code");
    if (!code)
        return PIA_OK;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[POLE_PUT]);
    pia_stmt_text(stmt, 1, code);
    pia_stmt_text(stmt, 2, member(data, "structure"));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t people_apply(pia_db_t *db, const pia_event_t *event)
{
    pia_status_t status = PIA_OK;
    if (strcmp(event->source, "/services/registry") != 0)
        return PIA_OK;
    if (strncmp(event->type, "person.", 7) == 0)
        status = apply_person(db, event->data);
    else if (strncmp(event->type, "structure.", 10) == 0)
        status = apply_structure(db, event->data);
    else if (strncmp(event->type, "pole.", 5) == 0)
        status = apply_pole(db, event->data);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REACH]);
    pia_stmt_integer(stmt, 1, made_ms(event->id));
    return pia_stmt_run(stmt, NULL);
}

/* A person or a structure that is not here: not yet, or not at all? */
static pia_status_t judge_unknown(pia_db_t *db, const char *id)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[REACHED]);
    pia_status_t status = pia_stmt_step(stmt);
    int64_t newest_ms = status == PIA_OK ? pia_stmt_column_integer(stmt, 0) : 0;
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    return made_ms(id) > newest_ms - TOLERANCE_MS && made_ms(id) > 0 ? PIA_UNAVAILABLE
                                                                     : PIA_NOT_FOUND;
}

pia_status_t people_find(pia_db_t *db, const char *id, person_t *ret_person)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[PERSON_FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_NOT_FOUND)
        return judge_unknown(db, id);
    if (status != PIA_OK)
        return status;
    const char *structure = pia_stmt_column_text(stmt, 1);
    ret_person->roles = (uint32_t)pia_stmt_column_integer(stmt, 0);
    (void)snprintf(ret_person->structure, sizeof ret_person->structure, "%s",
                   structure ? structure : "");
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t people_find_structure(pia_db_t *db, const char *id, bool *ret_demonstration)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[STRUCTURE_FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_demonstration = status == PIA_OK && pia_stmt_column_integer(stmt, 0) != 0;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? judge_unknown(db, id) : status;
}

pia_status_t people_structure_name(pia_db_t *db, const char *id, char ret_name[PEOPLE_NAME_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[STRUCTURE_NAME]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    const char *name = status == PIA_OK ? pia_stmt_column_text(stmt, 0) : NULL;
    (void)snprintf(ret_name, PEOPLE_NAME_SIZE, "%s", name ? name : "");
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t people_is_taken(pia_db_t *db, const char *code, const char *structure, bool *ret_taken)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[POLE_FIND]);
    pia_stmt_text(stmt, 1, code);
    pia_status_t status = pia_stmt_step(stmt);
    const char *holder = status == PIA_OK ? pia_stmt_column_text(stmt, 0) : NULL;
    *ret_taken = status == PIA_OK && (!holder || strcmp(holder, structure) != 0);
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}
