/* effects_review.c - what transitions do to reviews and their reports, and what they wait for. */
#include "effects_review.h"

#include <stdio.h>
#include <string.h>

#include "data.h"
#include "grid.h"
#include "kin.h"
#include "matter.h"
#include "people.h"
#include "pia/json.h"
#include "report.h"
#include "review.h"
#include "review_draft.h"
#include "reviewer.h"

/* The dossier's fact about reports that diverge, which its transitions set: absent, said (any
 * value), or waived. */
static const char divergence_fact[] = "divergence";
static const char waived[] = "ecartee";

/* Whether this person may review anything of the structure. */
static pia_status_t check_person(const act_t *act, pia_problem_t *problem)
{
    static const char at[] = "/person";
    const matter_t *review = act->matter;
    person_t person;
    pia_status_t status = people_find(act->db, review->person, &person);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, at, "there is no such person");
    if (status == PIA_UNAVAILABLE)
        return pia_problem_set(problem, status, at,
                               "this person is not known here yet: try again shortly");
    if (status != PIA_OK)
        return status;
    if ((person.roles & PIA_ROLE_REVIEWER) == 0)
        return pia_problem_set(problem, PIA_INVALID, at, "this person is not a reviewer");
    if (strcmp(person.structure, review->structure) == 0)
        return pia_problem_set(problem, PIA_INVALID, at,
                               "this person is of the structure whose dossier it is");
    const char *link = NULL;
    status =
        reviewer_link(act->db, review->person, review->structure, day_of(act->effective_ms), &link);
    if (status == PIA_OK && link)
        return pia_problem_set(problem, PIA_CONFLICT, at,
                               "this person has declared a link with the structure: %s", link);
    return status;
}

/* Whether the dossier has room for this review beside those that it has. */
static pia_status_t check_quota(const act_t *act, pia_problem_t *problem)
{
    const matter_t *review = act->matter;
    int64_t max = review->definition->reviews.max;
    review_counts_t counts;
    bool has = false;
    pia_status_t status =
        review_has_other(act->db, review->parent, review->person, review->id, &has);
    if (status == PIA_OK && has)
        return pia_problem_set(problem, PIA_CONFLICT, "/person",
                               "this person has an open review of this dossier");
    if (status == PIA_OK)
        status = review_count(act->db, review->parent, review->id, &counts);
    if (status == PIA_OK && counts.open >= max)
        return pia_problem_set(problem, PIA_CONFLICT, "/person",
                               "a dossier has at most %lld reviewers at once", (long long)max);
    return status;
}

pia_status_t reviewer_eligible(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    pia_status_t status = check_person(act, problem);
    return status == PIA_OK ? check_quota(act, problem) : status;
}

pia_status_t reviews_filed(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    int64_t min = act->matter->definition->reviews.min;
    review_counts_t counts;
    pia_status_t status = review_count(act->db, act->matter->id, "", &counts);
    if (status != PIA_OK)
        return status;
    if (counts.accepted == 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition", "no reviewer is assigned");
    if (counts.filed < counts.accepted)
        return pia_problem_set(
            problem, PIA_CONFLICT, "/transition", "%lld of %lld reviews are missing",
            (long long)(counts.accepted - counts.filed), (long long)counts.accepted);
    if (counts.filed < min)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "a dossier needs %lld reports, and has %lld", (long long)min,
                               (long long)counts.filed);
    return PIA_OK;
}

static bool is_waived(const matter_t *dossier)
{
    const char *fact = pia_json_text(dossier->facts, divergence_fact);
    return fact && strcmp(fact, waived) == 0;
}

pia_status_t divergence_settled(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const matter_t *dossier = act->matter;
    review_counts_t counts;
    bool diverges = false;
    pia_status_t status = review_count(act->db, dossier->id, "", &counts);
    if (status != PIA_OK || is_waived(dossier) || counts.filed > dossier->definition->reviews.min)
        return status;
    status = report_diverges(act->db, dossier, &diverges);
    if (status != PIA_OK || !diverges)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "the reports diverge: a further one is needed, or a reasoned waiver");
}

