/* remedy.c - remedies: what they are against, and until when. */
#include "remedy.h"

#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "receipt.h"

static const char SQL_DECISION[] =
    "SELECT number, actor, effective_at FROM history WHERE matter = $1 AND to_state = $2 "
    "AND from_state <> to_state ORDER BY number DESC LIMIT 1";

/* Other remedies of the same parent. */
static const char SQL_OTHERS[] = "SELECT facts, entered_at FROM matter WHERE parent = $1 "
                                 "AND kind = 'remedy' AND id <> $2 ORDER BY id LIMIT 100";

static const char nobody[] = "/services/";

static const char *text_of(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

static bool day_of_text(const json_t *json, const char *name, int64_t *ret_day)
{
    const char *text = text_of(json, name);
    return text && pia_date_parse(text, ret_day);
}

/* Against silence: whether the receipt told the remedies (CRPA L112-6). */
static pia_status_t find_informed(pia_db_t *db, const char *dossier, bool *ret_informed)
{
    json_t *receipt = NULL;
    pia_status_t status = receipt_find(db, dossier, 0, &receipt);
    *ret_informed = json_is_true(json_object_get(receipt, "complete"));
    json_decref(receipt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t remedy_decision(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_DECISION);
    pia_stmt_text(stmt, 1, parent->id);
    pia_stmt_text(stmt, 2, parent->machine->states[parent->state].name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_decision = (remedy_decision_t){
            .number = pia_stmt_column_integer(stmt, 0),
            .day = day_of(pia_stmt_column_integer(stmt, 2)),
            .implicit = strncmp(pia_stmt_column_text(stmt, 1), nobody, sizeof nobody - 1) == 0,
            .informed = true,
        };
    pia_stmt_reset(stmt);
    if (status == PIA_OK && ret_decision->implicit)
        status = find_informed(db, parent->id, &ret_decision->informed);
    return status;
}

static bool is_nature(const char *nature, const char *which)
{
    return strcmp(nature, which) == 0;
}

/* The appeal that another remedy is, if it is against the same decision and the first of its
 * nature.
 */
static void add_appeal(const json_t *other,
                       int64_t entered_ms,
                       const remedy_case_t *remedy,
                       legal_facts_t *facts)
{
    const char *nature = text_of(other, "nature"), *issue = text_of(other, "issue");
    int64_t against = json_integer_value(json_object_get(other, "against"));
    legal_appeal_t appeal = {.hierarchical = false};
    if (!nature || is_nature(nature, "contentieux") || against != remedy->decision->number)
        return;
    appeal.hierarchical = is_nature(nature, "hierarchique");
    for (size_t i = 0; i < facts->appeal_count; i++)
        if (facts->appeals[i].hierarchical == appeal.hierarchical)
            return;
    if (!day_of_text(other, "sent", &appeal.sent) ||
        !day_of_text(other, "received", &appeal.received) || appeal.sent < facts->from)
        return;
    appeal.has_rejected = issue && strcmp(issue, "rejet") == 0;
    appeal.rejected = day_of(entered_ms);
    facts->appeals[facts->appeal_count++] = appeal;
}

static pia_status_t add_appeals(pia_db_t *db, const remedy_case_t *remedy, legal_facts_t *facts)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_OTHERS);
    pia_stmt_text(stmt, 1, remedy->parent);
    pia_stmt_text(stmt, 2, remedy->except ? remedy->except : "");
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *other = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
        add_appeal(other, pia_stmt_column_integer(stmt, 1), remedy, facts);
        json_decref(other);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
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
    if (!place_find(text_of(pole, "departement"), &ret_facts->place))
        (void)place_find(NULL, &ret_facts->place);
    if (!place_find(remedy->court, &ret_facts->court))
        return pia_problem_set(problem, PIA_INVALID, "/court", "there is no such place");
    return court ? add_appeals(db, remedy, ret_facts) : PIA_OK;
}

pia_status_t remedy_filed_facts(pia_db_t *db,
                                const matter_t *remedy,
                                legal_facts_t *ret_facts,
                                pia_problem_t *problem)
{
    const remedy_decision_t decision = {
        .number = json_integer_value(json_object_get(remedy->facts, "against")),
        .informed = json_object_get(remedy->facts, "last_day") != NULL,
    };
    remedy_case_t filed = {
        .parent = remedy->parent,
        .card = remedy->card,
        .decision = &decision,
        .nature = text_of(remedy->facts, "nature"),
        .except = remedy->id,
        .court = text_of(remedy->facts, "court"),
    };
    if (!day_of_text(remedy->facts, "notified", &filed.notified))
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "the remedy has no day");
    return remedy_facts(db, &filed, ret_facts, problem);
}

static bool stands(const matter_t *parent, const json_t *standings)
{
    const char *standing = parent->machine->states[parent->state].standing;
    return standing && names_have(standings, standing);
}

bool remedy_is_contestable(const matter_t *parent)
{
    const machine_t *machine = &parent->definition->machines[MACHINE_REMEDY];
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition = &machine->transitions[i];
        for (size_t j = 0; transition->from == 0 && j < transition->guard_count; j++)
            if (transition->guards[j].kind->test == guard_parent_standing &&
                stands(parent, json_object_get(transition->guards[j].parameters, "by")))
                return true;
    }
    return false;
}

pia_status_t
guard_parent_standing(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *remedy = act->matter;
    matter_t parent;
    pia_status_t status =
        matter_load(act->db, act->library, remedy->parent_kind, remedy->parent, &parent, problem);
    if (status != PIA_OK)
        return status;
    if (!stands(&parent, json_object_get(parameters, "by")))
        status = pia_problem_set(problem, PIA_CONFLICT, NULL,
                                 "the %s is %s: there is no decision to contest",
                                 parent.machine->name, parent.machine->states[parent.state].name);
    matter_clear(&parent);
    return status;
}
