/* effects_review.c - who reviews a dossier, and what was filed: the effects and guards of reviews.
 */
#include "effects_review.h"

#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "matter.h"
#include "people.h"
#include "review.h"
#include "reviewer.h"
#include "store_matter.h"

enum { SIBLINGS = 100 }; /* a page of a dossier's reviews */

static const char *text_of(const json_t *parameters, const char *name)
{
    return json_string_value(json_object_get(parameters, name));
}

/* The dossier that it is about. */
static const char *dossier_of(const matter_t *matter)
{
    return matter->kind == MACHINE_REVIEW ? matter->parent : matter->id;
}

/* Whether this person may review the dossier; `at` is where its id stands. */
static pia_status_t
check_reviewer(const act_t *act, const char *id, const char *at, pia_problem_t *problem)
{
    person_t person;
    bool assigned, pending;
    pia_status_t status = people_find(act->db, id, &person);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, at, "there is no such person");
    if (status == PIA_UNAVAILABLE)
        return pia_problem_set(problem, status, at,
                               "this person is not known here yet: try again shortly");
    if (status != PIA_OK)
        return status;
    if ((person.roles & PIA_ROLE_REVIEWER) == 0)
        return pia_problem_set(problem, PIA_INVALID, at, "this person is not a reviewer");
    if (strcmp(person.structure, act->matter->structure) == 0)
        return pia_problem_set(problem, PIA_INVALID, at,
                               "this person is of the structure whose dossier it is");
    const char *link = NULL;
    status = reviewer_link(act->db, id, act->matter->structure, day_of(act->effective_ms), &link);
    if (status == PIA_OK && link)
        return pia_problem_set(problem, PIA_CONFLICT, at,
                               "this person has declared a link with the structure: %s", link);
    if (status != PIA_OK)
        return status;
    status = review_find(act->db, dossier_of(act->matter), id, &assigned, &pending);
    if (status == PIA_OK && assigned)
        return pia_problem_set(problem, PIA_CONFLICT, at, "this person is assigned already");
    return status;
}

static pia_status_t check_reviewer_count(const act_t *act, size_t added, pia_problem_t *problem)
{
    review_counts_t counts;
    pia_status_t status = review_count(act->db, dossier_of(act->matter), &counts);
    if (status == PIA_OK && counts.assigned + (int64_t)added > DATUM_PERSONS_MAX)
        return pia_problem_set(problem, PIA_CONFLICT, "/data", "at most %d reviewers are assigned",
                               DATUM_PERSONS_MAX);
    return status;
}

pia_status_t run_assign_reviewers(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = text_of(parameters, "data");
    const json_t *persons = json_object_get(act->data, datum);
    pia_status_t status = check_reviewer_count(act, json_array_size(persons), problem);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(persons); i++) {
        char at[PIA_POINTER_MAX];
        (void)snprintf(at, sizeof at, "/data/%s/%zu", datum, i);
        const char *id = json_string_value(json_array_get(persons, i));
        status = check_reviewer(act, id, at, problem);
        if (status == PIA_OK)
            status = review_assign(act->db, act->matter->id, id, act->recorded_ms);
    }
    return status == PIA_OK ? announce_assignment(act, persons) : status;
}

pia_status_t run_close_reviews(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_close(act->db, act->matter->id);
}

pia_status_t run_file_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const bool own = act->matter->kind == MACHINE_REVIEW;
    const json_t *text = json_object_get(act->record, text_of(parameters, "text"));
    review_report_t report = {
        .opinion = text_of(act->data, text_of(parameters, "opinion")),
        .score = json_integer_value(json_object_get(act->data, text_of(parameters, "score"))),
        .text_hash = json_string_value(json_object_get(text, "blake2b")),
        .filed_ms = act->recorded_ms,
        .again = own,
    };
    pia_status_t status =
        review_file(act->db, dossier_of(act->matter), act->principal->person, &report);
    if (status == PIA_CONFLICT && !pia_db_is_retryable(act->db))
        return pia_problem_set(problem, status, "/transition", "no review of yours is pending");
    return status == PIA_OK && !own ? announce_review(act) : status;
}

/* Whether this other review of the dossier is the same person's and not over. */
static pia_status_t
is_rival(const act_t *act, const char *id, bool *ret_rival, pia_problem_t *problem)
{
    matter_t other;
    if (strcmp(id, act->matter->id) == 0)
        return PIA_OK;
    pia_status_t status = matter_load(act->db, act->library, MACHINE_REVIEW, id, &other, problem);
    if (status != PIA_OK)
        return status;
    if (strcmp(other.person, act->matter->person) == 0 && !other.machine->states[other.state].final)
        *ret_rival = true;
    matter_clear(&other);
    return PIA_OK;
}

static pia_status_t find_rival(const act_t *act, bool *ret_rival, pia_problem_t *problem)
{
    char after[PIA_UUID_TEXT_SIZE] = "";
    matter_filter_t filter = {.parent = act->matter->parent, .after = after, .limit = SIBLINGS};
    size_t count = SIBLINGS + 1;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && count > SIBLINGS) {
        json_t *ids = NULL;
        status = store_matter_list(act->db, MACHINE_REVIEW, &filter, &ids);
        count = json_array_size(ids);
        for (size_t i = 0; status == PIA_OK && i < count && i < SIBLINGS; i++) {
            (void)snprintf(after, sizeof after, "%s", json_string_value(json_array_get(ids, i)));
            status = is_rival(act, after, ret_rival, problem);
        }
        json_decref(ids);
    }
    return status;
}

pia_status_t reviewer_eligible(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    bool rival = false;
    pia_status_t status = check_reviewer(act, act->matter->person, "/person", problem);
    if (status == PIA_OK)
        status = find_rival(act, &rival, problem);
    if (status == PIA_OK && rival)
        return pia_problem_set(problem, PIA_CONFLICT, "/person",
                               "this person has an open review of this dossier");
    return status;
}

pia_status_t run_declare_interests(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    const char *person = act->principal->person;
    const char *link = text_of(act->data, text_of(parameters, "data"));
    if (strcmp(link, text_of(parameters, "none")) != 0)
        return review_end(act->db, act->matter->id, person);
    return review_declare(act->db, act->matter->id, person, act->recorded_ms);
}

pia_status_t run_accept_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    const matter_t *review = act->matter;
    pia_status_t status = check_reviewer_count(act, 1, problem);
    if (status == PIA_OK)
        status = review_assign(act->db, review->parent, review->person, act->recorded_ms);
    if (status == PIA_OK)
        status = review_declare(act->db, review->parent, review->person, act->recorded_ms);
    return status;
}

pia_status_t run_end_review(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    return review_end(act->db, act->matter->parent, act->matter->person);
}
