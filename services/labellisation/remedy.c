/* remedy.c - remedies: what they are against, and until when. */
#include "remedy.h"

#include <stdio.h>
#include <string.h>

#include "label_life.h"
#include "pia/clock.h"
#include "pia/json.h"

/* Other remedies of the same parent. */
static const char SQL_OTHERS[] = "SELECT id, facts FROM matter WHERE parent = $1 "
                                 "AND kind = 'remedy' AND id <> $2 ORDER BY id LIMIT 100";

enum { NATURES = 2 }; /* of appeals; the first of each counts */

static bool day_of_text(const json_t *json, const char *name, int64_t *ret_day)
{
    const char *text = pia_json_text(json, name);
    return text && pia_date_parse(text, ret_day);
}

static bool is_nature(const char *nature, const char *which)
{
    return strcmp(nature, which) == 0;
}

/* The appeals that count, with the remedies that they are. */
typedef struct {
    legal_facts_t *facts;
    char ids[NATURES][PIA_UUID_TEXT_SIZE];
} appeals_t;

/* The appeal that another remedy is, if it is against the same decision and the first of its
 * nature. One that was sent before the notification is made in time. */
static void
add_appeal(const char *id, const json_t *other, const remedy_case_t *remedy, appeals_t *appeals)
{
    legal_facts_t *facts = appeals->facts;
    const char *nature = pia_json_text(other, "nature"), *issue = pia_json_text(other, "issue");
    int64_t against = json_integer_value(json_object_get(other, "against"));
    legal_appeal_t appeal = {.hierarchical = false};
    if (!nature || is_nature(nature, "contentieux") || against != remedy->decision->number)
        return;
    appeal.hierarchical = is_nature(nature, "hierarchique");
    for (size_t i = 0; i < facts->appeal_count; i++)
        if (facts->appeals[i].hierarchical == appeal.hierarchical)
            return;
    if (!day_of_text(other, "sent", &appeal.sent) ||
        !day_of_text(other, "received", &appeal.received))
        return;
    appeal.sent = appeal.sent < facts->from ? facts->from : appeal.sent;
    appeal.received = appeal.received < appeal.sent ? appeal.sent : appeal.received;
    appeal.withdrawn = issue && strcmp(issue, "desistement") == 0;
    appeal.has_rejected = appeal.withdrawn || (issue && strcmp(issue, "rejet") == 0);
    (void)snprintf(appeals->ids[facts->appeal_count], PIA_UUID_TEXT_SIZE, "%s", id);
    facts->appeals[facts->appeal_count++] = appeal;
}

/* When the rejection of an appeal was notified: as recorded, else on its day. */
static pia_status_t
find_rejection(pia_db_t *db, const remedy_case_t *remedy, const char *id, legal_appeal_t *appeal)
{
    bool now = remedy->rejecting && strcmp(remedy->rejecting, id) == 0;
    remedy_decision_t rejection = {.notified = remedy->rejected};
    pia_status_t status = PIA_OK;
    if (!now && appeal->has_rejected)
        status = remedy_rejection(db, id, &rejection);
    appeal->has_rejected = appeal->has_rejected || now;
    appeal->rejected = rejection.notified;
    return status;
}

static pia_status_t add_appeals(pia_db_t *db, const remedy_case_t *remedy, legal_facts_t *facts)
{
    appeals_t appeals = {.facts = facts};
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_OTHERS);
    pia_stmt_text(stmt, 1, remedy->parent);
    pia_stmt_text(stmt, 2, remedy->except ? remedy->except : "");
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *other = json_loads(pia_stmt_column_text(stmt, 1), 0, NULL);
        add_appeal(pia_stmt_column_text(stmt, 0), other, remedy, &appeals);
        json_decref(other);
    }
    if (status == PIA_NOT_FOUND)
        status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < facts->appeal_count; i++)
        status = find_rejection(db, remedy, appeals.ids[i], &facts->appeals[i]);
    return status;
}

