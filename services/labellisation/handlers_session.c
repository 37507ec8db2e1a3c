/* handlers_session.c - preparing, reading and moving meetings of a committee. */
#include <stdlib.h>

#include "committee.h"
#include "engine.h"
#include "minutes.h"
#include "proto/session.h"
#include "serve.h"
#include "session.h"
#include "session_view.h"

/* The creation that is asked for, of a committee that still is. */
static pia_status_t find_creation(const matter_t *committee,
                                  const char *name,
                                  const transition_t **ret_creation,
                                  pia_problem_t *problem)
{
    *ret_creation = machine_creation_named(&committee->definition->machines[MACHINE_SESSION], name);
    if (!*ret_creation)
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "its process definition has no such creation of a meeting");
    if (committee->machine->states[committee->state].final)
        return pia_problem_set(problem, PIA_CONFLICT, "/committee", "this committee is no more");
    return PIA_OK;
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_session,
                           pia_problem_t *problem)
{
    const pia_labellisation_session_create_t *fields = pia_request_fields(request);
    const transition_t *creation;
    handler_found_t committee;
    pia_status_t status =
        handler_find(self, request, MACHINE_COMMITTEE, fields->committee, &committee, problem);
    if (status != PIA_OK)
        return status;
    status = find_creation(&committee.matter, fields->transition, &creation, problem);
    if (status != PIA_OK) {
        matter_clear(&committee.matter);
        return status;
    }
    child_t child = {
        .kind = MACHINE_SESSION,
        .transition = creation->name,
        .card = json_pack("{s:s, s:s*}", "title", fields->title, "place", fields->place),
        .facts = json_pack("{s:s}", "day", fields->day),
        .data = fields->data,
    };
    return handler_create_child(self, request, &committee, &child, ret_session, problem);
}

void handle_session_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_session);
}

void handle_session_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_SESSION, fields->session, view_session);
}

void handle_session_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_list_t *fields = pia_request_fields(*request_p);
    const matter_filter_t filter = {
        .state = fields->state, .parent = fields->committee, .after = fields->after};
    serve_list(self, request_p, MACHINE_SESSION, &filter, view_session_card);
}

void handle_session_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_SESSION,
        .id = fields->session,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_session);
}

void handle_session_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_SESSION, fields->session);
}

void handle_session_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_SESSION, fields->session, fields->after);
}

void handle_session_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_SESSION, fields->session, fields->number);
}

void handle_session_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_session_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_SESSION, fields->session);
}

/* The sitting of this number, or the last one. */
static const json_t *find_sitting(const matter_t *session, int64_t number)
{
    const json_t *sittings = json_object_get(session->facts, "sittings");
    return number > 0 ? json_array_get(sittings, (size_t)number - 1) : session_sitting(session);
}

static pia_status_t read_convocation(labellisation_t *self,
                                     const matter_t *session,
                                     int64_t number,
                                     json_t **ret_json,
                                     pia_problem_t *problem)
{
    const json_t *sitting = find_sitting(session, number);
    char *text = NULL;
    if (!sitting)
        return pia_problem_set(problem, PIA_NOT_FOUND, "/number", "nobody was convened to it");
    pia_status_t status =
        committee_name(self->db, json_string_value(json_object_get(sitting, "text")), &text);
    if (status == PIA_OK)
        *ret_json = json_pack("{s:s, s:O, s:O, s:s}", "session", session->id, "number",
                              json_object_get(sitting, "number"), "second",
                              json_object_get(sitting, "second"), "text",
                              text[0] != '\0' ? text : "(texte effacé)");
    free(text);
    return status;
}

void handle_session_convocation(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_session_convocation_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_SESSION, fields->session, &found, &problem);
    if (status == PIA_OK) {
        status = read_convocation(self, &found.matter, fields->has_number ? fields->number : 0,
                                  &json, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, &problem);
}

static pia_status_t read_minutes(labellisation_t *self,
                                 const matter_t *session,
                                 const pia_principal_t *principal,
                                 file_t *ret_file,
                                 pia_problem_t *problem)
{
    if (session_concerns(session, principal->structure))
        return pia_problem_set(problem, PIA_FORBIDDEN, NULL,
                               "these minutes tell the votes on a dossier of your structure");
    pia_status_t status = minutes_file(self->db, session->id, ret_file);
    return status == PIA_NOT_FOUND
               ? pia_problem_set(problem, PIA_CONFLICT, NULL, "its minutes are not signed yet")
               : status;
}

void handle_session_minutes(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_session_minutes_t *fields = pia_request_fields(*request_p);
    const file_asked_t asked = {.offset = fields->has_offset ? fields->offset : 0,
                                .size = fields->has_size ? fields->size : FILE_PART_SIZE,
                                .sha256 = fields->sha256};
    handler_found_t found;
    file_t file = {.bytes = NULL};
    json_t *part = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_SESSION, fields->session, &found, &problem);
    if (status == PIA_OK) {
        status =
            read_minutes(self, &found.matter, pia_request_principal(*request_p), &file, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK)
        status = file_part(&file, &asked, &part, &problem);
    free(file.bytes);
    if (status == PIA_OK)
        pia_request_answer(request_p, part, 0);
    else
        handler_fail(request_p, status, &problem);
}
