/* handlers_review.c - proposing, reading and moving reviews. */
#include "engine.h"
#include "kin.h"
#include "pia/clock.h"
#include "proto/review.h"
#include "serve.h"

enum { NARROW = PIA_ROLE_CANDIDAT | PIA_ROLE_POLE | PIA_ROLE_REVIEWER | PIA_ROLE_OPERATOR };

/* Proposes a review of `dossier`. */
static pia_status_t propose(labellisation_t *self,
                            const pia_request_t *request,
                            matter_t *dossier,
                            char ret_id[PIA_UUID_TEXT_SIZE],
                            pia_problem_t *problem)
{
    const pia_labellisation_review_create_t *fields = pia_request_fields(request);
    const transition_t *creation =
        machine_creation_named(&dossier->definition->machines[MACHINE_REVIEW], fields->transition);
    if (!creation)
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "its process definition has no such creation of a review");
    int64_t now_ms = pia_clock_now();
    const act_t cause = {
        .db = self->db,
        .library = self->library,
        .matter = dossier,
        .principal = pia_request_principal(request),
        .effective_ms = now_ms > dossier->changed_ms ? now_ms : dossier->changed_ms,
        .recorded_ms = now_ms,
    };
    child_t child = {
        .kind = MACHINE_REVIEW,
        .transition = creation->name,
        .person = fields->person,
        .data = fields->data,
        .asked = true,
    };
    return matter_create_child(&cause, &child, ret_id, problem);
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_review,
                           pia_problem_t *problem)
{
    const pia_labellisation_review_create_t *fields = pia_request_fields(request);
    handler_found_t dossier;
    char id[PIA_UUID_TEXT_SIZE];
    pia_status_t status =
        handler_find(self, request, MACHINE_DOSSIER, fields->dossier, &dossier, problem);
    if (status != PIA_OK)
        return status;
    status = propose(self, request, &dossier.matter, id, problem);
    matter_clear(&dossier.matter);
    if (status == PIA_OK)
        status = handler_find(self, request, MACHINE_REVIEW, id, ret_review, problem);
    return status;
}

void handle_review_create(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    handler_found_t found;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = create(self, *request_p, &found, &problem);
    if (status != PIA_OK) {
        handler_fail(request_p, status, &problem);
        return;
    }
    self->moved++;
    serve_found(self, request_p, &found, view_review);
}

void handle_review_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_REVIEW, fields->review, view_review);
}

/* Of one dossier, all of them for those who decide, or the asker's own. */
void handle_review_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_list_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    bool own = fields->mine || (principal->roles & ~(uint32_t)NARROW) == 0;
    const matter_filter_t filter = {
        .state = fields->state,
        .structure = own ? principal->structure : NULL,
        .person = principal->person,
        .parent = fields->dossier,
        .after = fields->after,
    };
    serve_list(self, request_p, MACHINE_REVIEW, &filter, view_review);
}

void handle_review_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_REVIEW,
        .id = fields->review,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_review);
}

void handle_review_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_REVIEW, fields->review);
}

void handle_review_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_REVIEW, fields->review, fields->after);
}

void handle_review_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_REVIEW, fields->review, fields->number);
}

void handle_review_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_review_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_REVIEW, fields->review);
}
