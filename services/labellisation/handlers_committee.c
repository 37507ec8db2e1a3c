/* handlers_committee.c - instituting, reading and moving committees. */
#include "committee.h"
#include "proto/committee.h"
#include "serve.h"

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_committee,
                           pia_problem_t *problem)
{
    const pia_labellisation_committee_create_t *fields = pia_request_fields(request);
    handler_create_t asked = {
        .kind = MACHINE_COMMITTEE,
        .process = fields->process,
        .transition = fields->transition,
        .data = fields->data,
        .card = json_pack("{s:s, s:s*}", "title", fields->title, "act", fields->act),
        .demonstration = fields->demonstration,
    };
    return handler_create(self, request, &asked, ret_committee, problem);
}

void handle_committee_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_committee);
}

void handle_committee_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_COMMITTEE, fields->committee, view_committee);
}

void handle_committee_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_list_t *fields = pia_request_fields(*request_p);
    const matter_filter_t filter = {.state = fields->state, .after = fields->after};
    serve_list(self, request_p, MACHINE_COMMITTEE, &filter, view_committee_card);
}

void handle_committee_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_COMMITTEE,
        .id = fields->committee,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_committee);
}

void handle_committee_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_COMMITTEE, fields->committee);
}

void handle_committee_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_COMMITTEE, fields->committee, fields->after);
}

void handle_committee_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_COMMITTEE, fields->committee, fields->number);
}

void handle_committee_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_committee_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_COMMITTEE, fields->committee);
}
