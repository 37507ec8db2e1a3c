/* handlers_label.c - labels: public to read, moved by those whom the definition names. */
#include "proto/label.h"
#include "serve.h"

/* Also for the cache: a label is the same for everyone. */
static void answer_label(labellisation_t *self, pia_request_t **request_p, matter_t *label)
{
    int64_t version = label->version;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = view_label(self->db, label, &json);
    if (status == PIA_OK)
        pia_fresh_add(&self->fresh, "label", label->id, version, json);
    matter_clear(label);
    if (status == PIA_OK)
        pia_request_answer(request_p, json, version);
    else
        handler_fail(request_p, status, &problem);
}

void handle_label_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_get_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find(self, *request_p, MACHINE_LABEL, fields->label, &found, &problem);
    if (status == PIA_OK)
        answer_label(self, request_p, &found.matter);
    else
        handler_fail(request_p, status, &problem);
}

static pia_status_t
append_label(labellisation_t *self, const char *id, json_t *items, pia_problem_t *problem)
{
    matter_t label;
    pia_status_t status = matter_load(self->db, self->library, MACHINE_LABEL, id, &label, problem);
    if (status != PIA_OK)
        return status;
    json_t *json = NULL;
    status = view_label(self->db, &label, &json);
    if (status == PIA_OK)
        json_array_append_new(items, json);
    matter_clear(&label);
    return status;
}

static pia_status_t list(labellisation_t *self,
                         const pia_labellisation_label_list_t *fields,
                         json_t **ret_page,
                         pia_problem_t *problem)
{
    matter_filter_t filter = {
        .state = fields->state,
        .structure = fields->structure,
        .pole = fields->pole,
        .limit = fields->has_limit ? fields->limit : PAGE_LIMIT,
    };
    json_t *ids = NULL;
    pia_status_t status = handler_after(fields->after, &filter.after, problem);
    if (status == PIA_OK)
        status = store_matter_list(self->db, MACHINE_LABEL, &filter, &ids);
    json_t *items = json_array();
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++)
        if ((int64_t)i < filter.limit)
            status = append_label(self, json_string_value(json_array_get(ids, i)), items, problem);
    if (status == PIA_OK) {
        *ret_page = json_pack("{s:O}", "items", items);
        if ((int64_t)json_array_size(ids) > filter.limit)
            json_object_set(*ret_page, "next", json_array_get(ids, (size_t)filter.limit - 1));
    }
    json_decref(items);
    json_decref(ids);
    return status;
}

static bool is_plain(const pia_labellisation_label_list_t *asked)
{
    return !asked->state && !asked->structure && !asked->pole && !asked->after && !asked->has_limit;
}

/* The whole list is what a page of the network asks for: cached under "labels". */
void handle_label_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_label_list_t *fields = pia_request_fields(*request_p);
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    int64_t version = 0;
    pia_status_t status = PIA_OK;
    if (is_plain(fields))
        status = store_matter_versions(self->db, MACHINE_LABEL, &version);
    if (status == PIA_OK)
        status = list(self, fields, &page, &problem);
    if (status == PIA_OK && is_plain(fields))
        pia_fresh_add(&self->fresh, "list", "labels", version, page);
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        handler_fail(request_p, status, &problem);
}

void handle_label_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_LABEL,
        .id = fields->label,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    handler_found_t found;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_move(self, *request_p, &move, &found, &problem);
    if (status == PIA_OK)
        answer_label(self, request_p, &found.matter);
    else
        serve_refusal(self, request_p, &move, status, &problem);
}

void handle_label_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_LABEL, fields->label);
}

void handle_label_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_LABEL, fields->label, fields->after);
}

void handle_label_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_LABEL, fields->label, fields->number);
}

void handle_label_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_LABEL, fields->label);
}
