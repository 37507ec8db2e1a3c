/* authority.c - authorities to sign. */
#include "authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "committee.h"
#include "day.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/json.h"

enum { ALL, ONE };

static const char *const sql[] = {
    [ALL] = "SELECT id, person, card, facts FROM matter WHERE kind = 'authority' ORDER BY id",
    [ONE] = "SELECT card, facts FROM matter WHERE kind = 'authority' AND id = $1",
};

enum { SAID_SIZE = 200 };

const need_t authority_holder_needs[] = {{"nom", DATUM_TEXT, false}, {NULL, DATUM_TEXT, false}};

/* What is asked: whether this person may sign on this day. */
typedef struct {
    const char *capacity; /* NULL: in any */
    const char *person;
    int64_t day;
} asked_t;

/* What the authorities say so far. */
typedef struct {
    asked_t asked;
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
    const asked_t *asked = &search->asked;
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

static pia_status_t search_all(pia_db_t *db, search_t *search)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ALL]);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        look(search, stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Why the person may not sign, and what is to be done. */
static pia_status_t refuse(const search_t *search, const char *at, pia_problem_t *problem)
{
    const char *capacity = search->asked.capacity ? search->asked.capacity : "any";
    char day[DAY_TEXT_SIZE];
    day_format(search->asked.day, day);
    if (search->said[0] != '\0')
        return pia_problem_set(problem, PIA_FORBIDDEN, at,
                               "your authority in the capacity %s does not cover %s (%s)", capacity,
                               day, search->said);
    if (search->recorded)
        return pia_problem_set(problem, PIA_FORBIDDEN, at,
                               search->asked.capacity
                                   ? "you hold no authority in the capacity %s"
                                   : "you hold no authority to sign in %s capacity",
                               capacity);
    return pia_problem_set(problem, PIA_FORBIDDEN, at,
                           "no authority to sign in the capacity %s is on record: record yours "
                           "first (labellisation.authority.create)",
                           capacity);
}

pia_status_t authority_card(pia_db_t *db, const char *id, json_t **ret_json)
{
    char *name = NULL;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ONE]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    json_t *card = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    json_t *facts = json_loads(pia_stmt_column_text(stmt, 1), 0, NULL);
    pia_stmt_reset(stmt);
    status = committee_name(db, pia_json_text(facts, "nom"), &name);
    if (status == PIA_OK)
        *ret_json =
            json_pack("{s:O*, s:O*, s:O*, s:s*}", "capacity", json_object_get(card, "capacity"),
                      "function", json_object_get(card, "title"), "act",
                      json_object_get(card, "act"), "name", name[0] != '\0' ? name : NULL);
    json_decref(card);
    json_decref(facts);
    free(name);
    return status;
}

static pia_status_t check_name(pia_db_t *db, const char *id, const char *at, pia_problem_t *problem)
{
    json_t *card = NULL;
    pia_status_t status = authority_card(db, id, &card);
    if (status == PIA_OK && !pia_json_text(card, "name"))
        status = pia_problem_set(problem, PIA_FORBIDDEN, at,
                                 "the name of who holds this authority was erased: record it anew");
    json_decref(card);
    return status;
}

pia_status_t authority_find(const act_t *act,
                            const char *capacity,
                            const char *datum,
                            char ret_id[PIA_UUID_TEXT_SIZE],
                            pia_problem_t *problem)
{
    search_t search = {.asked = {.capacity = capacity,
                                 .person = act->principal->person,
                                 .day = day_of(act->effective_ms)},
                       .id = ret_id};
    const bool required = act->matter->definition->authority_required;
    char at[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/data%s%s", datum ? "/" : "", datum ? datum : "");
    ret_id[0] = '\0';
    pia_status_t status = search_all(act->db, &search);
    if (status == PIA_OK && ret_id[0] != '\0' && required)
        return check_name(act->db, ret_id, datum ? at : "/transition", problem);
    if (status != PIA_OK || ret_id[0] != '\0' || (!search.recorded && !required))
        return status;
    return refuse(&search, datum ? at : "/transition", problem);
}

pia_status_t authority_name_holder(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    const json_t *name = json_object_get(act->record, "nom");
    json_object_set(act->matter->facts, "nom", json_object_get(name, "blake2b"));
    return PIA_OK;
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

/* While there are no data: in any capacity. */
pia_status_t authority_held(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    char id[PIA_UUID_TEXT_SIZE];
    const char *datum = pia_json_text(parameters, "data");
    const char *capacity = datum ? pia_json_text(act->data, datum) : NULL;
    return authority_find(act, capacity, capacity ? datum : NULL, id, problem);
}

bool authority_is_asked(const transition_t *transition)
{
    for (size_t i = 0; i < transition->guard_count; i++)
        if (transition->guards[i].kind->test == authority_held)
            return true;
    return false;
}

pia_status_t view_authority(pia_db_t *db,
                            const matter_t *authority,
                            const pia_principal_t *principal,
                            uint32_t roles,
                            json_t **ret_json)
{
    (void)principal;
    char today[DAY_TEXT_SIZE];
    json_t *card = NULL;
    pia_status_t status = authority_card(db, authority->id, &card);
    if (status != PIA_OK)
        return status;
    json_t *json = view_matter(authority, roles);
    day_format(day_of(pia_clock_now()), today);
    json_object_del(json, "facts");
    json_object_update(json, card);
    json_decref(card);
    json_object_set(json, "from", json_object_get(authority->facts, "from"));
    if (json_object_get(authority->facts, "until"))
        json_object_set(json, "until", json_object_get(authority->facts, "until"));
    json_object_set_new(json, "valid", json_boolean(covers(authority->facts, today)));
    *ret_json = json;
    return PIA_OK;
}
