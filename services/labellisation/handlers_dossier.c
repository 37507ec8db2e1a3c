/* handlers_dossier.c - opening, reading and moving dossiers. */
#include <string.h>

#include "engine.h"
#include "people.h"
#include "pia/clock.h"
#include "proto/dossier.h"
#include "serve.h"

/* Answers with the dossier, and clears it. */
static void answer_dossier(labellisation_t *self, pia_request_t **request_p, handler_found_t *found)
{
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const pia_principal_t *principal = pia_request_principal(*request_p);
    int64_t version = found->matter.version;
    pia_status_t status = view_dossier(self->db, &found->matter, principal, found->roles, &json);
    matter_clear(&found->matter);
    if (status == PIA_OK)
        pia_request_answer(request_p, json, version);
    else
        handler_fail(request_p, status, &problem);
}

static bool is_repeated(const json_t *codes, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (json_equal(json_array_get(codes, i), json_array_get(codes, index)))
            return true;
    return false;
}

/* What a label says of its pôle must be what the registry takes, years before it is awarded. */
static pia_status_t
check_codes(const json_t *codes, const json_t *known, const char *list, pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(codes); i++) {
        char pointer[PIA_POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "/%s/%zu", list, i);
        if (!names_have(known, json_string_value(json_array_get(codes, i))))
            return pia_problem_set(problem, PIA_INVALID, pointer,
                                   "the process definition has no such code");
        if (is_repeated(codes, i))
            return pia_problem_set(problem, PIA_INVALID, pointer, "this code is given twice");
    }
    return PIA_OK;
}

/* A structure that the registry does not have would get a label and no pôle. Who acts for it proves
 * that it is there. */
static pia_status_t find_structure(labellisation_t *self,
                                   const pia_principal_t *principal,
                                   const char *id,
                                   bool *ret_demonstration,
                                   pia_problem_t *problem)
{
    pia_status_t status = people_find_structure(self->db, id, ret_demonstration);
    bool unknown = status == PIA_NOT_FOUND || status == PIA_UNAVAILABLE;
    if (unknown && !pia_db_is_retryable(self->db) && strcmp(principal->structure, id) == 0)
        return PIA_OK;
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, "/structure", "there is no such structure");
    if (status == PIA_UNAVAILABLE)
        return pia_problem_set(problem, status, "/structure",
                               "this structure is not known here yet: try again shortly");
    return status;
}

static pia_status_t find_definition(labellisation_t *self,
                                    const pia_labellisation_dossier_create_t *fields,
                                    const definition_t **ret_definition,
                                    pia_problem_t *problem)
{
    const json_t *name = json_object_get(fields->process, "name");
    const json_t *version = json_object_get(fields->process, "version");
    return library_find(self->library, self->db, name ? json_string_value(name) : self->process,
                        json_integer_value(version), ret_definition, problem);
}

static pia_status_t find_creation(const pia_labellisation_dossier_create_t *fields,
                                  const definition_t *definition,
                                  const transition_t **ret_transition,
                                  pia_problem_t *problem)
{
    const machine_t *machine = &definition->machines[MACHINE_DOSSIER];
    *ret_transition = fields->transition ? machine_transition(machine, fields->transition)
                                         : machine_creation(machine);
    if (!*ret_transition)
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "the process definition has no transition of this name");
    pia_status_t status = check_codes(fields->themes, definition->themes, "themes", problem);
    return status == PIA_OK ? check_codes(fields->sectors, definition->sectors, "sectors", problem)
                            : status;
}

/* The new dossier, before it is stored. */
static void fill_dossier(matter_t *dossier,
                         const pia_labellisation_dossier_create_t *fields,
                         bool demonstration)
{
    const char *code = json_string_value(json_object_get(fields->pole, "code"));
    pia_uuid7_text(dossier->id);
    (void)snprintf(dossier->structure, sizeof dossier->structure, "%s", fields->structure);
    (void)snprintf(dossier->pole, sizeof dossier->pole, "%s", code);
    dossier->kind = MACHINE_DOSSIER;
    dossier->state = STATE_NONE;
    dossier->demonstration = demonstration;
    dossier->card = json_pack("{s:s, s:O, s:O*, s:O}", "title", fields->title, "themes",
                              fields->themes, "sectors", fields->sectors, "pole", fields->pole);
    if (!fields->sectors)
        json_object_set_new(dossier->card, "sectors", json_array());
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_found,
                           pia_problem_t *problem)
{
    const pia_labellisation_dossier_create_t *fields = pia_request_fields(request);
    const pia_principal_t *principal = pia_request_principal(request);
    matter_t *dossier = &ret_found->matter;
    bool demonstration = false;
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = dossier,
        .principal = principal,
        .data = fields->data,
    };
    pia_status_t status = find_definition(self, fields, &dossier->definition, problem);
    if (status == PIA_OK)
        status = find_creation(fields, dossier->definition, &act.transition, problem);
    if (status != PIA_OK)
        return status;
    ret_found->roles = engine_roles(principal, fields->structure, false);
    status = engine_allows(&dossier->definition->machines[MACHINE_DOSSIER], act.transition,
                           STATE_NONE, ret_found->roles, problem);
    if (status == PIA_OK)
        status = find_structure(self, principal, fields->structure, &demonstration, problem);
    if (status != PIA_OK)
        return status;
    fill_dossier(dossier, fields, demonstration || fields->demonstration);
    act.effective_ms = act.recorded_ms = pia_clock_now();
    return matter_create(&act, problem);
}

void handle_dossier_create(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    handler_found_t found = {.roles = PIA_ROLE_NONE};
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = create(self, *request_p, &found, &problem);
    if (status == PIA_OK) {
        self->moved++;
        answer_dossier(self, request_p, &found);
        return;
    }
    matter_clear(&found.matter);
    handler_fail(request_p, status, &problem);
}

void handle_dossier_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_DOSSIER, fields->dossier, view_dossier);
}

/* Who may see dossiers beyond those of its structure and its assignments. */
static bool may_read_all(const pia_principal_t *principal)
{
    const uint32_t narrow =
        PIA_ROLE_CANDIDAT | PIA_ROLE_POLE | PIA_ROLE_REVIEWER | PIA_ROLE_OPERATOR;
    return (principal->roles & ~narrow) != 0;
}

void handle_dossier_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_list_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    bool own = fields->mine || !may_read_all(principal);
    const matter_filter_t filter = {
        .state = fields->state,
        .structure = own ? principal->structure : NULL,
        .person = principal->person,
        .after = fields->after,
    };
    serve_list(self, request_p, MACHINE_DOSSIER, &filter, view_dossier);
}

void handle_dossier_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_DOSSIER,
        .id = fields->dossier,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_dossier);
}

void handle_dossier_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_DOSSIER, fields->dossier);
}
