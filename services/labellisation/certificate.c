/* certificate.c - a label as its certificate says it. */
#include "certificate.h"

#include <string.h>

#include "day.h"
#include "people.h"
#include "pia/clock.h"
#include "signature.h"
#include "words.h"

static const char SQL_STATES[] = "SELECT to_state, effective_at FROM history WHERE matter = $1 "
                                 "ORDER BY number DESC LIMIT 1000";

/* What a standing of the definition is called outside; NULL: unknown. */
static const char *standing_name(const char *standing)
{
    static const char *const names[][2] = {
        {"in_force", "valid"}, {"suspended", "suspended"}, {"ended", "ended"}};
    for (size_t i = 0; standing && i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i][0], standing) == 0)
            return names[i][1];
    return NULL;
}

/* Adds the standing and since when. A state that says none leaves it as it was. */
static pia_status_t add_standing(pia_db_t *db, const matter_t *label, json_t *json)
{
    const char *standing = NULL;
    int64_t since_ms = label->created_ms;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STATES);
    pia_stmt_text(stmt, 1, label->id);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        int state = machine_state(label->machine, pia_stmt_column_text(stmt, 0));
        const char *other =
            state == STATE_NONE ? NULL : standing_name(label->machine->states[state].standing);
        if (standing && other && strcmp(standing, other) != 0)
            break;
        if (other) {
            standing = other;
            since_ms = pia_stmt_column_integer(stmt, 1);
        }
    }
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    char since[DAY_TEXT_SIZE];
    day_format(day_of(since_ms), since);
    json_object_set_new(json, "standing", json_string(standing ? standing : "ended"));
    json_object_set_new(json, "since", json_string(since));
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
        json_array_append_new(signatures,
                              json_pack("{s:s, s:s, s:s}", "capacity", capacity, "label",
                                        words_of(label->definition, "capacities", capacity),
                                        "signed_on", day));
    }
    json_object_set_new(json, "signatures", signatures);
    json_decref(list);
    return status;
}

/* The last day of validity: the day before the first without. */
static void add_last_day(const matter_t *label, json_t *json)
{
    const char *until = json_string_value(json_object_get(label->facts, "until"));
    char text[DAY_TEXT_SIZE];
    int64_t day;
    if (!until || !pia_date_parse(until, &day))
        return;
    day_format(day - 1, text);
    json_object_set_new(json, "last_day", json_string(text));
}

static pia_status_t add_holder(pia_db_t *db, const matter_t *label, json_t *json)
{
    char name[PEOPLE_NAME_SIZE];
    pia_status_t status = people_structure_name(db, label->structure, name);
    if (status == PIA_OK && name[0] != '\0')
        json_object_set_new(json, "holder", json_string(name));
    return status;
}

pia_status_t certificate_read(pia_db_t *db, const matter_t *label, json_t **ret_certificate)
{
    const json_t *number = json_object_get(label->facts, "number");
    if (!number)
        return PIA_NOT_FOUND;
    json_t *json = json_pack(
        "{s:O, s:s, s:s, s:s, s:O*, s:O*, s:O*, s:b}", "number", number, "label", label->id,
        "title", label->definition->title, "state_label",
        label->machine->states[label->state].label, "pole", json_object_get(label->card, "pole"),
        "from", json_object_get(label->facts, "from"), "until",
        json_object_get(label->facts, "until"), "demonstration", label->demonstration);
    add_words(label, "themes", json);
    add_words(label, "sectors", json);
    add_last_day(label, json);
    pia_status_t status = add_standing(db, label, json);
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
