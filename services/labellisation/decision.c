/* decision.c - issuing and finding express decisions. */
#include "decision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "committee.h"
#include "day.h"
#include "legal_clock.h"
#include "legal_view.h"
#include "legal_words.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "signature.h"
#include "text.h"
#include "words.h"

enum { INSERT, FIND };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO decision (dossier, number, content, text_hash) "
               "VALUES ($1, $2, $3, $4)",
    [FIND] = "SELECT content, text_hash FROM decision WHERE dossier = $1 "
             "ORDER BY number DESC LIMIT 1",
};

const need_t decision_needs[] = {
    {"motifs_droit", DATUM_TEXT, true}, {"motifs_fait", DATUM_TEXT, true},
    {"ecart", DATUM_TEXT, true},        {"capacite", DATUM_CHOICE, true},
    {"notification", DATUM_DATE, true}, {NULL, DATUM_TEXT, false},
};

/* The remedies against an express decision (CRPA L411-2; CJA R421-1). */
static const char *const remedies[] = {"recours-administratif", "recours-contentieux"};

/* The opinion, whether it was given in a meeting or otherwise; NULL: none was. */
static const char *opinion_of(const act_t *act, const json_t *parameters)
{
    return pia_json_text(act->matter->facts, pia_json_text(parameters, "fact"));
}

static bool departs(const act_t *act, const json_t *parameters)
{
    const char *opinion = opinion_of(act, parameters);
    return opinion && !names_have(json_object_get(parameters, "values"), opinion);
}

pia_status_t
decision_departure_reasoned(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "text");
    char at[PIA_POINTER_MAX];
    if (!act->data || !departs(act, parameters) || pia_json_text(act->data, datum))
        return PIA_OK;
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    return pia_problem_set(problem, PIA_CONFLICT, at,
                           "the committee's opinion is %s: a decision that departs from it says "
                           "why, in %s",
                           opinion_of(act, parameters), datum);
}

static void set_day(json_t *json, const char *name, int64_t day)
{
    char text[DAY_TEXT_SIZE];
    day_format(day, text);
    json_object_set_new(json, name, json_string(text));
}

/* The day of an instant's text. */
static bool day_of_time(const char *text, int64_t *ret_day)
{
    int64_t time_ms;
    if (!text || !pia_time_parse(text, &time_ms))
        return false;
    *ret_day = day_of(time_ms);
    return true;
}

static void add_opinion(const act_t *act, const json_t *parameters, json_t *content)
{
    const char *opinion = opinion_of(act, parameters);
    const json_t *origin = json_object_get(act->matter->facts, pia_json_text(parameters, "origin"));
    int64_t day;
    json_object_set_new(content, "departs", json_boolean(departs(act, parameters)));
    if (!opinion)
        return;
    json_t *json =
        json_pack("{s:s, s:O*, s:O*}", "opinion", opinion, "session",
                  json_object_get(origin, "session"), "item", json_object_get(origin, "item"));
    if (day_of_time(pia_json_text(origin, "given_at"), &day))
        set_day(json, "given_on", day);
    json_object_set_new(content, "opinion", json);
}

/* A signature as a decision prints it. */
static json_t *make_signature(const act_t *act, const json_t *signature, int64_t day)
{
    const char *capacity = pia_json_text(signature, "capacity");
    json_t *json =
        json_pack("{s:s, s:s, s:O*, s:O*, s:O*, s:O*}", "capacity", capacity, "label",
                  words_of(act->matter->definition, "capacities", capacity), "function",
                  json_object_get(signature, "function"), "act", json_object_get(signature, "act"),
                  "authority", json_object_get(signature, "authority"), "name",
                  json_object_get(signature, "name"));
    set_day(json, "signed_on", day);
    return json;
}

/* Who asks for the transition signs it, too: in the capacity that it names, or in the effect's. */
static pia_status_t sign_now(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    char authority[PIA_UUID_TEXT_SIZE] = "";
    const char *named = pia_json_text(act->data, "capacite");
    const char *capacity = named ? named : pia_json_text(parameters, "capacity");
    if (!act->principal || !capacity)
        return PIA_OK;
    pia_status_t status = signature_clear(act->db, act->matter->id);
    if (status == PIA_OK)
        status = authority_find(act, capacity, "capacite", authority, problem);
    if (status == PIA_OK)
        status = signature_add(act->db, act->matter->id, capacity, act->principal->subject,
                               authority, act->recorded_ms);
    return status;
}

static pia_status_t add_signatures(const act_t *act, json_t *content)
{
    json_t *list = NULL, *signatures = json_array();
    pia_status_t status = signature_list(act->db, act->matter->id, &list);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *signature = json_array_get(list, i);
        int64_t day = day_of(act->effective_ms);
        (void)day_of_time(pia_json_text(signature, "signed_at"), &day);
        json_array_append_new(signatures, make_signature(act, signature, day));
    }
    json_object_set_new(content, "signatures", signatures);
    json_decref(list);
    return status;
}

