/* announce.c - events about matters. */
#include "announce.h"

#include <stdio.h>
#include <string.h>

#include "committee.h"
#include "pia/clock.h"
#include "pia/event.h"
#include "pia/outbox.h"
#include "pia/territory.h"
#include "review.h"
#include "session.h"

enum {
    RESTRICTED_MAX = 4096, /* 32 persons and all roles need less than 2000 */
    TYPE_SIZE = 32,
};

static void set_time(json_t *object, const char *name, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(object, name, json_string(text));
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text)
        json_object_set_new(object, name, json_string(text));
}

static void append_owner(json_t *ids, const char *id)
{
    if (id[0] != '\0')
        json_array_append_new(ids, json_string(id));
}

static pia_status_t append_reviewers(const act_t *act, json_t *persons)
{
    json_t *reviewers = NULL;
    pia_status_t status = review_persons(act->db, act->matter->id, &reviewers);
    json_array_extend(persons, reviewers);
    json_decref(reviewers);
    return status;
}

/* Whom a meeting convenes; before that, who is in office in its committee on its day. */
static pia_status_t append_members(const act_t *act, json_t *persons)
{
    const char *day = json_string_value(json_object_get(act->matter->facts, "day"));
    matter_t committee;
    if (act->matter->kind != MACHINE_SESSION || !day || session_add_convened(act->matter, persons))
        return PIA_OK;
    pia_status_t status = matter_load(act->db, act->library, MACHINE_COMMITTEE, act->matter->parent,
                                      &committee, NULL);
    if (status != PIA_OK)
        return status;
    committee_add_persons(&committee, day, persons);
    matter_clear(&committee);
    return PIA_OK;
}

/* The roles, structures and persons that the transition's `notify` names. */
static pia_status_t recipients_of(const act_t *act, json_t **ret_recipients)
{
    json_t *roles = json_array(), *structures = json_array(), *persons = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(act->transition->notify); i++) {
        const char *name = json_string_value(json_array_get(act->transition->notify, i));
        if (strcmp(name, "structure") == 0)
            append_owner(structures, act->matter->structure);
        else if (strcmp(name, "person") == 0)
            append_owner(persons, act->matter->person);
        else if (strcmp(name, "reviewers") == 0)
            status = append_reviewers(act, persons);
        else if (strcmp(name, "members") == 0)
            status = append_members(act, persons);
        else
            json_array_append_new(roles, json_string(name));
    }
    *ret_recipients =
        json_pack("{s:o, s:o, s:o}", "roles", roles, "structures", structures, "persons", persons);
    return status;
}

static void add_names(char *text, const json_t *recipients, const char *member, const char *prefix)
{
    const json_t *names = json_object_get(recipients, member);
    for (size_t i = 0; i < json_array_size(names); i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, RESTRICTED_MAX - used, "%s%s:%s", used ? "," : "", prefix,
                       json_string_value(json_array_get(names, i)));
    }
}

static pia_status_t add_restricted(const act_t *act, const char *type, json_t *data)
{
    char restricted[RESTRICTED_MAX] = "";
    char aggregate[PIA_UUID_TEXT_SIZE + 16];
    const json_t *recipients = json_object_get(data, "recipients");
    add_names(restricted, recipients, "roles", "role");
    add_names(restricted, recipients, "structures", "structure");
    add_names(restricted, recipients, "persons", "person");
    if (restricted[0] == '\0')
        (void)snprintf(restricted, sizeof restricted, "role:service");
    (void)snprintf(aggregate, sizeof aggregate, "/%s/%s", kinds[act->matter->kind].path,
                   act->matter->id);
    json_t *event = pia_event_new("labellisation", type, aggregate, "restricted", restricted, data);
    return pia_outbox_add(act->db, aggregate, event);
}

/* What all restricted events say; takes `recipients`. */
static json_t *base_data(const act_t *act, json_t *recipients)
{
    const matter_t *matter = act->matter;
    const state_t *to = &matter->machine->states[matter->state];
    json_t *data = json_object();
    set_text(data, kinds[matter->kind].name, matter->id);
    if (matter->parent[0] != '\0')
        set_text(data, kinds[matter->parent_kind].name, matter->parent);
    if (matter->structure[0] != '\0')
        set_text(data, "structure", matter->structure);
    if (matter->person[0] != '\0')
        set_text(data, "person", matter->person);
    json_object_set(data, "pole", json_object_get(matter->card, "pole"));
    set_text(data, "transition", act->transition->name);
    set_text(data, "transition_label", act->transition->label);
    set_text(data, "to", to->name);
    set_text(data, "to_label", to->label);
    json_object_set_new(data, "number", json_integer(matter->version));
    json_object_set_new(data, "version", json_integer(matter->version));
    set_time(data, "effective_at", act->effective_ms);
    set_time(data, "recorded_at", act->recorded_ms);
    json_object_set_new(data, "demonstration", json_boolean(matter->demonstration));
    json_object_set(data, "notice", (json_t *)act->transition->notice);
    json_object_set_new(data, "recipients", recipients);
    return data;
}

