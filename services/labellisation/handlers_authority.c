/* handlers_authority.c - recording, reading and ending authorities to sign. */
#include <string.h>

#include "authority.h"
#include "people.h"
#include "proto/authority.h"
#include "serve.h"

/* The holder is known, and a signatory or of the secretariat. */
static pia_status_t check_holder(pia_db_t *db, const char *id, pia_problem_t *problem)
{
    person_t person;
    pia_status_t status = people_find(db, id, &person);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, "/person", "there is no such person");
    if (status == PIA_UNAVAILABLE)
        return pia_problem_set(problem, status, "/person",
                               "this person is not known here yet: try again shortly");
    if (status == PIA_OK && (person.roles & (PIA_ROLE_SIGNATORY | PIA_ROLE_SECRETARIAT)) == 0)
        return pia_problem_set(problem, PIA_INVALID, "/person", "this person signs nothing");
    return status;
}

static pia_status_t check(labellisation_t *self,
                          const pia_labellisation_authority_create_t *fields,
                          pia_problem_t *problem)
{
    if (fields->until && strcmp(fields->until, fields->from) < 0)
        return pia_problem_set(problem, PIA_INVALID, "/until", "is before the authority begins");
    return check_holder(self->db, fields->person, problem);
}

/* What the creation asks for: the holder's name is one of the data. */
static json_t *data_of(const pia_labellisation_authority_create_t *fields)
{
    json_t *data = fields->data ? json_deep_copy(fields->data) : json_object();
    if (fields->name)
        json_object_set_new(data, "nom", json_string(fields->name));
    return data;
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_authority,
                           pia_problem_t *problem)
{
    const pia_labellisation_authority_create_t *fields = pia_request_fields(request);
    pia_status_t status = check(self, fields, problem);
    if (status != PIA_OK)
        return status;
    json_t *data = data_of(fields);
    handler_create_t asked = {
        .kind = MACHINE_AUTHORITY,
        .process = fields->process,
        .transition = fields->transition,
        .data = data,
        .card = json_pack("{s:s, s:s, s:s}", "title", fields->function, "capacity",
                          fields->capacity, "act", fields->act),
        .facts = json_pack("{s:s, s:s*}", "from", fields->from, "until", fields->until),
        .person = fields->person,
        .check = authority_check_capacity,
    };
    status = handler_create(self, request, &asked, ret_authority, problem);
    json_decref(data);
    return status;
}

void handle_authority_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_authority);
}

void handle_authority_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_AUTHORITY, fields->authority, view_authority);
}

void handle_authority_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_list_t *fields = pia_request_fields(*request_p);
    const matter_filter_t filter = {.state = fields->state, .after = fields->after};
    serve_list(self, request_p, MACHINE_AUTHORITY, &filter, view_authority);
}

void handle_authority_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_AUTHORITY,
        .id = fields->authority,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_authority);
}

void handle_authority_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_AUTHORITY, fields->authority);
}

void handle_authority_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_AUTHORITY, fields->authority, fields->after);
}

void handle_authority_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_AUTHORITY, fields->authority, fields->number);
}

void handle_authority_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_authority_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_AUTHORITY, fields->authority);
}
