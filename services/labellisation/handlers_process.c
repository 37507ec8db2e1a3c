/* handlers_process.c - process definitions: anyone may read the procedure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* A cursor is NAME.VERSION. */
static pia_status_t read_cursor(
    const char *after, char *name, size_t size, int64_t *ret_version, pia_problem_t *problem)
{
    const char *dot = after ? strrchr(after, '.') : NULL;
    name[0] = '\0';
    *ret_version = 0;
    if (!after)
        return PIA_OK;
    char *end = NULL;
    if (dot && (size_t)(dot - after) < size) {
        memcpy(name, after, (size_t)(dot - after));
        name[dot - after] = '\0';
        *ret_version = strtoll(dot + 1, &end, 10);
    }
    if (!end || end == dot + 1 || *end != '\0')
        return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
    return PIA_OK;
}

/* Cuts the one card too many and says where the next page begins. */
static json_t *page_of(json_t *cards, int64_t limit)
{
    json_t *page = json_pack("{s:o}", "items", cards);
    if ((int64_t)json_array_size(cards) <= limit)
        return page;
    json_array_remove(cards, json_array_size(cards) - 1);
    const json_t *last = json_array_get(cards, json_array_size(cards) - 1);
    char next[PIA_POINTER_MAX];
    (void)snprintf(next, sizeof next, "%s.%lld", json_string_value(json_object_get(last, "name")),
                   (long long)json_integer_value(json_object_get(last, "version")));
    json_object_set_new(page, "next", json_string(next));
    return page;
}

void handle_process_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_process_list_t *fields = pia_request_fields(*request_p);
    int64_t limit = fields->has_limit ? fields->limit : PAGE_LIMIT, version;
    char name[PIA_POINTER_MAX];
    json_t *cards = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = read_cursor(fields->after, name, sizeof name, &version, &problem);
    if (status == PIA_OK)
        status = library_cards(self->db, name, version, limit + 1, &cards);
    if (status == PIA_OK)
        pia_request_answer(request_p, page_of(cards, limit), 0);
    else
        handler_fail(request_p, status, &problem);
}
