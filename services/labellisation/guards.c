/* guards.c - the conditions that a definition may name. */
#include <stdio.h>
#include <string.h>

#include "appel.h"
#include "authority.h"
#include "committee.h"
#include "decision.h"
#include "effects_review.h"
#include "label_life.h"
#include "milestone.h"
#include "people.h"
#include "pia/json.h"
#include "pia/principal.h"
#include "remedy.h"
#include "renewal.h"
#include "rule.h"
#include "session.h"
#include "signature.h"
#include "store_matter.h"

/* The value of the datum that parameter `data` names; NULL while there are no data. */
static const char *chosen(const act_t *act, const json_t *parameters)
{
    return act->data ? pia_json_text(act->data, pia_json_text(parameters, "data")) : NULL;
}

/* The pointer to that datum. */
static void point_at(const json_t *parameters, char ret_at[PIA_POINTER_MAX])
{
    (void)snprintf(ret_at, PIA_POINTER_MAX, "/data/%s", pia_json_text(parameters, "data"));
}

static bool fact_equals(const act_t *act, const json_t *parameters)
{
    const char *fact = pia_json_text(act->matter->facts, pia_json_text(parameters, "fact"));
    return fact && strcmp(fact, pia_json_text(parameters, "value")) == 0;
}

static pia_status_t fact_is(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    if (fact_equals(act, parameters))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "%s is not %s",
                           pia_json_text(parameters, "fact"), pia_json_text(parameters, "value"));
}

static pia_status_t fact_is_not(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    if (!fact_equals(act, parameters))
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition", "%s is %s already",
                           pia_json_text(parameters, "fact"), pia_json_text(parameters, "value"));
}

static pia_status_t
actor_independent(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    if (strcmp(act->principal->structure, act->matter->structure) != 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "you are of the structure whose dossier it is");
}

static pia_status_t
capacity_held(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *capacity = chosen(act, parameters);
    char at[PIA_POINTER_MAX];
    uint32_t roles = 0;
    if (!capacity)
        return PIA_OK;
    const json_t *names = json_object_get(json_object_get(parameters, "capacities"), capacity);
    if (pia_roles_parse(names, &roles) && (roles & act->principal->roles) != 0)
        return PIA_OK;
    point_at(parameters, at);
    return pia_problem_set(problem, PIA_FORBIDDEN, at,
                           "none of your roles may act in the capacity %s", capacity);
}

static pia_status_t not_signed(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    bool found = false;
    const char *capacity = chosen(act, parameters);
    char at[PIA_POINTER_MAX];
    pia_status_t status =
        signature_find(act->db, act->matter->id, NULL, act->principal->subject, &found);
    if (status == PIA_OK && found)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "you have signed already; another person signs in the other "
                               "capacity");
    if (status == PIA_OK && capacity)
        status = signature_find(act->db, act->matter->id, capacity, NULL, &found);
    point_at(parameters, at);
    if (status == PIA_OK && found)
        return pia_problem_set(problem, PIA_CONFLICT, at, "%s has signed already", capacity);
    return status;
}

static pia_status_t signed_by(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const json_t *capacities = json_object_get(parameters, "by");
    for (size_t i = 0; i < json_array_size(capacities); i++) {
        const char *capacity = json_string_value(json_array_get(capacities, i));
        bool found = false;
        pia_status_t status = signature_find(act->db, act->matter->id, capacity, NULL, &found);
        if (status != PIA_OK)
            return status;
        if (!found)
            return pia_problem_set(problem, PIA_CONFLICT, "/transition", "%s has not signed yet",
                                   capacity);
    }
    return PIA_OK;
}

static pia_status_t pole_free(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const matter_t *matter = act->matter;
    bool taken = false;
    pia_status_t status = people_is_taken(act->db, matter->pole, matter->structure, &taken);
    if (status == PIA_OK && !taken)
        status = store_matter_is_held(act->db, matter->pole, matter->structure, &taken);
    if (status != PIA_OK || !taken)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, NULL,
                           "the code %s is that of another structure's pôle", matter->pole);
}

