/* handler_create.c - making matters: what belongs to nothing (committees, authorities), and
 * children. */
#include <stdio.h>

#include "engine.h"
#include "handler.h"
#include "pia/clock.h"

static pia_status_t find_definition(labellisation_t *self,
                                    const handler_create_t *asked,
                                    const definition_t **ret_definition,
                                    pia_problem_t *problem)
{
    const json_t *name = json_object_get(asked->process, "name");
    const json_t *version = json_object_get(asked->process, "version");
    pia_status_t status =
        library_find(self->library, self->db, name ? json_string_value(name) : self->process,
                     json_integer_value(version), ret_definition, problem);
    if (status == PIA_OK && (*ret_definition)->machines[asked->kind].state_count == 0)
        return pia_problem_set(problem, PIA_INVALID, "/process", "this procedure has no %s",
                               kinds[asked->kind].path);
    return status;
}

static pia_status_t make(labellisation_t *self,
                         const handler_create_t *asked,
                         handler_found_t *ret_found,
                         const pia_principal_t *principal,
                         pia_problem_t *problem)
{
    matter_t *matter = &ret_found->matter;
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = matter,
        .principal = principal,
        .data = asked->data,
    };
    pia_status_t status = find_definition(self, asked, &matter->definition, problem);
    if (status == PIA_OK && asked->check)
        status = asked->check(matter, problem);
    if (status != PIA_OK)
        return status;
    const machine_t *machine = &matter->definition->machines[asked->kind];
    act.transition = asked->transition ? machine_transition(machine, asked->transition)
                                       : machine_creation(machine);
    if (!act.transition)
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "the process definition has no transition of this name");
    ret_found->roles = engine_roles(principal, "", false);
    status = engine_allows(machine, act.transition, STATE_NONE, ret_found->roles, problem);
    act.effective_ms = act.recorded_ms = pia_clock_now();
    return status == PIA_OK ? matter_create(&act, problem) : status;
}

pia_status_t handler_create(labellisation_t *self,
                            const pia_request_t *request,
                            handler_create_t *asked,
                            handler_found_t *ret_found,
                            pia_problem_t *problem)
{
    matter_t *matter = &ret_found->matter;
    *ret_found = (handler_found_t){.roles = PIA_ROLE_NONE};
    pia_uuid7_text(matter->id);
    matter->kind = asked->kind;
    matter->state = STATE_NONE;
    matter->demonstration = asked->demonstration;
    matter->card = asked->card;
    matter->facts = asked->facts;
    asked->card = asked->facts = NULL;
    (void)snprintf(matter->person, sizeof matter->person, "%s", asked->person ? asked->person : "");
    return make(self, asked, ret_found, pia_request_principal(request), problem);
}

pia_status_t handler_create_child(labellisation_t *self,
                                  const pia_request_t *request,
                                  handler_found_t *parent,
                                  child_t *child,
                                  handler_found_t *ret_child,
                                  pia_problem_t *problem)
{
    matter_t *matter = &parent->matter;
    int64_t now_ms = pia_clock_now();
    const act_t cause = {
        .db = self->db,
        .library = self->library,
        .matter = matter,
        .principal = pia_request_principal(request),
        .effective_ms = now_ms > matter->changed_ms ? now_ms : matter->changed_ms,
        .recorded_ms = now_ms,
    };
    machine_kind_t kind = child->kind;
    char id[PIA_UUID_TEXT_SIZE];
    child->asked = true;
    pia_status_t status = matter_create_child(&cause, child, id, problem);
    matter_clear(matter);
    return status == PIA_OK ? handler_find(self, request, kind, id, ret_child, problem) : status;
}
