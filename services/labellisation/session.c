/* session.c - a meeting's facts and its agenda. */
#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pia/json.h"
#include "session_agenda.h"

enum { QUESTION_MAX = 400, BREACHES_MAX = 64, BREACH_SIZE = 400 };

const need_t session_dossiers_needs[] = {{"dossiers", DATUM_DOSSIERS, false},
                                         {NULL, DATUM_TEXT, false}};
const need_t session_question_needs[] = {{"objet", DATUM_TEXT, false}, {NULL, DATUM_TEXT, false}};
const need_t session_item_needs[] = {{"point", DATUM_INTEGER, false}, {NULL, DATUM_TEXT, false}};

json_t *session_list(matter_t *session, const char *fact)
{
    json_t *list = json_object_get(session->facts, fact);
    if (!list) {
        list = json_array();
        json_object_set_new(session->facts, fact, list);
    }
    return list;
}

json_t *session_sitting(const matter_t *session)
{
    const json_t *sittings = json_object_get(session->facts, "sittings");
    size_t count = json_array_size(sittings);
    return count > 0 ? json_array_get(sittings, count - 1) : NULL;
}

bool session_add_convened(const matter_t *session, json_t *persons)
{
    const json_t *seats = json_object_get(session_sitting(session), "seats");
    for (size_t i = 0; i < json_array_size(seats); i++) {
        const json_t *seat = json_array_get(seats, i);
        const json_t *substitutes = json_object_get(seat, "substitutes");
        json_array_append(persons, json_object_get(seat, "person"));
        for (size_t j = 0; j < json_array_size(substitutes); j++)
            json_array_append(persons, json_object_get(json_array_get(substitutes, j), "person"));
    }
    return seats != NULL;
}

json_t *session_item_of(const act_t *act, int64_t number, const char *at, pia_problem_t *problem)
{
    const json_t *items = json_object_get(act->matter->facts, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);
        if (json_integer_value(json_object_get(item, "number")) == number)
            return item;
    }
    (void)pia_problem_set(problem, PIA_INVALID, at,
                          "there is no item of this number on the agenda");
    return NULL;
}

json_t *session_item(const act_t *act, pia_problem_t *problem)
{
    return session_item_of(act, json_integer_value(json_object_get(act->data, "point")),
                           "/data/point", problem);
}

bool session_item_is(const json_t *item, const char *status)
{
    return strcmp(pia_json_text(item, "status"), status) == 0;
}

seat_item_t session_seat_item(const json_t *item)
{
    return (seat_item_t){
        .themes = json_object_get(item, "themes"),
        .interests = json_object_get(item, "interests"),
    };
}

void session_note_breach(act_t *act, const char *article, int64_t item, const char *format, ...)
{
    char text[BREACH_SIZE];
    json_t *breaches = session_list(act->matter, "breaches");
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (json_array_size(breaches) >= BREACHES_MAX)
        return;
    json_t *breach = json_pack("{s:s, s:s}", "article", article, "text", text);
    if (item > 0)
        json_object_set_new(breach, "item", json_integer(item));
    json_array_append_new(breaches, breach);
}

pia_status_t session_committee(const act_t *act, matter_t *ret_committee, pia_problem_t *problem)
{
    return matter_load(act->db, act->library, MACHINE_COMMITTEE, act->matter->parent, ret_committee,
                       problem);
}

static const char *opinion_of(const transition_t *transition)
{
    for (size_t i = 0; i < transition->effect_count; i++)
        if (transition->effects[i].kind->run == session_deliver_opinions)
            return pia_json_text(transition->effects[i].parameters, "transition");
    return NULL;
}

const char *session_opinion_transition(const definition_t *definition)
{
    const machine_t *machine = &definition->machines[MACHINE_SESSION];
    for (size_t i = 0; i < machine->transition_count; i++) {
        const char *name = opinion_of(&machine->transitions[i]);
        if (name)
            return name;
    }
    return NULL;
}

/* Whether a committee may give an opinion on the dossier in its state. */
static bool waits(const matter_t *dossier)
{
    const char *name = session_opinion_transition(dossier->definition);
    const transition_t *transition = name ? machine_transition(dossier->machine, name) : NULL;
    return transition && transition_starts_in(transition, dossier->state);
}

pia_status_t
session_item_waits(const act_t *act, const json_t *item, bool *ret_waits, pia_problem_t *problem)
{
    matter_t dossier;
    const char *id = pia_json_text(item, "dossier");
    *ret_waits = true;
    if (!id)
        return PIA_OK;
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_DOSSIER, id, &dossier, problem);
    if (status == PIA_OK)
        status = matter_catch_up_to(act, &dossier, problem);
    else
        return status;
    *ret_waits = waits(&dossier);
    matter_clear(&dossier);
    return status;
}

/* Takes `item`, whose number and lists are filled here; `at`: where it stands in the data. */
static pia_status_t
append_item(const act_t *act, json_t *item, const char *at, pia_problem_t *problem)
{
    json_t *items = session_list(act->matter, "items");
    int64_t number = 1;
    for (size_t i = 0; i < json_array_size(items); i++) {
        int64_t other = json_integer_value(json_object_get(json_array_get(items, i), "number"));
        number = other >= number ? other + 1 : number;
    }
    if (json_array_size(items) >= AGENDA_ITEMS_MAX) {
        json_decref(item);
        return pia_problem_set(problem, PIA_CONFLICT, at, "an agenda has at most %d items",
                               AGENDA_ITEMS_MAX);
    }
    json_object_set_new(item, "number", json_integer(number));
    json_object_set_new(item, "status", json_string("pending"));
    json_object_set_new(item, "interests", json_array());
    json_object_set_new(item, "ballots", json_array());
    json_object_set_new(item, "dissents", json_array());
    json_array_append_new(items, item);
    return PIA_OK;
}

