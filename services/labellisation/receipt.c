/* receipt.c - what a receipt says, computed at the filing and stored. */
#include "receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "completion.h"
#include "legal_words.h"
#include "matter.h"
#include "office.h"
#include "pia/clock.h"
#include "text.h"

enum { INSERT, FIND, LAST };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO receipt (dossier, number, content, text_hash) VALUES ($1, $2, $3, $4)",
    [FIND] = "SELECT content, text_hash FROM receipt WHERE dossier = $1 AND number = $2",
    [LAST] = "SELECT content, text_hash FROM receipt WHERE dossier = $1 "
             "ORDER BY number DESC LIMIT 1",
};

/* The remedies against an implicit rejection (CRPA L411-2; CJA R421-1 and R421-2). */
static const char *const remedies[] = {"recours-administratif", "recours-contentieux"};

static void set_day(json_t *json, const char *name, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(json, name, json_string(text));
}

static void set_time(json_t *json, const char *name, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(json, name, json_string(text));
}

/* Who must act within a period, and from which day it is counted. */
typedef struct {
    int64_t from;
    const char *departement; /* NULL, or not known: metropolitan France */
} term_t;

/* The deadline of a rule; the court is in metropolitan France. */
static pia_status_t
count(const legal_rule_t *rule, term_t term, legal_deadline_t *ret_deadline, pia_problem_t *problem)
{
    legal_facts_t facts = {.rule = rule, .from = term.from};
    if (!place_find(term.departement, &facts.place))
        (void)place_find(NULL, &facts.place);
    (void)place_find(NULL, &facts.court);
    return legal_clock(&facts, ret_deadline, problem);
}

static pia_status_t
set_due(json_t *json, const char *name, const char *rule, term_t term, pia_problem_t *problem)
{
    legal_deadline_t deadline;
    pia_status_t status = count(legal_rule_find(rule), term, &deadline, problem);
    if (status == PIA_OK)
        set_day(json, name, deadline.last_day);
    return status;
}

/* Until when the candidate may contest what silence decides at the end of term.from. */
static pia_status_t add_remedies(json_t *json, term_t term, pia_problem_t *problem)
{
    json_t *list = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < sizeof remedies / sizeof remedies[0]; i++) {
        const legal_rule_t *rule = legal_rule_find(remedies[i]);
        char period[LEGAL_PERIOD_SIZE];
        legal_period(&rule->period, period);
        json_t *remedy = json_pack("{s:s, s:s, s:s, s:s}", "rule", rule->name, "label", rule->label,
                                   "article", rule->article, "period", period);
        status = set_due(remedy, "last_day", rule->name, term, problem);
        json_array_append_new(list, remedy);
    }
    json_object_set_new(json, "remedies", list);
    return status;
}

/* Silence that accepts is counted from the complete file (L114-5): no day while a piece is missing.
 */
static pia_status_t
add_silence(const act_t *act, const legal_rule_t *rule, json_t *json, pia_problem_t *problem)
{
    bool accepts = rule->way == LEGAL_ACCEPTANCE;
    bool runs = !accepts || json_array_size(json_object_get(json, "missing")) == 0;
    legal_deadline_t deadline;
    char period[LEGAL_PERIOD_SIZE];
    legal_period(&rule->period, period);
    term_t received = {.from = day_of(act->effective_ms)};
    pia_status_t status = count(rule, received, &deadline, problem);
    if (status != PIA_OK)
        return status;
    json_t *silence = json_pack("{s:s, s:s, s:s}", "sense", accepts ? "acceptation" : "rejet",
                                "article", rule->article, "period", period);
    if (runs)
        set_day(silence, "on", deadline.last_day);
    json_object_set_new(json, "silence", silence);
    json_object_set_new(json, "attestation", json_boolean(accepts));
    const json_t *pole = json_object_get(act->matter->card, "pole");
    term_t contest = {.from = deadline.last_day,
                      .departement = json_string_value(json_object_get(pole, "departement"))};
    if (!accepts)
        return add_remedies(json, contest, problem);
    json_object_set_new(json, "remedies", json_array());
    return PIA_OK;
}

