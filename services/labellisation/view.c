/* view.c - matters as JSON. */
#include "view.h"

#include <string.h>

#include "deadline.h"
#include "engine.h"
#include "label_life.h"
#include "milestone.h"
#include "pia/clock.h"
#include "renewal.h"
#include "review.h"
#include "signature.h"
#include "store_matter.h"

bool view_is_reader(const matter_t *matter, uint32_t roles)
{
    return (roles & (matter->machine->readers | PIA_ROLE_SERVICE)) != 0;
}

static void set_time(json_t *object, const char *name, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(object, name, json_string(text));
}

static json_t *view_timers(const matter_t *matter)
{
    json_t *timers = json_array();
    for (size_t i = 0; i < matter->machine->timer_count; i++) {
        const timer_rule_t *timer = &matter->machine->timers[i];
        int64_t due_ms = engine_due(matter, timer);
        if (due_ms == 0)
            continue;
        json_t *item = json_pack("{s:s, s:s, s:s*}", "name", timer->name, "transition",
                                 matter->machine->transitions[timer->transition].name, "reference",
                                 timer->reference);
        set_time(item, "due_at", due_ms);
        json_array_append_new(timers, item);
    }
    return timers;
}

/* What every matter shows. */
static json_t *view_common(const matter_t *matter)
{
    const state_t *state = &matter->machine->states[matter->state];
    json_t *json = json_pack(
        "{s:s, s:s*, s:s, s:s, s:b, s:I, s:{s:s, s:I}}", "id", matter->id, "structure",
        matter->structure[0] ? matter->structure : NULL, "state", state->name, "state_label",
        state->label, "final", state->final, "version", (json_int_t)matter->version, "process",
        "name", matter->definition->name, "version", (json_int_t)matter->definition->version);
    json_object_set(json, "pole", json_object_get(matter->card, "pole"));
    json_object_set(json, "themes", json_object_get(matter->card, "themes"));
    json_object_set(json, "sectors", json_object_get(matter->card, "sectors"));
    json_object_set_new(json, "demonstration", json_boolean(matter->demonstration));
    json_object_set_new(json, "timers", view_timers(matter));
    return json;
}

json_t *view_matter(const matter_t *matter, uint32_t roles)
{
    json_t *json = view_common(matter);
    json_object_set(json, "title", json_object_get(matter->card, "title"));
    if (matter->parent[0] != '\0')
        json_object_set_new(json, kinds[matter->parent_kind].name, json_string(matter->parent));
    if (matter->person[0] != '\0')
        json_object_set_new(json, "person", json_string(matter->person));
    set_time(json, "created_at", matter->created_ms);
    set_time(json, "changed_at", matter->changed_ms);
    if (view_is_reader(matter, roles))
        json_object_set_new(json, "facts", json_deep_copy(matter->facts));
    return json;
}

/* Whether it is in force beyond its end. */
static bool is_held(const matter_t *label)
{
    const char *standing = label->machine->states[label->state].standing;
    int64_t until;
    return !label_has_ended(standing) && label_day(label, "until", &until) &&
           day_of(pia_clock_now()) >= until;
}

pia_status_t view_label(pia_db_t *db, const matter_t *label, json_t **ret_json)
{
    static const char *const facts[] = {"number", "from", "until", "midterm", "renews"};
    char renewal[PIA_UUID_TEXT_SIZE];
    json_t *json = view_common(label);
    json_object_set_new(json, "dossier", json_string(label->parent));
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        json_object_set(json, facts[i], json_object_get(label->facts, facts[i]));
    if (is_held(label))
        json_object_set_new(json, "held", json_true());
    pia_status_t status = renewal_dossier(db, label->id, renewal);
    if (status == PIA_OK)
        json_object_set_new(json, "renewal", json_string(renewal));
    if (status == PIA_OK || status == PIA_NOT_FOUND) {
        *ret_json = json;
        return PIA_OK;
    }
    json_decref(json);
    return status;
}

static pia_status_t add_for_readers(pia_db_t *db, const matter_t *dossier, json_t *json)
{
    json_t *list = NULL;
    review_counts_t counts;
    pia_status_t status = review_persons(db, dossier->id, &list);
    if (status == PIA_OK) {
        json_object_set_new(json, "reviewers", list);
        status = review_count(db, dossier->id, "", &counts);
    }
    if (status == PIA_OK) {
        json_object_set_new(json, "reviews_filed", json_integer(counts.filed));
        status = signature_list(db, dossier->id, &list);
    }
    if (status == PIA_OK)
        json_object_set_new(json, "signatures", list);
    return status;
}