/* Asks one person; its refusal stands at `at`. */
static pia_status_t ask(const act_t *cause,
                        const char *person,
                        const char *creation,
                        const char *at,
                        pia_problem_t *problem)
{
    char id[PIA_UUID_TEXT_SIZE];
    child_t child = {.kind = MACHINE_REVIEW, .transition = creation, .person = person};
    pia_status_t status = matter_create_child(cause, &child, id, problem);
    if (status != PIA_OK && problem->status == status && strcmp(problem->pointer, "/person") == 0)
        (void)snprintf(problem->pointer, sizeof problem->pointer, "%s", at);
    return status;
}

pia_status_t run_assign_reviewers(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "data");
    const json_t *persons = json_object_get(act->data, datum);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(persons); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/%s/%zu", datum, i);
        status = ask(act, json_string_value(json_array_get(persons, i)),
                     pia_json_text(parameters, "transition"), at, problem);
    }
    return status;
}

pia_status_t run_close_reviews(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    json_object_del(act->matter->facts, divergence_fact);
    return review_close(act->db, act->matter->id);
}

/* The hash of a text that the history holds. */
static const char *hash_of(const act_t *act, const char *name)
{
    return pia_json_text(json_object_get(act->record, name), "blake2b");
}

pia_status_t run_answer_reviews(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    return report_answer(act->db, act->matter->id, hash_of(act, pia_json_text(parameters, "text")),
                         act->recorded_ms);
}

pia_status_t run_open_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_open(act->db, act->matter, act->recorded_ms);
}

pia_status_t run_declare_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    const char *link = pia_json_text(act->data, pia_json_text(parameters, "data"));
    if (strcmp(link, pia_json_text(parameters, "none")) != 0)
        return review_end(act->db, act->matter->id, true);
    return review_declare(act->db, act->matter->id, act->recorded_ms);
}

pia_status_t run_accept_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_accept(act->db, act->matter->id, act->recorded_ms);
}

pia_status_t run_end_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    pia_status_t status = review_draft_drop(act->db, act->matter->id);
    return status == PIA_OK ? review_end(act->db, act->matter->id, false) : status;
}

pia_status_t run_drop_draft(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_draft_drop(act->db, act->matter->id);
}

pia_status_t run_show_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_show(act->db, act->matter->id, act->recorded_ms);
}

/* The scores, with the hashes of their justifications. */
static json_t *kept_scores(const act_t *act, const char *datum)
{
    json_t *scores = json_deep_copy(json_object_get(act->record, datum)), *item;
    size_t i;
    json_array_foreach(scores, i, item)
    {
        char member[DATA_NAME_SIZE];
        (void)snprintf(member, sizeof member, "%s.%s", datum, pia_json_text(item, "criterion"));
        const char *hash = hash_of(act, member);
        if (hash)
            json_object_set_new(item, "justification", json_string(hash));
    }
    return scores;
}

static pia_status_t file_report(act_t *act,
                                const json_t *parameters,
                                const json_t *specification,
                                pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "scores");
    const json_t *scores = json_object_get(act->data, datum);
    char at[PIA_POINTER_MAX];
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    pia_status_t status = grid_check(
        specification, scores, act->matter->definition->reviews.justification_min, at, problem);
    if (status != PIA_OK)
        return status;
    json_t *kept = kept_scores(act, datum);
    review_report_t report = {
        .opinion = pia_json_text(act->data, pia_json_text(parameters, "opinion")),
        .points = grid_points(specification, scores),
        .scores = kept,
        .text_hash = hash_of(act, pia_json_text(parameters, "text")),
        .filed_ms = act->recorded_ms,
    };
    status = review_file(act->db, act->matter->id, &report);
    json_decref(kept);
    if (status == PIA_CONFLICT && !pia_db_is_retryable(act->db))
        return pia_problem_set(problem, status, "/transition", "this review was not accepted");
    return status == PIA_OK ? review_draft_drop(act->db, act->matter->id) : status;
}

pia_status_t run_file_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    json_t *specification = NULL;
    pia_status_t status = report_specification(act->db, act->matter, &specification, problem);
    if (status == PIA_OK)
        status = file_report(act, parameters, specification, problem);
    json_decref(specification);
    return status;
}

