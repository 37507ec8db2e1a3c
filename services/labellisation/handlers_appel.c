/* handlers_appel.c - preparing, reading and moving calls. */
#include <stdio.h>
#include <string.h>

#include "appel.h"
#include "engine.h"
#include "pia/clock.h"
#include "proto/appel.h"
#include "serve.h"
#include "specification.h"

static pia_status_t find_definition(labellisation_t *self,
                                    const pia_labellisation_appel_create_t *fields,
                                    const definition_t **ret_definition,
                                    pia_problem_t *problem)
{
    const json_t *name = json_object_get(fields->process, "name");
    const json_t *version = json_object_get(fields->process, "version");
    pia_status_t status =
        library_find(self->library, self->db, name ? json_string_value(name) : self->process,
                     json_integer_value(version), ret_definition, problem);
    if (status == PIA_OK && (*ret_definition)->machines[MACHINE_APPEL].state_count == 0)
        return pia_problem_set(problem, PIA_INVALID, "/process", "this procedure has no calls");
    return status;
}

static pia_status_t find_creation(const pia_labellisation_appel_create_t *fields,
                                  const definition_t *definition,
                                  const transition_t **ret_transition,
                                  pia_problem_t *problem)
{
    const machine_t *machine = &definition->machines[MACHINE_APPEL];
    *ret_transition = fields->transition ? machine_transition(machine, fields->transition)
                                         : machine_creation(machine);
    if (!*ret_transition)
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "the process definition has no transition of this name");
    if (fields->closes && strcmp(fields->closes, fields->opens) < 0)
        return pia_problem_set(problem, PIA_INVALID, "/closes", "is before the call opens");
    return handler_check_codes(fields->themes, definition->themes, "themes", problem);
}

static void
fill_appel(matter_t *appel, const pia_labellisation_appel_create_t *fields, json_t *specification)
{
    pia_uuid7_text(appel->id);
    appel->kind = MACHINE_APPEL;
    appel->state = STATE_NONE;
    appel->demonstration = fields->demonstration;
    appel->card = json_pack("{s:s, s:o, s:O*, s:O*}", "title", fields->title, "specification",
                            specification, "themes", fields->themes, "validity", fields->validity);
    appel->facts = json_pack("{s:s, s:s*}", "opens", fields->opens, "closes", fields->closes);
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_found,
                           pia_problem_t *problem)
{
    const pia_labellisation_appel_create_t *fields = pia_request_fields(request);
    matter_t *appel = &ret_found->matter;
    json_t *specification = NULL;
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = appel,
        .principal = pia_request_principal(request),
        .data = fields->data,
    };
    pia_status_t status = find_definition(self, fields, &appel->definition, problem);
    if (status == PIA_OK)
        status = find_creation(fields, appel->definition, &act.transition, problem);
    if (status != PIA_OK)
        return status;
    ret_found->roles = engine_roles(act.principal, "", false);
    status = engine_allows(&appel->definition->machines[MACHINE_APPEL], act.transition, STATE_NONE,
                           ret_found->roles, problem);
    if (status == PIA_OK)
        status = specification_choose(self->db, fields->specification, "/specification",
                                      &specification, problem);
    if (status != PIA_OK)
        return status;
    fill_appel(appel, fields, specification);
    act.effective_ms = act.recorded_ms = pia_clock_now();
    return matter_create(&act, problem);
}

void handle_appel_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_appel);
}

void handle_appel_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_APPEL, fields->appel, view_appel);
}

void handle_appel_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_list_t *fields = pia_request_fields(*request_p);
    const matter_filter_t filter = {.state = fields->state, .after = fields->after};
    serve_list(self, request_p, MACHINE_APPEL, &filter, view_appel);
}

void handle_appel_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_APPEL,
        .id = fields->appel,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_appel);
}

void handle_appel_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_APPEL, fields->appel);
}

void handle_appel_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_APPEL, fields->appel, fields->after);
}

void handle_appel_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_APPEL, fields->appel, fields->number);
}

void handle_appel_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_appel_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_APPEL, fields->appel);
}
