/* effects.c - what a transition may do beside changing the state. */
#include <stdio.h>
#include <string.h>

#include "authority.h"
#include "committee.h"
#include "decision.h"
#include "definition_internal.h"
#include "effects_content.h"
#include "effects_review.h"
#include "erasure.h"
#include "kin.h"
#include "label_letter.h"
#include "label_life.h"
#include "matter.h"
#include "milestone.h"
#include "minutes.h"
#include "notice.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "remedy.h"
#include "renewal.h"
#include "rule.h"
#include "session.h"
#include "signature.h"

static void set_fact(matter_t *matter, const char *fact, json_t *value)
{
    if (value)
        json_object_set_new(matter->facts, fact, value);
    else
        json_object_del(matter->facts, fact);
}

static pia_status_t run_record_fact(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    const json_t *map = json_object_get(parameters, "map");
    json_t *value = json_object_get(act->data, pia_json_text(parameters, "data"));
    if (map)
        value = json_object_get(map, json_string_value(value));
    set_fact(act->matter, pia_json_text(parameters, "fact"), json_incref(value));
    return PIA_OK;
}

static pia_status_t run_set_fact(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    set_fact(act->matter, pia_json_text(parameters, "fact"),
             json_incref(json_object_get(parameters, "value")));
    return PIA_OK;
}

/* The hash of a text, so that a later transition finds it. */
static pia_status_t run_keep_text(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    const json_t *text = json_object_get(act->record, pia_json_text(parameters, "text"));
    set_fact(act->matter, pia_json_text(parameters, "fact"),
             json_incref(json_object_get(text, "blake2b")));
    return PIA_OK;
}

/* What another matter's transition has given with it; when it was made, if somebody made it. */
static pia_status_t run_record_origin(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    char at[PIA_TIME_TEXT_SIZE];
    json_t *origin = json_object_get(act->record, "origin");
    pia_time_format(act->effective_ms, at);
    set_fact(act->matter, pia_json_text(parameters, "fact"),
             origin ? json_incref(origin) : json_pack("{s:s}", "given_at", at));
    return PIA_OK;
}

static pia_status_t run_clear_fact(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    set_fact(act->matter, pia_json_text(parameters, "fact"), NULL);
    return PIA_OK;
}

static pia_status_t
run_record_signature(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *capacity = pia_json_text(act->data, pia_json_text(parameters, "data"));
    char authority[PIA_UUID_TEXT_SIZE];
    const char *datum = pia_json_text(parameters, "data");
    pia_status_t status = authority_find(act, capacity, datum, authority, problem);
    if (status == PIA_OK)
        status = signature_add(act->db, act->matter->id, capacity, act->principal->subject,
                               authority, act->recorded_ms);
    if (status == PIA_OK && authority[0] != '\0')
        json_object_set_new(act->record, "authority", json_string(authority));
    if (status == PIA_CONFLICT && !pia_db_is_retryable(act->db)) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/%s", datum);
        return pia_problem_set(problem, status, at, "%s has signed already", capacity);
    }
    return status;
}

static pia_status_t
run_clear_signatures(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return signature_clear(act->db, act->matter->id);
}

static pia_status_t run_move_parent(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *matter = act->matter;
    if (matter->parent[0] == '\0')
        return PIA_OK;
    return matter_move_other(act, matter->parent_kind, matter->parent,
                             pia_json_text(parameters, "transition"), problem);
}

static pia_status_t run_move_children(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    return matter_move_children(act, kind_parse(pia_json_text(parameters, "kind")),
                                pia_json_text(parameters, "transition"), problem);
}