/* What follows on the dossier of a review. */
typedef struct {
    const act_t *act;
    const json_t *parameters;
    matter_t *dossier;
    pia_problem_t *problem;
} follow_t;

static bool may_move(const follow_t *follow, const char *name)
{
    const transition_t *transition = machine_transition(follow->dossier->machine, name);
    return transition && transition_starts_in(transition, follow->dossier->state);
}

static pia_status_t move_dossier(const follow_t *follow, const char *parameter)
{
    return matter_move_other(follow->act, MACHINE_DOSSIER, follow->dossier->id,
                             pia_json_text(follow->parameters, parameter), follow->problem);
}

/* The person that fits best; "" if nobody does. */
static pia_status_t find_best(const follow_t *follow, char ret_person[PIA_UUID_TEXT_SIZE])
{
    json_t *proposal = NULL;
    pia_status_t status = reviewer_propose(follow->act->db, follow->dossier, 1,
                                           day_of(follow->act->effective_ms), &proposal);
    const json_t *first = json_array_get(json_object_get(proposal, "items"), 0);
    const char *person = pia_json_text(first, "person");
    (void)snprintf(ret_person, PIA_UUID_TEXT_SIZE, "%s", person ? person : "");
    json_decref(proposal);
    return status;
}

/* Asks one more reviewer if the dossier has fewer than `wanted`; says so if there is none. */
static pia_status_t ask_another(const follow_t *follow, int64_t wanted)
{
    act_t cause = *follow->act;
    char person[PIA_UUID_TEXT_SIZE] = "";
    review_counts_t counts;
    if (!may_move(follow, pia_json_text(follow->parameters, "otherwise")))
        return PIA_OK;
    pia_status_t status = review_count(cause.db, follow->dossier->id, "", &counts);
    if (status != PIA_OK || counts.open >= wanted)
        return status;
    if (counts.open < follow->dossier->definition->reviews.max)
        status = find_best(follow, person);
    if (status != PIA_OK)
        return status;
    if (person[0] == '\0')
        return move_dossier(follow, "otherwise");
    cause.matter = follow->dossier;
    return ask(&cause, person, pia_json_text(follow->parameters, "creation"), "/person",
               follow->problem);
}

static pia_status_t replace(const follow_t *follow)
{
    bool diverges = false;
    pia_status_t status = report_diverges(follow->act->db, follow->dossier, &diverges);
    bool further = diverges && !is_waived(follow->dossier);
    return status == PIA_OK
               ? ask_another(follow, follow->dossier->definition->reviews.min + further)
               : status;
}

static pia_status_t judge(const follow_t *follow)
{
    const act_t *act = follow->act;
    const matter_t *dossier = follow->dossier;
    review_counts_t counts;
    bool diverges = false;
    pia_status_t status = review_count(act->db, dossier->id, "", &counts);
    bool open = status == PIA_OK && counts.filed <= dossier->definition->reviews.min &&
                !json_object_get(dossier->facts, divergence_fact) &&
                may_move(follow, pia_json_text(follow->parameters, "transition"));
    if (open)
        status = report_diverges(act->db, dossier, &diverges);
    if (status != PIA_OK || !diverges)
        return status;
    status = move_dossier(follow, "transition");
    return status == PIA_OK ? ask_another(follow, dossier->definition->reviews.min + 1) : status;
}

typedef pia_status_t follow_fn(const follow_t *follow);

static pia_status_t
follow_up(act_t *act, const json_t *parameters, follow_fn *run, pia_problem_t *problem)
{
    matter_t dossier;
    const follow_t follow = {act, parameters, &dossier, problem};
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_DOSSIER, act->matter->parent, &dossier, problem);
    if (status != PIA_OK)
        return status;
    status = run(&follow);
    matter_clear(&dossier);
    return status;
}

pia_status_t run_replace_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    return follow_up(act, parameters, replace, problem);
}

pia_status_t run_judge_divergence(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    return follow_up(act, parameters, judge, problem);
}
