/* handlers_specification.c - specifications: written by the instructing service, read by anyone. */
#include "handler.h"
#include "pia/clock.h"
#include "proto/specification.h"
#include "specification.h"

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

void handle_specification_create(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    json_t *specification = json_deep_copy(pia_request_body(*request_p));
    pia_problem_t problem = {.status = PIA_OK};
    json_object_del(specification, "idempotency_key");
    pia_status_t status = specification_add(self->db, specification, pia_clock_now(), &problem);
    if (status != PIA_OK) {
        json_decref(specification);
        specification = NULL;
    }
    answer(request_p, status, specification, &problem);
}

void handle_specification_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_specification_get_t *fields = pia_request_fields(*request_p);
    json_t *specification = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        specification_find(self->db, fields->name, fields->version, &specification);
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(&problem, status, NULL, "there is no such specification");
    answer(request_p, status, specification, &problem);
}

void handle_specification_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_specification_list_t *fields = pia_request_fields(*request_p);
    int64_t limit = fields->has_limit ? fields->limit : PAGE_LIMIT;
    handler_cursor_t after;
    json_t *cards = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_read_cursor(fields->after, &after, &problem);
    if (status == PIA_OK)
        status = specification_cards(self->db, after.name, after.version, limit + 1, &cards);
    answer(request_p, status, status == PIA_OK ? handler_version_page(cards, limit) : NULL,
           &problem);
}
