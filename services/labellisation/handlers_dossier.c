/* handlers_dossier.c - opening, reading and moving dossiers. */
#include <assert.h>
#include <string.h>

#include "engine.h"
#include "people.h"
#include "pia/clock.h"
#include "proto/dossier.h"
#include "serve.h"
#include "specification.h"

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

/* Without a call: the definition that is asked for, and the specification that it names. */
static pia_status_t pin_permanent(labellisation_t *self,
                                  const pia_labellisation_dossier_create_t *fields,
                                  matter_t *dossier,
                                  pia_problem_t *problem)
{
    const json_t *name = json_object_get(fields->process, "name");
    const json_t *version = json_object_get(fields->process, "version");
    json_t *ref = NULL;
    pia_status_t status =
        library_find(self->library, self->db, name ? json_string_value(name) : self->process,
                     json_integer_value(version), &dossier->definition, problem);
    if (status != PIA_OK || !dossier->definition->specification)
        return status;
    json_t *choice = json_pack("{s:s}", "name", dossier->definition->specification);
    status = specification_choose(self->db, choice, "/process", &ref, problem);
    json_decref(choice);
    if (status == PIA_OK)
        json_object_set_new(dossier->card, "specification", ref);
    return status;
}

/* What a call says of its dossiers, and whether this one may belong to it. */
static pia_status_t take_from_call(const matter_t *appel,
                                   const pia_labellisation_dossier_create_t *fields,
                                   matter_t *dossier,
                                   pia_problem_t *problem)
{
    const json_t *name = json_object_get(fields->process, "name");
    const json_t *validity = json_object_get(appel->card, "validity");
    const json_t *themes = json_object_get(appel->card, "themes");
    if (name && strcmp(json_string_value(name), appel->definition->name) != 0)
        return pia_problem_set(problem, PIA_INVALID, "/process",
                               "the call's dossiers follow another procedure");
    if (appel->machine->states[appel->state].final)
        return pia_problem_set(problem, PIA_CONFLICT, "/appel", "this call is over");
    (void)snprintf(dossier->parent, sizeof dossier->parent, "%s", appel->id);
    dossier->parent_kind = MACHINE_APPEL;
    dossier->definition = appel->definition;
    json_object_set(dossier->card, "specification", json_object_get(appel->card, "specification"));
    if (validity)
        json_object_set(dossier->card, "validity", (json_t *)validity);
    return themes ? handler_check_codes(fields->themes, themes, "themes", problem) : PIA_OK;
}

/* The definition and the specification that the dossier is pinned to. */
static pia_status_t pin(labellisation_t *self,
                        const pia_labellisation_dossier_create_t *fields,
                        matter_t *dossier,
                        pia_problem_t *problem)
{
    matter_t appel;
    dossier->card = json_object();
    if (!fields->appel)
        return pin_permanent(self, fields, dossier, problem);
    pia_status_t status =
        matter_load(self->db, self->library, MACHINE_APPEL, fields->appel, &appel, problem);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_INVALID, "/appel", "there is no such call");
    if (status != PIA_OK)
        return status;
    status = take_from_call(&appel, fields, dossier, problem);
    matter_clear(&appel);
    return status;
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
    pia_status_t status =
        handler_check_codes(fields->themes, definition->themes, "themes", problem);
    return status == PIA_OK
               ? handler_check_codes(fields->sectors, definition->sectors, "sectors", problem)
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
    json_object_set_new(dossier->card, "title", json_string(fields->title));
    json_object_set(dossier->card, "themes", (json_t *)fields->themes);
    json_object_set(dossier->card, "pole", (json_t *)fields->pole);
    json_object_set_new(dossier->card, "sectors",
                        fields->sectors ? json_incref((json_t *)fields->sectors) : json_array());
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
    pia_status_t status = pin(self, fields, dossier, problem);
    assert(status != PIA_OK || dossier->definition);
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

void handle_dossier_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_dossier);
}

void handle_dossier_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_DOSSIER, fields->dossier, view_dossier);
}

void handle_dossier_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_list_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    bool own = fields->mine || !handler_reads_all(principal);
    const matter_filter_t filter = {
        .state = fields->state,
        .structure = own ? principal->structure : NULL,
        .person = principal->person,
        .parent = fields->appel,
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
