/* certificate.c - a label as its certificate says it. */
#include "certificate.h"

#include <stdio.h>
#include <string.h>

#include "day.h"
#include "label_life.h"
#include "label_number.h"
#include "people.h"
#include "pia/clock.h"
#include "remedy.h"
#include "signature.h"
#include "words.h"

static const char SQL_STATES[] = "SELECT to_state, effective_at, transition, number FROM history "
                                 "WHERE matter = $1 ORDER BY number";

/* What a standing of the definition is called outside. */
static const char *standing_name(const char *standing)
{
    if (strcmp(standing, "coming") == 0)
        return "not_yet";
    return strcmp(standing, "in_force") == 0 ? "valid" : standing;
}

/* What a label was at the end of a day; a state that says nothing leaves it as it was. */
typedef struct {
    const state_t *state; /* NULL: it was not there */
    int64_t since_ms;
} past_t;

/* How the past is read: as it was shown, or as it is held now, without what remedies have undone.
 */
typedef struct {
    const matter_t *label;
    int64_t before_ms;
    const json_t *undone; /* numbers of entries; NULL: as it was shown */
    const char *over;     /* the standing of an undone entry, while nothing has replaced it */
} reading_t;

/* The present row, from the oldest to the newest. A procedure that is closed again returns to a
 * state without deciding anything: what was undone stays so. */
static void read_row(pia_stmt_t *stmt, reading_t *reading, past_t *past)
{
    const machine_t *machine = reading->label->machine;
    int index = machine_state(machine, pia_stmt_column_text(stmt, 0));
    const state_t *state = index == STATE_NONE ? NULL : &machine->states[index];
    if (!state || !state->standing || pia_stmt_column_integer(stmt, 1) >= reading->before_ms)
        return;
    bool again = reading->over && strcmp(reading->over, state->standing) == 0 &&
                 !remedy_decides(machine, pia_stmt_column_text(stmt, 2));
    bool undone = remedy_has_undone(reading->undone, pia_stmt_column_integer(stmt, 3));
    if (undone || !again)
        reading->over = undone ? state->standing : NULL;
    if (undone || again || (past->state && strcmp(past->state->standing, state->standing) == 0))
        return;
    past->state = state;
    past->since_ms = pia_stmt_column_integer(stmt, 1);
}

static pia_status_t find_past(pia_db_t *db, reading_t reading, past_t *ret_past)
{
    *ret_past = (past_t){.since_ms = reading.label->created_ms};
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STATES);
    pia_stmt_text(stmt, 1, reading.label->id);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        read_row(stmt, &reading, ret_past);
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static void set_day(json_t *json, const char *name, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(json, name, json_string(text));
}

/* In force beyond its end. */
static bool is_held(const matter_t *label, int64_t day, const char *standing)
{
    int64_t until;
    bool in_force = strcmp(standing, "valid") == 0 || strcmp(standing, "suspended") == 0;
    return in_force && label_day(label, "until", &until) && day >= until;
}

/* What a certificate calls what it was on a day. */
static const char *name_past(const matter_t *label, int64_t day, const past_t *past)
{
    int64_t from;
    bool begun = past->state && label_day(label, "from", &from) && day >= from;
    return begun ? standing_name(past->state->standing) : "not_yet";
}

/* The standing on a day, since when, and what was shown then. A label that was withdrawn never was:
 * so it is held of every day, whatever was shown. */
static pia_status_t add_standing(pia_db_t *db, const matter_t *label, int64_t day, json_t *json)
{
    past_t past, last, then;
    json_t *undone = NULL;
    const int64_t end = day_start(day + 1);
    pia_status_t status = remedy_undone(db, label->id, &undone);
    if (status == PIA_OK)
        status = find_past(db, (reading_t){label, end, undone, NULL}, &past);
    if (status == PIA_OK)
        status = find_past(db, (reading_t){label, end, NULL, NULL}, &then);
    if (status == PIA_OK)
        status = find_past(db, (reading_t){label, INT64_MAX, undone, NULL}, &last);
    json_decref(undone);
    if (status != PIA_OK)
        return status;
    bool never = last.state && strcmp(last.state->standing, "withdrawn") == 0;
    const past_t *held = never || !past.state ? &last : &past;
    const char *standing = never ? last.state->standing : name_past(label, day, &past);
    const char *shown = name_past(label, day, &then);
    json_object_set_new(json, "standing", json_string(standing));
    set_day(json, "since", day_of(held->since_ms));
    if (held->state)
        json_object_set_new(json, "state_label", json_string(held->state->label));
    if (strcmp(shown, standing) != 0)
        json_object_set_new(json, "shown_then", json_string(shown));
    if (is_held(label, day, standing))
        json_object_set_new(json, "held", json_true());
    return PIA_OK;
}

