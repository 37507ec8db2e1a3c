/* handlers_procedure.c - a definition before it is put into force: is it one, and what would it
 * have made of the dossiers that there are? */
#include <string.h>

#include "handler.h"
#include "json_line.h"
#include "pia/clock.h"
#include "proto/process.h"
#include "simulate.h"
#include "store_matter.h"

static json_t *machines_of(const definition_t *definition)
{
    json_t *list = json_array();
    for (size_t i = 0; i < MACHINE_COUNT; i++) {
        const machine_t *machine = &definition->machines[i];
        if (machine->state_count > 0)
            json_array_append_new(list,
                                  json_pack("{s:s, s:I, s:I, s:I}", "name", machine->name, "states",
                                            (json_int_t)machine->state_count, "transitions",
                                            (json_int_t)machine->transition_count, "timers",
                                            (json_int_t)machine->timer_count));
    }
    return list;
}

static json_t *fault_of(const char *content, const pia_problem_t *problem)
{
    int line = json_line(content, strlen(content), problem->pointer);
    return json_pack("{s:b, s:s, s:i, s:s}", "valid", false, "pointer", problem->pointer, "line",
                     line, "detail", problem->detail);
}

void handle_process_check(void *self, pia_request_t **request_p)
{
    (void)self;
    const pia_labellisation_process_check_t *fields = pia_request_fields(*request_p);
    definition_t *definition = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        definition_load(fields->content, strlen(fields->content), &definition, &problem);
    json_t *json =
        status == PIA_OK
            ? json_pack("{s:b, s:s, s:I, s:s, s:s, s:o}", "valid", true, "name", definition->name,
                        "version", (json_int_t)definition->version, "title", definition->title,
                        "hash", definition->hash, "machines", machines_of(definition))
            : fault_of(fields->content, &problem);
    definition_destroy(&definition);
    pia_request_answer(request_p, json, 0);
}

/* Appends what becomes of one dossier, if it follows the procedure. */
static pia_status_t append_outcome(labellisation_t *self,
                                   const definition_t *definition,
                                   const char *id,
                                   json_t *items,
                                   pia_problem_t *problem)
{
    matter_t dossier;
    json_t *outcome = NULL;
    pia_status_t status =
        matter_load(self->db, self->library, MACHINE_DOSSIER, id, &dossier, problem);
    if (status != PIA_OK)
        return status;
    if (strcmp(dossier.definition->name, definition->name) == 0)
        status = simulate(self->db, &dossier, definition, pia_clock_now(), &outcome);
    if (outcome)
        json_array_append_new(items, outcome);
    matter_clear(&dossier);
    return status;
}

static pia_status_t fill_page(labellisation_t *self,
                              const pia_labellisation_process_simulate_t *fields,
                              const definition_t *definition,
                              json_t **ret_page,
                              pia_problem_t *problem)
{
    matter_filter_t filter = {.limit = fields->has_limit ? fields->limit : PAGE_LIMIT};
    json_t *ids = NULL, *items = json_array();
    pia_status_t status = handler_after(fields->after, &filter.after, problem);
    if (status == PIA_OK)
        status = store_matter_list(self->db, MACHINE_DOSSIER, &filter, &ids);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++)
        if ((int64_t)i < filter.limit)
            status = append_outcome(self, definition, json_string_value(json_array_get(ids, i)),
                                    items, problem);
    if (status == PIA_OK) {
        *ret_page = json_pack("{s:O}", "items", items);
        if ((int64_t)json_array_size(ids) > filter.limit)
            json_object_set(*ret_page, "next", json_array_get(ids, (size_t)filter.limit - 1));
    }
    json_decref(items);
    json_decref(ids);
    return status;
}

/* A fault of the definition is told as one of the request's member `content`. */
static pia_status_t
load_content(const char *content, definition_t **ret_definition, pia_problem_t *problem)
{
    pia_problem_t why;
    pia_status_t status = definition_load(content, strlen(content), ret_definition, &why);
    if (status == PIA_OK)
        return status;
    return pia_problem_set(problem, status, "/content", "line %d: %s: %s",
                           json_line(content, strlen(content), why.pointer), why.pointer,
                           why.detail);
}

void handle_process_simulate(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_process_simulate_t *fields = pia_request_fields(*request_p);
    definition_t *definition = NULL;
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = load_content(fields->content, &definition, &problem);
    if (status == PIA_OK)
        status = fill_page(self, fields, definition, &page, &problem);
    definition_destroy(&definition);
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        handler_fail(request_p, status, &problem);
}