pia_status_t remedy_facts(pia_db_t *db,
                          const remedy_case_t *remedy,
                          legal_facts_t *ret_facts,
                          pia_problem_t *problem)
{
    const json_t *pole = json_object_get(remedy->card, "pole");
    bool court = is_nature(remedy->nature, "contentieux");
    *ret_facts = (legal_facts_t){
        .rule = legal_rule_find(court ? "recours-contentieux" : "recours-administratif"),
        .from = remedy->notified,
        .uninformed = !remedy->decision->informed,
    };
    if (!place_find(pia_json_text(pole, "departement"), &ret_facts->place))
        (void)place_find(NULL, &ret_facts->place);
    if (!place_find(remedy->court, &ret_facts->court))
        return pia_problem_set(problem, PIA_INVALID, "/court", "there is no such place");
    return court ? add_appeals(db, remedy, ret_facts) : PIA_OK;
}

/* The case of a remedy that was filed. */
static pia_status_t read_case(pia_db_t *db,
                              const matter_t *remedy,
                              remedy_decision_t *decision,
                              remedy_case_t *ret_case,
                              pia_problem_t *problem)
{
    *ret_case = (remedy_case_t){
        .parent = remedy->parent,
        .card = remedy->card,
        .decision = decision,
        .nature = pia_json_text(remedy->facts, "nature"),
        .except = remedy->id,
        .court = pia_json_text(remedy->facts, "court"),
    };
    int64_t number = json_integer_value(json_object_get(remedy->facts, "against"));
    pia_status_t status = remedy_decision_at(db, remedy->parent, number, decision);
    if (status != PIA_OK)
        return status;
    ret_case->notified = decision->notified;
    if (!decision->proven && !day_of_text(remedy->facts, "notified", &ret_case->notified))
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "the remedy has no day");
    return PIA_OK;
}

pia_status_t remedy_filed_facts(pia_db_t *db,
                                const matter_t *remedy,
                                legal_facts_t *ret_facts,
                                pia_problem_t *problem)
{
    remedy_decision_t decision;
    remedy_case_t filed;
    pia_status_t status = read_case(db, remedy, &decision, &filed, problem);
    return status == PIA_OK ? remedy_facts(db, &filed, ret_facts, problem) : status;
}

pia_status_t remedy_court_facts(pia_db_t *db,
                                const matter_t *appeal,
                                const int64_t *rejected,
                                legal_facts_t *ret_facts,
                                pia_problem_t *problem)
{
    remedy_decision_t decision;
    remedy_case_t court;
    pia_status_t status = read_case(db, appeal, &decision, &court, problem);
    if (status != PIA_OK)
        return status;
    court.nature = "contentieux";
    if (rejected) {
        court.except = NULL;
        court.rejecting = appeal->id;
        court.rejected = *rejected;
    }
    return remedy_facts(db, &court, ret_facts, problem);
}

/* What the guard of some creation says: the list `name`, or NULL. */
static const json_t *standings_of(const machine_t *machine, const char *name)
{
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition = &machine->transitions[i];
        for (size_t j = 0; transition->from == 0 && j < transition->guard_count; j++)
            if (transition->guards[j].kind->test == guard_parent_standing)
                return json_object_get(transition->guards[j].parameters, name);
    }
    return NULL;
}

const json_t *remedy_past_standings(const matter_t *parent)
{
    return standings_of(&parent->definition->machines[MACHINE_REMEDY], "past");
}

pia_status_t remedy_contested(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision)
{
    const json_t *by = standings_of(&parent->definition->machines[MACHINE_REMEDY], "by");
    const char *standing;
    pia_status_t status = label_standing(db, parent, &standing);
    if (status != PIA_OK)
        return status;
    return standing && names_have(by, standing)
               ? remedy_decision(db, parent, ret_decision)
               : remedy_past_decision(db, parent, remedy_past_standings(parent), ret_decision);
}

pia_status_t
guard_parent_standing(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    matter_t parent;
    remedy_decision_t past;
    pia_status_t status =
        matter_load(act->db, act->library, remedy->parent_kind, remedy->parent, &parent, problem);
    if (status != PIA_OK)
        return status;
    const char *standing;
    status = label_standing(act->db, &parent, &standing);
    if (status == PIA_OK && !(standing && names_have(json_object_get(parameters, "by"), standing)))
        status = remedy_past_decision(act->db, &parent, json_object_get(parameters, "past"), &past);
    if (status == PIA_NOT_FOUND)
        status = pia_problem_set(problem, PIA_CONFLICT, NULL,
                                 "the %s is %s: there is no decision to contest",
                                 parent.machine->name, parent.machine->states[parent.state].name);
    matter_clear(&parent);
    return status;
}