static const guard_kind_t guards[] = {
    {.name = "fact_is",
     .test = fact_is,
     .pure = true,
     .parameters = {{"fact", PARAMETER_FACT}, {"value", PARAMETER_VALUE}}},
    {.name = "fact_is_not",
     .test = fact_is_not,
     .pure = true,
     .parameters = {{"fact", PARAMETER_FACT}, {"value", PARAMETER_VALUE}}},
    {.name = "reviews_filed", .test = reviews_filed, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "divergence_settled", .test = divergence_settled, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "actor_independent", .test = actor_independent, .personal = true},
    {.name = "capacity_held",
     .test = capacity_held,
     .personal = true,
     .parameters = {{"data", PARAMETER_CHOICE}, {"capacities", PARAMETER_CAPACITIES}}},
    {.name = "not_signed",
     .test = not_signed,
     .personal = true,
     .parameters = {{"data", PARAMETER_CHOICE}}},
    {.name = "signed_by", .test = signed_by, .parameters = {{"by", PARAMETER_NAMES}}},
    {.name = "pole_free", .test = pole_free},
    {.name = "milestones_reached", .test = milestones_reached, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "reviewer_eligible", .test = reviewer_eligible, .kinds = 1 << MACHINE_REVIEW},
    {.name = "fact_among",
     .test = guard_fact_among,
     .pure = true,
     .parameters = {{"fact", PARAMETER_FACT}, {"by", PARAMETER_NAMES}}},
    {.name = "datum_is_fact",
     .test = guard_datum_is_fact,
     .pure = true,
     .parameters = {{"data", PARAMETER_CHOICE}, {"fact", PARAMETER_FACT}}},
    {.name = "within_rule",
     .test = guard_within_rule,
     .parameters = {{"data", PARAMETER_CHOICE},
                    {"value", PARAMETER_VALUE},
                    {"rule", PARAMETER_PLAIN}}},
    {.name = "date_at_least",
     .test = guard_date_at_least,
     .parameters = {{"data", PARAMETER_DATE}, {"rule", PARAMETER_PLAIN}}},
    {.name = "day_reached", .test = guard_day_reached, .parameters = {{"fact", PARAMETER_FACT}}},
    {.name = "renewal_absent", .test = guard_renewal_absent, .kinds = 1 << MACHINE_LABEL},
    {.name = "renewal_settled", .test = guard_renewal_settled, .kinds = 1 << MACHINE_LABEL},
    {.name = "successor_absent", .test = guard_successor_absent, .kinds = 1 << MACHINE_LABEL},
    {.name = "day_to_come",
     .test = guard_day_to_come,
     .pure = true,
     .parameters = {{"data", PARAMETER_MAYBE_DATE}}},
    {.name = "parent_standing",
     .test = guard_parent_standing,
     .kinds = 1 << MACHINE_REMEDY,
     .parameters = {{"by", PARAMETER_NAMES}, {"past", PARAMETER_NAMES, true}}},
    {.name = "filing_open",
     .test = appel_filing_open,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"intake", PARAMETER_VALUE}}},
    {.name = "committee_absent", .test = committee_absent, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "agenda_filled", .test = session_agenda_filled, .kinds = 1 << MACHINE_SESSION},
    {.name = "convened_in_time",
     .test = session_convened_in_time,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_convene_needs,
     .parameters = {{"rule", PARAMETER_RULE}}},
    {.name = "is_the_day", .test = session_is_the_day, .kinds = 1 << MACHINE_SESSION},
    {.name = "quorum_met", .test = session_quorum_met, .kinds = 1 << MACHINE_SESSION},
    {.name = "quorum_missing", .test = session_quorum_missing, .kinds = 1 << MACHINE_SESSION},
    {.name = "agenda_dealt", .test = session_agenda_dealt, .kinds = 1 << MACHINE_SESSION},
    {.name = "departure_reasoned",
     .test = decision_departure_reasoned,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"fact", PARAMETER_FACT},
                    {"origin", PARAMETER_FACT},
                    {"values", PARAMETER_NAMES},
                    {"text", PARAMETER_MAYBE_TEXT}}},
    {.name = "authority_held",
     .test = authority_held,
     .personal = true,
     .parameters = {{"data", PARAMETER_MAYBE, true}}},
};

const guard_kind_t *guard_find(const char *name)
{
    for (size_t i = 0; i < sizeof guards / sizeof guards[0]; i++)
        if (strcmp(guards[i].name, name) == 0)
            return &guards[i];
    return NULL;
}

size_t guard_count(void)
{
    return sizeof guards / sizeof guards[0];
}