static void add_words(const matter_t *label, const char *list, json_t *json)
{
    const json_t *codes = json_object_get(label->card, list);
    json_t *words = json_array();
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        json_array_append_new(words, json_pack("{s:s, s:s}", "code", code, "label",
                                               words_of(label->definition, list, code)));
    }
    json_object_set_new(json, list, words);
}

/* Who signed the award, in words, on which day. */
static pia_status_t add_signatures(pia_db_t *db, const matter_t *label, json_t *json)
{
    json_t *list = NULL, *signatures = json_array();
    pia_status_t status = signature_list(db, label->parent, &list);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *capacity = json_string_value(json_object_get(item, "capacity"));
        char day[DAY_TEXT_SIZE];
        int64_t at_ms = 0;
        (void)pia_time_parse(json_string_value(json_object_get(item, "signed_at")), &at_ms);
        day_format(day_of(at_ms), day);
        json_array_append_new(
            signatures, json_pack("{s:s, s:s, s:s, s:O*, s:O*}", "capacity", capacity, "label",
                                  words_of(label->definition, "capacities", capacity), "signed_on",
                                  day, "function", json_object_get(item, "function"), "name",
                                  json_object_get(item, "name")));
    }
    json_object_set_new(json, "signatures", signatures);
    json_decref(list);
    return status;
}

/* The last day of validity: the day before the first without, if there was one. */
static void add_last_day(const matter_t *label, json_t *json)
{
    int64_t from, until;
    if (label_day(label, "from", &from) && label_day(label, "until", &until) && until > from)
        set_day(json, "last_day", until - 1);
}

/* The number of the label that it continues. */
static pia_status_t add_renewed(pia_db_t *db, const matter_t *label, json_t *json)
{
    char number[LABEL_NUMBER_SIZE];
    const char *renews = json_string_value(json_object_get(label->facts, "renews"));
    pia_status_t status = renews ? label_number_of(db, renews, number) : PIA_NOT_FOUND;
    if (status == PIA_OK)
        json_object_set_new(json, "renews", json_string(number));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t add_holder(pia_db_t *db, const matter_t *label, json_t *json)
{
    char name[PEOPLE_NAME_SIZE];
    pia_status_t status = people_structure_name(db, label->structure, name);
    if (status == PIA_OK && name[0] != '\0')
        json_object_set_new(json, "holder", json_string(name));
    return status;
}

pia_status_t
certificate_read(pia_db_t *db, const matter_t *label, int64_t day, json_t **ret_certificate)
{
    const json_t *number = json_object_get(label->facts, "number");
    if (!number)
        return PIA_NOT_FOUND;
    json_t *json = json_pack(
        "{s:O, s:s, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:b}", "number", number, "label", label->id,
        "label_name", words_of(label->definition, "documents", "label"), "title",
        label->definition->title, "state_label", label->machine->states[label->state].label, "pole",
        json_object_get(label->card, "pole"), "from", json_object_get(label->facts, "from"),
        "until", json_object_get(label->facts, "until"), "demonstration", label->demonstration);
    add_words(label, "themes", json);
    add_words(label, "sectors", json);
    add_last_day(label, json);
    set_day(json, "on", day);
    pia_status_t status = add_standing(db, label, day, json);
    if (status == PIA_OK)
        status = add_renewed(db, label, json);
    if (status == PIA_OK)
        status = add_holder(db, label, json);
    if (status == PIA_OK)
        status = add_signatures(db, label, json);
    if (status == PIA_OK)
        *ret_certificate = json;
    else
        json_decref(json);
    return status;
}