static pia_status_t add_missing(const act_t *act, json_t *json)
{
    json_t *names = NULL, *missing = json_array();
    pia_status_t status = completion_missing(act->db, act->matter, &names);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        const piece_rule_t *rule = content_piece(&act->matter->definition->content, name);
        json_array_append_new(missing,
                              json_pack("{s:s, s:s}", "piece", name, "label", rule->label));
    }
    json_decref(names);
    json_object_set_new(json, "missing", missing);
    return status;
}

/* Nobody has configured a service: the receipt says so by what it leaves empty. */
static pia_status_t add_office(const act_t *act, json_t *json)
{
    json_t *office = NULL;
    pia_status_t status = office_read(act->db, &office);
    if (status == PIA_NOT_FOUND) {
        office = json_pack("{s:s, s:s, s:s, s:s}", "service", "", "address", "", "email", "",
                           "phone", "");
        status = PIA_OK;
    }
    json_object_set_new(json, "complete", json_boolean(office_is_complete(office)));
    json_object_set_new(json, "office", office);
    return status;
}

static pia_status_t add_times(const act_t *act, json_t *json, pia_problem_t *problem)
{
    term_t received = {.from = day_of(act->effective_ms)};
    set_time(json, "received_at", act->effective_ms);
    set_day(json, "received_on", received.from);
    set_time(json, "registered_at", act->recorded_ms);
    set_time(json, "issued_at", act->recorded_ms);
    pia_status_t status = set_due(json, "registration_due", "enregistrement", received, problem);
    return status == PIA_OK ? set_due(json, "receipt_due", "accuse-reception", received, problem)
                            : status;
}

static pia_status_t store(act_t *act, const json_t *receipt)
{
    char hash[TEXT_HASH_SIZE];
    char *text = receipt_text(receipt);
    pia_status_t status = text_add(act->db, act->matter->id, text, act->recorded_ms, hash);
    free(text);
    if (status != PIA_OK)
        return status;
    char *content = json_dumps(receipt, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[INSERT]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_integer(stmt, 2, act->matter->version);
    pia_stmt_text(stmt, 3, content);
    pia_stmt_text(stmt, 4, hash);
    free(content);
    json_object_set_new(act->record, "receipt", json_pack("{s:s}", "blake2b", hash));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t receipt_issue(act_t *act, const legal_rule_t *silence, pia_problem_t *problem)
{
    json_t *receipt = json_pack("{s:s, s:I, s:O}", "dossier", act->matter->id, "number",
                                (json_int_t)act->matter->version, "title",
                                json_object_get(act->matter->card, "title"));
    pia_status_t status = add_times(act, receipt, problem);
    if (status == PIA_OK)
        status = add_office(act, receipt);
    if (status == PIA_OK)
        status = add_missing(act, receipt);
    if (status == PIA_OK)
        status = add_silence(act, silence, receipt, problem);
    if (status == PIA_OK)
        status = store(act, receipt);
    json_decref(receipt);
    return status;
}

pia_status_t receipt_find(pia_db_t *db, const char *dossier, int64_t number, json_t **ret_receipt)
{
    char hash[TEXT_HASH_SIZE];
    char *text = NULL;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[number > 0 ? FIND : LAST]);
    pia_stmt_text(stmt, 1, dossier);
    if (number > 0)
        pia_stmt_integer(stmt, 2, number);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    json_t *receipt = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    (void)snprintf(hash, sizeof hash, "%s", pia_stmt_column_text(stmt, 1));
    pia_stmt_reset(stmt);
    status = text_get(db, hash, &text);
    if (status == PIA_OK || status == PIA_NOT_FOUND)
        json_object_set_new(receipt, "text", json_string(text ? text : ""));
    free(text);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(receipt);
        return status;
    }
    *ret_receipt = receipt;
    return PIA_OK;
}
