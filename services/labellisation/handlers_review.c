/* handlers_review.c - proposing, reading and moving reviews. */
#include "engine.h"
#include "proto/review.h"
#include "serve.h"

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_review,
                           pia_problem_t *problem)
{
    const pia_labellisation_review_create_t *fields = pia_request_fields(request);
    handler_found_t dossier;
    pia_status_t status =
        handler_find(self, request, MACHINE_DOSSIER, fields->dossier, &dossier, problem);
    if (status != PIA_OK)
        return status;
    const transition_t *creation = machine_creation_named(
        &dossier.matter.definition->machines[MACHINE_REVIEW], fields->transition);
    if (!creation) {
        matter_clear(&dossier.matter);
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "its process definition has no such creation of a review");
    }
    child_t child = {
        .kind = MACHINE_REVIEW,
        .transition = creation->name,
        .person = fields->person,
        .data = fields->data,
    };
    return handler_create_child(self, request, &dossier, &child, ret_review, problem);
}

void handle_review_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_review);
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
    bool own = fields->mine || !handler_reads_all(principal);
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
