/* remedy_grant.c - what a remedy that is granted, or a judgment that annuls, changes. */
#include <string.h>

#include "kin.h"
#include "label_life.h"
#include "pia/json.h"
#include "remedy.h"
#include "renewal.h"
#include "store_matter.h"

enum { LABELS_MAX = 100 }; /* of a pôle, that are looked at */

const char remedy_restored[] = "retabli", remedy_replaced[] = "autre_decision",
           remedy_over[] = "terminee", remedy_other_dossier[] = "autre_dossier",
           remedy_occupied[] = "autre_label";

/* Whether a label holds days that `label`, if it is restored, would have. */
static pia_status_t
check_rival(pia_db_t *db, const matter_t *label, const matter_t *other, bool *ret_rival)
{
    int64_t from, until = INT64_MAX;
    const char *standing;
    pia_status_t status = label_standing(db, other, &standing);
    if (!label_day(label, "ended", &until))
        (void)label_day(label, "until", &until);
    *ret_rival = status == PIA_OK && standing && !label_has_ended(standing) &&
                 strcmp(other->id, label->id) != 0 && label_day(other, "from", &from) &&
                 from < until;
    return status;
}

static pia_status_t
find_rival(const act_t *act, const matter_t *label, bool *ret_found, pia_problem_t *problem)
{
    json_t *ids = NULL;
    const matter_filter_t filter = {.pole = label->pole, .after = "", .limit = LABELS_MAX};
    pia_status_t status = store_matter_list(act->db, MACHINE_LABEL, &filter, &ids);
    *ret_found = false;
    for (size_t i = 0; status == PIA_OK && !*ret_found && i < json_array_size(ids); i++) {
        matter_t other;
        const char *id = json_string_value(json_array_get(ids, i));
        status = matter_load(act->db, act->library, MACHINE_LABEL, id, &other, problem);
        if (status != PIA_OK)
            break;
        status = check_rival(act->db, label, &other, ret_found);
        matter_clear(&other);
    }
    json_decref(ids);
    return status;
}

/* A decision that no other has replaced but that had ended. */
static pia_status_t
settle_past(pia_db_t *db, const matter_t *parent, int64_t against, const char **ret_outcome)
{
    bool ended = false;
    pia_status_t status = PIA_OK;
    if (parent->kind == MACHINE_LABEL)
        status = remedy_has_ended(db, parent, against, &ended);
    if (ended)
        *ret_outcome = remedy_over;
    return status;
}

static pia_status_t
settle(const act_t *act, const matter_t *parent, const char **ret_outcome, pia_problem_t *problem)
{
    int64_t against = json_integer_value(json_object_get(act->matter->facts, "against"));
    remedy_decision_t decision;
    bool rival = false;
    pia_status_t status = remedy_decision(act->db, parent, &decision);
    *ret_outcome = remedy_replaced;
    if (status == PIA_NOT_FOUND || (status == PIA_OK && decision.number != against))
        return settle_past(act->db, parent, against, ret_outcome);
    if (status == PIA_OK && parent->kind == MACHINE_LABEL)
        status = find_rival(act, parent, &rival, problem);
    bool other = false;
    if (status == PIA_OK && parent->kind == MACHINE_DOSSIER)
        status = renewal_has_rival(act, parent->id, &other, problem);
    *ret_outcome = rival ? remedy_occupied : other ? remedy_other_dossier : remedy_restored;
    return status;
}

pia_status_t run_settle_remedy(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    const char *outcome;
    matter_t parent;
    pia_status_t status =
        matter_load(act->db, act->library, remedy->parent_kind, remedy->parent, &parent, problem);
    if (status != PIA_OK)
        return status;
    status = settle(act, &parent, &outcome, problem);
    matter_clear(&parent);
    if (status != PIA_OK)
        return status;
    json_object_set_new(remedy->facts, pia_json_text(parameters, "fact"), json_string(outcome));
    if (outcome == remedy_restored || outcome == remedy_over)
        json_object_set(remedy->facts, "undoes", json_object_get(remedy->facts, "against"));
    return PIA_OK;
}

pia_status_t run_move_contested(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    const char *outcome = pia_json_text(remedy->facts, pia_json_text(parameters, "fact"));
    given_t given = {.transition = pia_json_text(parameters, "transition")};
    bool moved;
    if (!outcome || strcmp(outcome, remedy_restored) != 0)
        return PIA_OK;
    pia_status_t status =
        matter_move_given(act, remedy->parent_kind, remedy->parent, &given, &moved, problem);
    given.transition = pia_json_text(parameters, "otherwise");
    if (status != PIA_OK || moved || !given.transition)
        return status;
    return matter_move_given(act, remedy->parent_kind, remedy->parent, &given, &moved, problem);
}
