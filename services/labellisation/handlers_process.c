/* handlers_process.c - process definitions: anyone may read the procedure. */
#include "handler.h"
#include "proto/process.h"

static pia_status_t get(labellisation_t *self,
                        const pia_labellisation_process_get_t *fields,
                        json_t **ret_json,
                        pia_problem_t *problem)
{
    const definition_t *definition;
    const char *name = fields->name ? fields->name : self->process;
    pia_status_t status =
        library_find(self->library, self->db, name, fields->version, &definition, problem);
    if (status == PIA_OK)
        status = library_card(self->db, name, definition->version, ret_json);
    if (status == PIA_OK)
        json_object_set_new(*ret_json, "definition", json_deep_copy(definition->json));
    if (status == PIA_OK && fields->name && !fields->has_version) /* the latest, by its name */
        pia_fresh_add(&self->fresh, "process", name, definition->version, *ret_json);
    return status;
}

void handle_process_get(void *self, pia_request_t **request_p)
{
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = get(self, pia_request_fields(*request_p), &json, &problem);
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, &problem);
}

void handle_process_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_process_list_t *fields = pia_request_fields(*request_p);
    int64_t limit = fields->has_limit ? fields->limit : PAGE_LIMIT;
    handler_cursor_t after;
    json_t *cards = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_read_cursor(fields->after, &after, &problem);
    if (status == PIA_OK)
        status = library_cards(self->db, after.name, after.version, limit + 1, &cards);
    if (status == PIA_OK)
        pia_request_answer(request_p, handler_version_page(cards, limit), 0);
    else
        handler_fail(request_p, status, &problem);
}
