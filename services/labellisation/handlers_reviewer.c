/* handlers_reviewer.c - what reviewers know and how much they have to do; whom to propose. */
#include <string.h>

#include "day.h"
#include "handler.h"
#include "pia/clock.h"
#include "proto/review.h"
#include "reviewer.h"

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

/* A reviewer speaks for itself only. */
static pia_status_t
check_person(const pia_request_t *request, const char *person, pia_problem_t *problem)
{
    const pia_principal_t *principal = pia_request_principal(request);
    bool office = (principal->roles & (PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR)) != 0;
    if (office || strcmp(principal->person, person) == 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_FORBIDDEN, "/person", "this is another reviewer");
}

static pia_status_t
find(pia_db_t *db, const char *person, json_t **ret_json, pia_problem_t *problem)
{
    pia_status_t status = reviewer_find(db, person, ret_json);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/person", "nothing is known of this reviewer");
    return status;
}

void handle_reviewer_put(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_reviewer_put_t *fields = pia_request_fields(*request_p);
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = check_person(*request_p, fields->person, &problem);
    if (status == PIA_OK) {
        json_t *content = json_pack(
            "{s:O, s:O*, s:I, s:O*, s:O*}", "themes", fields->themes, "sectors", fields->sectors,
            "load_max", (json_int_t)fields->load_max, "away", fields->away, "links", fields->links);
        status = reviewer_put(self->db, fields->person, content, pia_clock_now());
        json_decref(content);
    }
    if (status == PIA_OK)
        status = find(self->db, fields->person, &json, &problem);
    answer(request_p, status, json, &problem);
}

void handle_reviewer_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_reviewer_get_t *fields = pia_request_fields(*request_p);
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = check_person(*request_p, fields->person, &problem);
    if (status == PIA_OK)
        status = find(self->db, fields->person, &json, &problem);
    answer(request_p, status, json, &problem);
}

void handle_review_propose(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_review_propose_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        status = reviewer_propose(self->db, &found.matter,
                                  fields->has_quota ? fields->quota
                                                    : found.matter.definition->reviews.min,
                                  day_of(pia_clock_now()), &json);
        matter_clear(&found.matter);
    }
    answer(request_p, status, json, &problem);
}
