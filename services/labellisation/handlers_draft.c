/* handlers_draft.c - the report that a reviewer is writing. */
#include <string.h>

#include "access.h"
#include "effects_review.h"
#include "grid.h"
#include "pia/clock.h"
#include "proto/review.h"
#include "report.h"
#include "review_draft.h"

/* Whether some transition of the present state files a report. */
static bool takes_report(const matter_t *review)
{
    for (size_t i = 0; i < review->machine->transition_count; i++) {
        const transition_t *transition = &review->machine->transitions[i];
        for (size_t j = 0; j < transition->effect_count; j++)
            if (transition->effects[j].kind->run == run_file_review &&
                transition_starts_in(transition, review->state))
                return true;
    }
    return false;
}

/* The asker's own review, and the specification that it is to be scored by. */
static pia_status_t find(labellisation_t *self,
                         const pia_request_t *request,
                         const char *id,
                         handler_found_t *ret_found,
                         json_t **ret_specification,
                         pia_problem_t *problem)
{
    pia_status_t status = handler_find(self, request, MACHINE_REVIEW, id, ret_found, problem);
    if (status != PIA_OK)
        return status;
    if (strcmp(ret_found->matter.person, pia_request_principal(request)->person) != 0)
        status = pia_problem_set(problem, PIA_FORBIDDEN, NULL, "a draft is its reviewer's alone");
    if (status == PIA_OK)
        status = report_specification(self->db, &ret_found->matter, ret_specification, problem);
    if (status != PIA_OK)
        matter_clear(&ret_found->matter);
    return status;
}

/* Proto's review_draft; version 0 and nothing if there is none. */
static pia_status_t
view(pia_db_t *db, const matter_t *review, const json_t *specification, json_t **ret_json)
{
    int64_t version = 0, saved_ms = 0, min = review->definition->reviews.justification_min;
    json_t *content = NULL;
    char saved_at[PIA_TIME_TEXT_SIZE];
    pia_status_t status = review_draft_find(db, review->id, &version, &saved_ms, &content);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    if (!content)
        content = json_object();
    const json_t *scores = json_object_get(content, "scores");
    json_t *missing = grid_missing(specification, scores, min);
    json_t *json = json_pack("{s:s, s:I, s:O, s:o}", "review", review->id, "version",
                             (json_int_t)version, "content", content, "missing", missing);
    pia_time_format(saved_ms, saved_at);
    if (version > 0)
        json_object_set_new(json, "saved_at", json_string(saved_at));
    if (json_array_size(missing) == 0)
        json_object_set_new(json, "total",
                            json_integer(grid_total(grid_points(specification, scores),
                                                    grid_points_max(specification))));
    json_decref(content);
    *ret_json = json;
    return PIA_OK;
}

static int64_t version_of(const json_t *json)
{
    return json_integer_value(json_object_get(json, "version"));
}

void handle_draft_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_draft_get_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL, *specification = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find(self, *request_p, fields->review, &found, &specification, &problem);
    if (status == PIA_OK) {
        status = view(self->db, &found.matter, specification, &json);
        matter_clear(&found.matter);
    }
    json_decref(specification);
    access_answer(request_p, status, json, version_of(json), &problem);
}

/* Saves it; *ret_json is what is there then, also if somebody else was faster. */
static pia_status_t save(labellisation_t *self,
                         const pia_request_t *request,
                         const matter_t *review,
                         const json_t *specification,
                         json_t **ret_json,
                         pia_problem_t *problem)
{
    const pia_labellisation_draft_save_t *fields = pia_request_fields(request);
    const review_draft_save_t asked = {
        .review = review->id,
        .base = fields->version,
        .content = fields->content,
        .matter = review->version,
        .saved_ms = pia_clock_now(),
    };
    if (!takes_report(review))
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "in the state %s no report is written",
                               review->machine->states[review->state].name);
    pia_status_t status = grid_check_draft(
        specification, json_object_get(fields->content, "scores"), "/content/scores", problem);
    if (status != PIA_OK)
        return status;
    pia_status_t saved = review_draft_save(self->db, &asked);
    if (saved != PIA_OK && (saved != PIA_CONFLICT || pia_db_is_retryable(self->db)))
        return saved;
    status = view(self->db, review, specification, ret_json);
    if (status != PIA_OK || saved == PIA_OK)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, "/version",
                           "the draft was saved elsewhere: the present version is %lld",
                           (long long)version_of(*ret_json));
}

void handle_draft_save(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_draft_save_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL, *specification = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find(self, *request_p, fields->review, &found, &specification, &problem);
    if (status == PIA_OK) {
        status = save(self, *request_p, &found.matter, specification, &json, &problem);
        matter_clear(&found.matter);
    }
    json_decref(specification);
    if (status == PIA_CONFLICT && json)
        pia_request_conflict(request_p, &problem, json);
    else
        access_answer(request_p, status, json, version_of(json), &problem);
}
