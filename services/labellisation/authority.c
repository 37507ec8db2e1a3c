/* authority.c - authorities to sign. */
#include "authority.h"

#include <stdio.h>
#include <string.h>

#include "day.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/json.h"

static const char SQL_ALL[] =
    "SELECT id, person, card, facts FROM matter WHERE kind = 'authority' ORDER BY id";

enum { SAID_SIZE = 200 };

/* What the authorities say so far. */
typedef struct {
    const authority_asked_t *asked;
    bool recorded;        /* one is, for the capacity */
    char *id;             /* of one that covers the day; "" so far */
    char said[SAID_SIZE]; /* of the person's last one that does not */
} search_t;

static bool covers(const json_t *facts, const char *day)
{
    const char *from = pia_json_text(facts, "from"), *until = pia_json_text(facts, "until");
    return from && strcmp(from, day) <= 0 && (!until || strcmp(day, until) <= 0);
}

static void say(search_t *search, const json_t *card, const json_t *facts)
{
    const char *until = pia_json_text(facts, "until");
    (void)snprintf(search->said, sizeof search->said, "%.90s: from %s%s%s",
                   pia_json_text(card, "title"), pia_json_text(facts, "from"),
                   until ? " to " : " on", until ? until : "");
}

static void look(search_t *search, pia_stmt_t *stmt)
{
    const authority_asked_t *asked = search->asked;
    json_t *card = json_loads(pia_stmt_column_text(stmt, 2), 0, NULL);
    json_t *facts = json_loads(pia_stmt_column_text(stmt, 3), 0, NULL);
    const char *capacity = pia_json_text(card, "capacity"), *person = pia_stmt_column_text(stmt, 1);
    char day[DAY_TEXT_SIZE];
    day_format(asked->day, day);
    if (capacity && (!asked->capacity || strcmp(capacity, asked->capacity) == 0)) {
        search->recorded = true;
        bool own = person && strcmp(person, asked->person) == 0;
        if (own && covers(facts, day))
            (void)snprintf(search->id, PIA_UUID_TEXT_SIZE, "%s", pia_stmt_column_text(stmt, 0));
        else if (own)
            say(search, card, facts);
    }
    json_decref(card);
    json_decref(facts);
}

pia_status_t authority_find(pia_db_t *db,
                            const authority_asked_t *asked,
                            char ret_id[PIA_UUID_TEXT_SIZE],
                            pia_problem_t *problem)
{
    search_t search = {.asked = asked, .id = ret_id};
    char day[DAY_TEXT_SIZE], at[PIA_POINTER_MAX];
    const char *capacity = asked->capacity ? asked->capacity : "any";
    ret_id[0] = '\0';
    day_format(asked->day, day);
    (void)snprintf(at, sizeof at, "/data%s%s", asked->datum ? "/" : "",
                   asked->datum ? asked->datum : "");
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ALL);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        look(&search, stmt);
    if (status != PIA_NOT_FOUND)
        return status;
    if (ret_id[0] != '\0' || !search.recorded)
        return PIA_OK;
    if (search.said[0] == '\0')
        return pia_problem_set(problem, PIA_FORBIDDEN, at,
                               "you hold no authority in the capacity %s", capacity);
    return pia_problem_set(problem, PIA_FORBIDDEN, at,
                           "your authority in the capacity %s does not cover %s (%s)", capacity,
                           day, search.said);
}

/* Whether the transition asks for an authority in this capacity. */
static bool asks_for(const transition_t *transition, const char *capacity)
{
    for (size_t i = 0; i < transition->guard_count; i++) {
        const guard_t *guard = &transition->guards[i];
        const char *name =
            pia_json_text(guard->parameters, "data"); /* NULL: any capacity will do */
        if (guard->kind->test != authority_held || !name)
            continue;
        const datum_t *datum = transition_datum(transition, name);
        if (datum && names_have(datum->values, capacity))
            return true;
    }
    return false;
}

pia_status_t authority_check_capacity(const matter_t *authority, pia_problem_t *problem)
{
    const char *capacity = pia_json_text(authority->card, "capacity");
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        const machine_t *machine = &authority->definition->machines[i];
        for (size_t j = 0; j < machine->transition_count; j++)
            if (asks_for(&machine->transitions[j], capacity))
                return PIA_OK;
    }
    return pia_problem_set(problem, PIA_INVALID, "/capacity",
                           "nothing in this procedure is signed in the capacity %s", capacity);
}

pia_status_t authority_held(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    char id[PIA_UUID_TEXT_SIZE];
    const authority_asked_t asked = {
        .capacity = pia_json_text(act->data, pia_json_text(parameters, "data")),
        .datum = pia_json_text(parameters, "data"),
        .person = act->principal->person,
        .day = day_of(act->effective_ms),
    };
    if (!act->data)
        return PIA_OK;
    return authority_find(act->db, &asked, id, problem);
}

pia_status_t view_authority(pia_db_t *db,
                            const matter_t *authority,
                            const pia_principal_t *principal,
                            uint32_t roles,
                            json_t **ret_json)
{
    (void)db;
    (void)principal;
    char today[DAY_TEXT_SIZE];
    json_t *json = view_matter(authority, roles);
    day_format(day_of(pia_clock_now()), today);
    json_object_del(json, "facts");
    json_object_set(json, "function", json_object_get(authority->card, "title"));
    json_object_set(json, "capacity", json_object_get(authority->card, "capacity"));
    json_object_set(json, "act", json_object_get(authority->card, "act"));
    json_object_set(json, "from", json_object_get(authority->facts, "from"));
    if (json_object_get(authority->facts, "until"))
        json_object_set(json, "until", json_object_get(authority->facts, "until"));
    json_object_set_new(json, "valid", json_boolean(covers(authority->facts, today)));
    *ret_json = json;
    return PIA_OK;
}