static pia_status_t run_erase_texts(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data");
    char at[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    return erasure_make(act, json_integer_value(json_object_get(act->data, datum)), at, problem);
}

static const effect_kind_t effects[] = {
    {.name = "record_fact",
     .run = run_record_fact,
     .pure = true,
     .parameters = {{"fact", PARAMETER_NEW_FACT},
                    {"data", PARAMETER_DATUM},
                    {"map", PARAMETER_MAP}}},
    {.name = "set_fact",
     .run = run_set_fact,
     .pure = true,
     .parameters = {{"fact", PARAMETER_NEW_FACT}, {"value", PARAMETER_VALUE}}},
    {.name = "record_origin",
     .run = run_record_origin,
     .parameters = {{"fact", PARAMETER_NEW_FACT}}},
    {.name = "clear_fact",
     .run = run_clear_fact,
     .pure = true,
     .parameters = {{"fact", PARAMETER_FACT}}},
    {.name = "assign_reviewers",
     .run = run_assign_reviewers,
     .kinds = 1 << MACHINE_DOSSIER,
     .of = MACHINE_REVIEW,
     .parameters = {{"data", PARAMETER_PERSONS}, {"transition", PARAMETER_CREATION}}},
    {.name = "close_reviews", .run = run_close_reviews, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "answer_reviews",
     .run = run_answer_reviews,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"text", PARAMETER_TEXT}}},
    {.name = "open_review", .run = run_open_review, .kinds = 1 << MACHINE_REVIEW},
    {.name = "declare_review",
     .run = run_declare_review,
     .kinds = 1 << MACHINE_REVIEW,
     .parameters = {{"data", PARAMETER_CHOICE}, {"none", PARAMETER_VALUE}}},
    {.name = "accept_review", .run = run_accept_review, .kinds = 1 << MACHINE_REVIEW},
    {.name = "end_review", .run = run_end_review, .kinds = 1 << MACHINE_REVIEW},
    {.name = "file_review",
     .run = run_file_review,
     .kinds = 1 << MACHINE_REVIEW,
     .parameters = {{"opinion", PARAMETER_CHOICE},
                    {"scores", PARAMETER_SCORES},
                    {"text", PARAMETER_TEXT}}},
    {.name = "drop_draft", .run = run_drop_draft, .kinds = 1 << MACHINE_REVIEW},
    {.name = "show_review", .run = run_show_review, .kinds = 1 << MACHINE_REVIEW},
    {.name = "replace_review",
     .run = run_replace_review,
     .others = true,
     .kinds = 1 << MACHINE_REVIEW,
     .parameters = {{"creation", PARAMETER_SIBLING}, {"otherwise", PARAMETER_OF_PARENT}}},
    {.name = "judge_divergence",
     .run = run_judge_divergence,
     .others = true,
     .kinds = 1 << MACHINE_REVIEW,
     .parameters = {{"transition", PARAMETER_OF_PARENT},
                    {"creation", PARAMETER_SIBLING},
                    {"otherwise", PARAMETER_OF_PARENT}}},
    {.name = "record_signature",
     .run = run_record_signature,
     .personal = true,
     .parameters = {{"data", PARAMETER_CHOICE}}},
    {.name = "clear_signatures", .run = run_clear_signatures},
    {.name = "award_label",
     .run = run_award_label,
     .kinds = 1 << MACHINE_DOSSIER,
     .of = MACHINE_LABEL,
     .parameters = {{"transition", PARAMETER_CREATION},
                    {"renewal", PARAMETER_CREATION, true},
                    {"validity", PARAMETER_PERIOD}}},
    {.name = "end_label",
     .run = run_end_label,
     .pure = true,
     .kinds = 1 << MACHINE_LABEL,
     .parameters = {{"day", PARAMETER_DAY}}},
    {.name = "extend_label",
     .run = run_extend_label,
     .pure = true,
     .kinds = 1 << MACHINE_LABEL,
     .parameters = {{"data", PARAMETER_DATE}, {"within", PARAMETER_PERIOD}}},
    {.name = "restore_label", .run = run_restore_label, .pure = true, .kinds = 1 << MACHINE_LABEL},
    {.name = "record_left_state",
     .run = run_record_left_state,
     .pure = true,
     .parameters = {{"fact", PARAMETER_NEW_FACT}}},
    {.name = "set_date",
     .run = run_set_date,
     .pure = true,
     .dates = true,
     .parameters = {{"fact", PARAMETER_NEW_FACT}, {"after", PARAMETER_PERIOD}}},
    {.name = "open_renewal",
     .run = run_open_renewal,
     .outward = true,
     .kinds = 1 << MACHINE_LABEL,
     .of = MACHINE_DOSSIER,
     .parameters = {{"transition", PARAMETER_CREATION}}},
    {.name = "settle_renewal",
     .run = run_settle_renewal,
     .others = true,
     .kinds = 1 << MACHINE_DOSSIER,
     .of = MACHINE_LABEL,
     .parameters = {{"transition", PARAMETER_TRANSITION}}},
    {.name = "issue_letter",
     .run = run_issue_letter,
     .check = label_letter_check,
     .outward = true,
     .kinds = 1 << MACHINE_LABEL | 1 << MACHINE_REMEDY,
     .parameters = {{"letter", PARAMETER_VALUE}}},
    {.name = "file_remedy",
     .run = run_file_remedy,
     .personal = true,
     .kinds = 1 << MACHINE_REMEDY,
     .parameters = {{"nature", PARAMETER_VALUE},
                    {"sent", PARAMETER_DATE},
                    {"received", PARAMETER_DATE, true},
                    {"notified", PARAMETER_DATE},
                    {"court", PARAMETER_CHOICE, true}}},
    {.name = "correct_remedy",
     .run = run_correct_remedy,
     .personal = true,
     .kinds = 1 << MACHINE_REMEDY,
     .parameters = {{"notified", PARAMETER_DATE}}},
    {.name = "settle_remedy",
     .run = run_settle_remedy,
     .kinds = 1 << MACHINE_REMEDY,
     .parameters = {{"fact", PARAMETER_NEW_FACT}}},
    {.name = "move_contested",
     .run = run_move_contested,
     .others = true,
     .outward = true,
     .kinds = 1 << MACHINE_REMEDY,
     .parameters = {{"fact", PARAMETER_FACT},
                    {"transition", PARAMETER_OF_PARENT},
                    {"otherwise", PARAMETER_OF_A_PARENT, true}}},
    {.name = "record_notice",
     .run = run_record_notice,
     .personal = true,
     .outward = true,
     .kinds = 1 << MACHINE_DOSSIER | 1 << MACHINE_LABEL | 1 << MACHINE_REMEDY,
     .needs = notice_needs},
    {.name = "add_milestone",
     .run = milestone_add,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"text", PARAMETER_TEXT}, {"due", PARAMETER_DATE}}},
    {.name = "reach_milestone",
     .run = milestone_reach,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"data", PARAMETER_INTEGER}}},
    {.name = "move_parent",
     .run = run_move_parent,
     .others = true,
     .parameters = {{"transition", PARAMETER_OF_PARENT}}},
    {.name = "move_children",
     .run = run_move_children,
     .others = true,
     .parameters = {{"kind", PARAMETER_KIND}, {"transition", PARAMETER_OF_CHILD}}},
    {.name = "erase_texts",
     .run = run_erase_texts,
     .personal = true,
     .parameters = {{"data", PARAMETER_INTEGER}}},
    {.name = "file_content", .run = run_file_content, .kinds = 1 << MACHINE_DOSSIER},
    {.name = "request_pieces",
     .run = run_request_pieces,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"pieces", PARAMETER_PIECES},
                    {"until", PARAMETER_DATE},
                    {"fact", PARAMETER_NEW_FACT}}},
    {.name = "issue_receipt",
     .run = run_issue_receipt,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"rule", PARAMETER_SILENCE}}},
    {.name = "close_request",
     .run = run_close_request,
     .kinds = 1 << MACHINE_DOSSIER,
     .parameters = {{"value", PARAMETER_VALUE}}},
    {.name = "name_member",
     .run = committee_name_member,
     .kinds = 1 << MACHINE_COMMITTEE,
     .needs = committee_member_needs},
    {.name = "name_substitute",
     .run = committee_name_substitute,
     .kinds = 1 << MACHINE_COMMITTEE,
     .needs = committee_substitute_needs,
     .parameters = {{"value", PARAMETER_VALUE}}},
    {.name = "end_mandate",
     .run = committee_end_mandate,
     .kinds = 1 << MACHINE_COMMITTEE,
     .needs = committee_end_needs},
    {.name = "renew_mandate",
     .run = committee_renew_mandate,
     .kinds = 1 << MACHINE_COMMITTEE,
     .needs = committee_renew_needs},
    {.name = "add_dossiers",
     .run = session_add_dossiers,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_dossiers_needs},
    {.name = "add_question",
     .run = session_add_question,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_question_needs},
    {.name = "remove_item",
     .run = session_remove_item,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_item_needs},
    {.name = "convene",
     .run = session_convene,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_convene_needs},
    {.name = "open_sitting",
     .run = session_open_sitting,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_open_needs},
    {.name = "note_attendance",
     .run = session_note_attendance,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_attendance_needs},
    {.name = "declare_own_interest",
     .run = session_declare_own_interest,
     .personal = true,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_declare_needs},
    {.name = "rule_on_interest",
     .run = session_rule_on_interest,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_rule_needs,
     .parameters = {{"value", PARAMETER_VALUE}}},
    {.name = "put_to_vote",
     .run = session_put_to_vote,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_vote_needs},
    {.name = "put_several",
     .run = session_put_several,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_votes_needs},
    {.name = "postpone_item",
     .run = session_postpone_item,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_item_needs},
    {.name = "record_dissent",
     .run = session_record_dissent,
     .personal = true,
     .kinds = 1 << MACHINE_SESSION,
     .needs = session_dissent_needs},
    {.name = "deliver_opinions",
     .run = session_deliver_opinions,
     .others = true,
     .kinds = 1 << MACHINE_SESSION,
     .of = MACHINE_DOSSIER,
     .parameters = {{"transition", PARAMETER_OPINION}}},
    {.name = "keep_text",
     .run = run_keep_text,
     .parameters = {{"fact", PARAMETER_NEW_FACT}, {"text", PARAMETER_TEXT}}},
    {.name = "issue_decision",
     .run = decision_issue,
     .kinds = 1 << MACHINE_DOSSIER,
     .needs = decision_needs,
     .parameters = {{"sense", PARAMETER_VALUE},
                    {"fact", PARAMETER_FACT},
                    {"origin", PARAMETER_FACT},
                    {"values", PARAMETER_NAMES},
                    {"capacity", PARAMETER_VALUE, true}}},
    {.name = "name_holder",
     .run = authority_name_holder,
     .kinds = 1 << MACHINE_AUTHORITY,
     .needs = authority_holder_needs},
    {.name = "sign_minutes", .run = minutes_sign, .personal = true, .kinds = 1 << MACHINE_SESSION},
    {.name = "redraw_minutes", .run = minutes_redraw, .kinds = 1 << MACHINE_SESSION},
    {.name = "renew_minutes",
     .run = minutes_renew,
     .others = true,
     .kinds = 1 << MACHINE_COMMITTEE | 1 << MACHINE_AUTHORITY,
     .of = MACHINE_SESSION,
     .parameters = {{"transition", PARAMETER_TRANSITION}}},
};

const effect_kind_t *effect_find(const char *name)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++)
        if (strcmp(effects[i].name, name) == 0)
            return &effects[i];
    return NULL;
}

size_t effect_count(void)
{
    return sizeof effects / sizeof effects[0];
}