/* When and where a meeting is, and whether a quorum is required. */
static void add_meeting(const matter_t *session, json_t *data)
{
    const json_t *sittings = json_object_get(session->facts, "sittings");
    const json_t *place = json_object_get(session->facts, "place");
    if (!place)
        place = json_object_get(session->card, "place");
    if (place)
        json_object_set(data, "place", (json_t *)place);
    json_object_set(data, "day", json_object_get(session->facts, "day"));
    json_object_set_new(data, "second", json_boolean(json_array_size(sittings) > 1));
}

/* And what is told of all but labels. */
static json_t *full_data(const act_t *act, json_t *recipients)
{
    const definition_t *definition = act->matter->definition;
    json_t *data = base_data(act, recipients);
    json_object_set(data, "title", json_object_get(act->matter->card, "title"));
    if (act->matter->kind == MACHINE_SESSION)
        add_meeting(act->matter, data);
    json_object_set_new(data, "process",
                        json_pack("{s:s, s:I}", "name", definition->name, "version",
                                  (json_int_t)definition->version));
    return data;
}

pia_status_t
announce_message(pia_db_t *db, const matter_t *dossier, bool from_office, int64_t written_ms)
{
    const act_t act = {.db = db, .matter = (matter_t *)dossier};
    json_t *recipients =
        from_office
            ? json_pack("{s:[], s:[s], s:[]}", "roles", "structures", dossier->structure, "persons")
            : json_pack("{s:[s], s:[], s:[]}", "roles", "secretariat", "structures", "persons");
    json_t *data = json_pack("{s:s, s:s, s:I, s:b, s:o}", "dossier", dossier->id, "structure",
                             dossier->structure, "version", (json_int_t)dossier->version,
                             "demonstration", dossier->demonstration, "recipients", recipients);
    json_object_set(data, "title", json_object_get(dossier->card, "title"));
    json_object_set(data, "pole", json_object_get(dossier->card, "pole"));
    set_time(data, "recorded_at", written_ms);
    return add_restricted(&act, "dossier.message", data);
}

/* A comma-separated list, as extension attributes have it. */
static void set_list(json_t *event, const char *name, const json_t *codes)
{
    char text[RESTRICTED_MAX] = "";
    for (size_t i = 0; i < json_array_size(codes); i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof text - used, "%s%s", used ? "," : "",
                       json_string_value(json_array_get(codes, i)));
    }
    if (text[0] != '\0')
        json_object_set_new(event, name, json_string(text));
}

static void add_attributes(json_t *event, const matter_t *label)
{
    const json_t *pole = json_object_get(label->card, "pole");
    const char *departement = json_string_value(json_object_get(pole, "departement"));
    set_text(event, "pole", label->pole);
    set_list(event, "themes", json_object_get(label->card, "themes"));
    set_list(event, "sectors", json_object_get(label->card, "sectors"));
    set_text(event, "departements", departement);
    set_text(event, "regions", departement ? pia_territory_region_of(departement) : NULL);
}

/* label.awarded, public: the label as it was created. */
static pia_status_t announce_award(const act_t *act)
{
    const matter_t *label = act->matter;
    char aggregate[PIA_UUID_TEXT_SIZE + 16];
    json_t *pole = json_deep_copy(json_object_get(label->card, "pole"));
    json_object_set(pole, "themes", json_object_get(label->card, "themes"));
    json_object_set(pole, "sectors", json_object_get(label->card, "sectors"));
    json_t *data = json_pack(
        "{s:s, s:s, s:s, s:o, s:O, s:O, s:b}", "label", label->id, "dossier", label->parent,
        "structure", label->structure, "pole", pole, "from", json_object_get(label->facts, "from"),
        "until", json_object_get(label->facts, "until"), "demonstration", label->demonstration);
    set_text(data, "renews", json_string_value(json_object_get(label->facts, "renews")));
    (void)snprintf(aggregate, sizeof aggregate, "/labels/%s", label->id);
    json_t *event =
        pia_event_new("labellisation", "label.awarded", aggregate, "public", NULL, data);
    add_attributes(event, label);
    return pia_outbox_add(act->db, aggregate, event);
}

/* What a transition of a label means for its holder, and for how long. */
static void add_standing(const matter_t *label, json_t *data)
{
    set_text(data, "effect", label->machine->states[label->state].standing);
    json_object_set(data, "valid_from", json_object_get(label->facts, "from"));
    json_object_set(data, "valid_until", json_object_get(label->facts, "until"));
}

pia_status_t announce_transition(const act_t *act, int from)
{
    const matter_t *matter = act->matter;
    bool label = matter->kind == MACHINE_LABEL;
    if (label && from == STATE_NONE)
        return announce_award(act);
    json_t *recipients = NULL;
    pia_status_t status = recipients_of(act, &recipients);
    if (status != PIA_OK) {
        json_decref(recipients);
        return status;
    }
    json_t *data = label ? base_data(act, recipients) : full_data(act, recipients);
    if (from != STATE_NONE)
        set_text(data, "from", matter->machine->states[from].name);
    if (label)
        add_standing(matter, data);
    char type[TYPE_SIZE];
    (void)snprintf(type, sizeof type, "%s.%s", kinds[matter->kind].name,
                   from == STATE_NONE ? "created" : "transitioned");
    return add_restricted(act, type, data);
}