static pia_status_t check_waits(const matter_t *dossier, const char *at, pia_problem_t *problem)
{
    if (waits(dossier))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, at,
                           "this dossier waits for no opinion: it is in the state %s",
                           dossier->machine->states[dossier->state].name);
}

static pia_status_t
add_dossier(const act_t *act, const char *id, const char *at, pia_problem_t *problem)
{
    matter_t dossier;
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_DOSSIER, id, &dossier, problem);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, at, "there is no such dossier");
    if (status != PIA_OK)
        return status;
    status = matter_catch_up_to(act, &dossier, problem);
    if (status == PIA_OK)
        status = check_waits(&dossier, at, problem);
    if (status == PIA_OK)
        status = session_claim(act, id, at, problem);
    if (status == PIA_OK) {
        json_t *item = json_pack(
            "{s:s, s:O, s:s, s:O*}", "dossier", id, "title", json_object_get(dossier.card, "title"),
            "structure", dossier.structure, "themes", json_object_get(dossier.card, "themes"));
        status = append_item(act, item, at, problem);
    }
    matter_clear(&dossier);
    return status;
}

pia_status_t session_add_dossiers(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const json_t *ids = json_object_get(act->data, "dossiers");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/dossiers/%zu", i);
        status = add_dossier(act, json_string_value(json_array_get(ids, i)), at, problem);
    }
    return status;
}

pia_status_t session_add_question(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const char *text = pia_json_text(act->data, "objet");
    if (strlen(text) > QUESTION_MAX)
        return pia_problem_set(problem, PIA_INVALID, "/data/objet", "has at most %d bytes",
                               QUESTION_MAX);
    return append_item(act, json_pack("{s:s}", "title", text), "/data/objet", problem);
}

pia_status_t session_remove_item(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *items = session_list(act->matter, "items");
    const json_t *item = session_item(act, problem);
    if (!item)
        return PIA_INVALID;
    const char *dossier = pia_json_text(item, "dossier");
    pia_status_t status = dossier ? session_release(act, dossier) : PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++)
        if (json_array_get(items, i) == item) {
            json_array_remove(items, i);
            break;
        }
    return status;
}

/* The bit of a member or suppléant: its place among the seats. */
static uint64_t bit_of(const seats_t *seats, int64_t member)
{
    int64_t titular = seats_substituted(seats, member);
    for (size_t i = 0; i < seats->count; i++)
        if (seats->seats[i].member == member || seats->seats[i].member == titular)
            return (uint64_t)1 << i;
    return 0;
}

/* Who leaves for an item: who has an interest that was not dismissed. */
static uint64_t away_for(const seats_t *seats, const json_t *item)
{
    const json_t *interests = json_object_get(item, "interests");
    uint64_t away = 0;
    for (size_t i = 0; i < json_array_size(interests); i++) {
        const json_t *interest = json_array_get(interests, i);
        const char *ruling = pia_json_text(interest, "ruling");
        if (!ruling || strcmp(ruling, "dismissed") != 0)
            away |= bit_of(seats, json_integer_value(json_object_get(interest, "member")));
    }
    return away;
}

/* The items that are left (`pending`), or the others; borrowed. */
static size_t pick_items(const matter_t *session, bool pending, json_t *ret_items[AGENDA_ITEMS_MAX])
{
    const json_t *items = json_object_get(session->facts, "items");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(items) && count < AGENDA_ITEMS_MAX; i++)
        if (session_item_is(json_array_get(items, i), "pending") == pending)
            ret_items[count++] = json_array_get(items, i);
    return count;
}

void session_order(matter_t *session, const json_t *seats, bool renumber)
{
    json_t *left[AGENDA_ITEMS_MAX], *others[AGENDA_ITEMS_MAX], *ordered = json_array();
    uint64_t away[AGENDA_ITEMS_MAX];
    size_t order[AGENDA_ITEMS_MAX];
    seats_t read;
    size_t count = pick_items(session, true, left),
           other_count = pick_items(session, false, others);
    seats_read(seats, &read);
    for (size_t i = 0; i < count; i++)
        away[i] = away_for(&read, left[i]);
    (void)agenda_order(away, count, order);
    for (size_t i = 0; i < other_count; i++)
        json_array_append(ordered, others[i]);
    for (size_t i = 0; i < count; i++)
        json_array_append(ordered, left[order[i]]);
    for (size_t i = 0; renumber && i < json_array_size(ordered); i++)
        json_object_set_new(json_array_get(ordered, i), "number", json_integer((json_int_t)i + 1));
    json_object_set_new(session->facts, "items", ordered);
}

size_t session_leaves(const matter_t *session)
{
    uint64_t away[AGENDA_ITEMS_MAX];
    size_t order[AGENDA_ITEMS_MAX], count = 0;
    const json_t *sitting = session_sitting(session);
    const json_t *items = json_object_get(session->facts, "items");
    seats_t seats;
    seats_read(json_object_get(sitting, "seats"), &seats);
    for (; count < json_array_size(items) && count < AGENDA_ITEMS_MAX; count++) {
        away[count] = away_for(&seats, json_array_get(items, count));
        order[count] = count;
    }
    return agenda_leaves(away, order, count);
}