/* Days off are those of the pôle's place; the court is in metropolitan France. */
static pia_status_t
add_remedy(const act_t *act, const char *name, int64_t from, json_t *list, pia_problem_t *problem)
{
    const json_t *pole = json_object_get(act->matter->card, "pole");
    legal_facts_t facts = {.rule = legal_rule_find(name), .from = from};
    legal_deadline_t deadline;
    char period[LEGAL_PERIOD_SIZE];
    if (!place_find(pia_json_text(pole, "departement"), &facts.place))
        (void)place_find(NULL, &facts.place);
    (void)place_find(NULL, &facts.court);
    pia_status_t status = legal_clock(&facts, &deadline, problem);
    if (status != PIA_OK)
        return status;
    legal_period(&facts.rule->period, period);
    json_t *remedy =
        json_pack("{s:s, s:s, s:s, s:s, s:o}", "rule", name, "label", facts.rule->label, "article",
                  facts.rule->article, "period", period, "deadline", legal_view(&facts, &deadline));
    set_day(remedy, "last_day", deadline.last_day);
    json_array_append_new(list, remedy);
    return PIA_OK;
}

static pia_status_t add_remedies(const act_t *act, json_t *content, pia_problem_t *problem)
{
    json_t *list = json_array();
    int64_t notified = day_of(act->effective_ms);
    const char *given = pia_json_text(act->data, "notification");
    pia_status_t status = PIA_OK;
    if (given && pia_date_parse(given, &notified) && notified < day_of(act->effective_ms))
        status = pia_problem_set(problem, PIA_INVALID, "/data/notification",
                                 "is before the decision is taken");
    set_day(content, "notified_on", notified);
    for (size_t i = 0; status == PIA_OK && i < sizeof remedies / sizeof remedies[0]; i++)
        status = add_remedy(act, remedies[i], notified, list, problem);
    json_object_set_new(content, "remedies", list);
    return status;
}

/* A departure that was reasoned before: the fact `ecart`, a text's hash. */
static pia_status_t read_departure(const act_t *act, char **ret_text)
{
    const char *hash = pia_json_text(act->matter->facts, "ecart");
    *ret_text = NULL;
    return hash ? committee_name(act->db, hash, ret_text) : PIA_OK;
}

/* A row of decisions never changes: names of persons stand in its text, and at their authority. */
static char *dump_without_names(const json_t *content)
{
    json_t *kept = json_deep_copy(content);
    const json_t *signatures = json_object_get(kept, "signatures");
    for (size_t i = 0; i < json_array_size(signatures); i++)
        json_object_del(json_array_get(signatures, i), "name");
    char *dumped = json_dumps(kept, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(kept);
    return dumped;
}

static pia_status_t add_names(pia_db_t *db, const json_t *content)
{
    const json_t *signatures = json_object_get(content, "signatures");
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(signatures); i++) {
        json_t *signature = json_array_get(signatures, i), *card = NULL;
        const char *authority = pia_json_text(signature, "authority");
        if (authority)
            status = authority_card(db, authority, &card);
        if (json_object_get(card, "name"))
            json_object_set(signature, "name", json_object_get(card, "name"));
        json_decref(card);
    }
    return status;
}

static pia_status_t store(act_t *act, const json_t *content)
{
    char hash[TEXT_HASH_SIZE];
    char *departure = NULL;
    pia_status_t status = read_departure(act, &departure);
    if (status != PIA_OK)
        return status;
    const char *now = pia_json_text(act->data, "ecart");
    const decision_reasons_t reasons = {
        .law = pia_json_text(act->data, "motifs_droit"),
        .fact = pia_json_text(act->data, "motifs_fait"),
        .departure = now ? now : departure,
    };
    char *text = decision_text(content, &reasons, act);
    status = text_add(act->db, act->matter->id, text, act->recorded_ms, hash);
    free(text);
    free(departure);
    if (status != PIA_OK)
        return status;
    char *dumped = dump_without_names(content);
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[INSERT]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_integer(stmt, 2, act->matter->version);
    pia_stmt_text(stmt, 3, dumped);
    pia_stmt_text(stmt, 4, hash);
    free(dumped);
    json_object_set_new(act->record, "issued", json_pack("{s:s}", "blake2b", hash));
    return pia_stmt_run(stmt, NULL);
}

pia_status_t decision_issue(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *sense = pia_json_text(parameters, "sense");
    json_t *content = json_pack("{s:s, s:I, s:s, s:O}", "dossier", act->matter->id, "number",
                                (json_int_t)act->matter->version, "sense", sense, "title",
                                json_object_get(act->matter->card, "title"));
    set_day(content, "decided_on", day_of(act->effective_ms));
    add_opinion(act, parameters, content);
    pia_status_t status = sign_now(act, parameters, problem);
    if (status == PIA_OK)
        status = add_signatures(act, content);
    if (status == PIA_OK && strcmp(sense, "award") != 0)
        status = add_remedies(act, content, problem);
    else
        json_object_set_new(content, "remedies", json_array());
    if (status == PIA_OK)
        status = store(act, content);
    json_decref(content);
    return status;
}

pia_status_t decision_find(pia_db_t *db, const char *dossier, json_t **ret_json)
{
    char *text = NULL;
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    json_t *json = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    json_t *hash = json_string(pia_stmt_column_text(stmt, 1));
    pia_stmt_reset(stmt);
    status = committee_name(db, json_string_value(hash), &text);
    json_decref(hash);
    if (status == PIA_OK)
        status = add_names(db, json);
    if (status == PIA_OK) {
        json_object_set_new(json, "text", json_string(text));
        *ret_json = json;
    } else {
        json_decref(json);
    }
    free(text);
    return status;
}