static pia_status_t add_label(pia_db_t *db, const matter_t *dossier, json_t *json)
{
    char label[PIA_UUID_TEXT_SIZE];
    pia_status_t status = store_matter_child(db, dossier->id, MACHINE_LABEL, label);
    if (status == PIA_OK)
        json_object_set_new(json, "label", json_string(label));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t view_dossier(pia_db_t *db,
                          const matter_t *dossier,
                          const pia_principal_t *principal,
                          uint32_t roles,
                          json_t **ret_json)
{
    review_standing_t standing = REVIEW_NONE;
    pia_status_t status = PIA_OK;
    if (!engine_are_own(roles))
        status = review_standing(db, dossier->id, principal->person, &standing);
    if (status != PIA_OK)
        return status;
    bool reviews = (principal->roles & PIA_ROLE_REVIEWER) != 0;
    bool declared = standing != REVIEW_INTERESTED && (!reviews || standing != REVIEW_ASKED);
    if (!declared) /* the card alone, whatever other roles it has */
        roles = reviews ? PIA_ROLE_REVIEWER : PIA_ROLE_NONE;
    json_t *json = view_matter(dossier, roles);
    json_object_set(json, "specification", json_object_get(dossier->card, "specification"));
    json_object_set(json, "renews", json_object_get(dossier->card, "renews"));
    json_t *milestones = NULL;
    json_t *deadline = declared ? deadline_view(dossier) : NULL;
    if (deadline)
        json_object_set_new(json, "deadline", deadline);
    status = add_label(db, dossier, json);
    if (status == PIA_OK && declared)
        status = milestone_list(db, dossier->id, &milestones);
    if (json_array_size(milestones) > 0)
        json_object_set(json, "milestones", milestones);
    json_decref(milestones);
    if (status == PIA_OK && view_is_reader(dossier, roles))
        status = add_for_readers(db, dossier, json);
    else if ((roles & PIA_ROLE_REVIEWER) != 0)
        json_object_set_new(json, "reviewers", json_pack("[s]", principal->person));
    if (status == PIA_OK)
        *ret_json = json;
    else
        json_decref(json);
    return status;
}

/* What this person may see of a review that is not its own. */
static pia_status_t find_standing(pia_db_t *db,
                                  const matter_t *review,
                                  const pia_principal_t *principal,
                                  review_standing_t *ret_standing)
{
    *ret_standing = REVIEW_NONE;
    if (strcmp(review->person, principal->person) == 0)
        return PIA_OK;
    return review_standing(db, review->parent, principal->person, ret_standing);
}

pia_status_t view_review(pia_db_t *db,
                         const matter_t *review,
                         const pia_principal_t *principal,
                         uint32_t roles,
                         json_t **ret_json)
{
    review_standing_t standing;
    pia_status_t status = find_standing(db, review, principal, &standing);
    if (status != PIA_OK)
        return status;
    bool before = standing == REVIEW_ASKED || standing == REVIEW_DECLARED;
    bool barred = standing == REVIEW_INTERESTED;
    *ret_json = view_matter(review, before || barred ? PIA_ROLE_NONE : roles);
    if (barred)
        json_object_del(*ret_json, "person");
    json_object_set(*ret_json, "specification", json_object_get(review->card, "specification"));
    return PIA_OK;
}

static json_t *view_field(const datum_t *datum)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:b, s:O*}", "name", datum->name, "label",
                             datum->label, "type", datum_type_name(datum->type), "required",
                             !datum->optional, "values", datum->values);
    if (datum_is_bounded(datum->type)) {
        json_object_set_new(json, "min", json_integer(datum->min));
        json_object_set_new(json, "max", json_integer(datum->max));
    }
    return json;
}

/* One transition, and whether its guards hold. */
static pia_status_t view_transition(const act_t *act, json_t **ret_json)
{
    const transition_t *transition = act->transition;
    const machine_t *machine = act->matter->machine;
    int to = transition->to == STATE_NONE ? act->matter->state : transition->to;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = matter_guards(act, &problem);
    if (status != PIA_OK && problem.status != status)
        return status;
    json_t *fields = json_array();
    for (size_t i = 0; i < transition->datum_count; i++)
        json_array_append_new(fields, view_field(&transition->data[i]));
    *ret_json =
        json_pack("{s:s, s:s, s:s, s:b, s:o}", "name", transition->name, "label", transition->label,
                  "to", machine->states[to].name, "ready", status == PIA_OK, "fields", fields);
    if (status != PIA_OK)
        json_object_set_new(*ret_json, "blocked_by", json_string(problem.detail));
    return PIA_OK;
}

pia_status_t view_transitions(const labellisation_t *self,
                              matter_t *matter,
                              const pia_principal_t *principal,
                              uint32_t roles,
                              json_t **ret_json)
{
    const machine_t *machine = matter->machine;
    int64_t now_ms = pia_clock_now();
    json_t *items = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < machine->transition_count; i++) {
        act_t act = {
            .db = self->db,
            .library = self->library,
            .matter = matter,
            .transition = &machine->transitions[i],
            .principal = principal,
            .effective_ms = now_ms,
            .recorded_ms = now_ms,
        };
        json_t *item = NULL;
        if (engine_allows(machine, act.transition, matter->state, roles, NULL) != PIA_OK)
            continue;
        status = view_transition(&act, &item);
        if (status == PIA_OK)
            json_array_append_new(items, item);
    }
    if (status == PIA_OK)
        *ret_json = json_pack("{s:o, s:I}", "items", items, "version", (json_int_t)matter->version);
    else
        json_decref(items);
    return status;
}
