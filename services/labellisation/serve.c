/* serve.c - requests that every kind of matter answers alike. */
#include "serve.h"

#include <string.h>

#include "engine.h"
#include "history.h"
#include "verify.h"

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

void serve_found(labellisation_t *self,
                 pia_request_t **request_p,
                 handler_found_t *found,
                 view_fn *view)
{
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const pia_principal_t *principal = pia_request_principal(*request_p);
    int64_t version = found->matter.version;
    pia_status_t status = view(self->db, &found->matter, principal, found->roles, &json);
    matter_clear(&found->matter);
    if (status == PIA_OK)
        pia_request_answer(request_p, json, version);
    else
        handler_fail(request_p, status, &problem);
}

void serve_create(labellisation_t *self,
                  pia_request_t **request_p,
                  serve_make_fn *make,
                  view_fn *view)
{
    handler_found_t found = {.roles = PIA_ROLE_NONE};
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = make(self, *request_p, &found, &problem);
    if (status == PIA_OK) {
        self->moved++;
        serve_found(self, request_p, &found, view);
        return;
    }
    matter_clear(&found.matter);
    handler_fail(request_p, status, &problem);
}

void serve_get(labellisation_t *self,
               pia_request_t **request_p,
               machine_kind_t kind,
               const char *id,
               view_fn *view)
{
    handler_found_t found;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_find(self, *request_p, kind, id, &found, &problem);
    if (status == PIA_OK)
        serve_found(self, request_p, &found, view);
    else
        handler_fail(request_p, status, &problem);
}

/* What a page is made of. */
typedef struct {
    labellisation_t *self;
    const pia_principal_t *principal;
    machine_kind_t kind;
    view_fn *view;
    pia_problem_t *problem;
} page_t;

/* Appends one to a page, if the asker sees it. */
static pia_status_t append_seen(const page_t *page, const char *id, json_t *items)
{
    matter_t matter;
    uint32_t roles;
    json_t *json = NULL;
    pia_db_t *db = page->self->db;
    pia_status_t status =
        matter_load(db, page->self->library, page->kind, id, &matter, page->problem);
    if (status != PIA_OK)
        return status;
    status = matter_roles(db, &matter, page->principal, &roles);
    if (status == PIA_OK && (kinds[page->kind].open || engine_sees(matter.machine, roles)))
        status = page->view(db, &matter, page->principal, roles, &json);
    if (json)
        json_array_append_new(items, json);
    matter_clear(&matter);
    return status;
}

static pia_status_t fill_page(const page_t *page, const matter_filter_t *filter, json_t **ret_page)
{
    json_t *ids = NULL;
    pia_status_t status = store_matter_list(page->self->db, page->kind, filter, &ids);
    json_t *items = json_array();
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++)
        if ((int64_t)i < filter->limit)
            status = append_seen(page, json_string_value(json_array_get(ids, i)), items);
    if (status == PIA_OK) {
        *ret_page = json_pack("{s:O}", "items", items);
        if ((int64_t)json_array_size(ids) > filter->limit)
            json_object_set(*ret_page, "next", json_array_get(ids, (size_t)filter->limit - 1));
    }
    json_decref(items);
    json_decref(ids);
    return status;
}

void serve_list(labellisation_t *self,
                pia_request_t **request_p,
                machine_kind_t kind,
                const matter_filter_t *filter,
                view_fn *view)
{
    const json_t *limit = json_object_get(pia_request_body(*request_p), "limit");
    matter_filter_t narrowed = *filter;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const page_t page = {self, pia_request_principal(*request_p), kind, view, &problem};
    if (narrowed.limit == 0)
        narrowed.limit = limit ? json_integer_value(limit) : PAGE_LIMIT;
    pia_status_t status = handler_after(filter->after, &narrowed.after, &problem);
    if (status == PIA_OK)
        status = fill_page(&page, &narrowed, &json);
    answer(request_p, status, json, &problem);
}

static pia_status_t read_present(labellisation_t *self,
                                 const pia_request_t *request,
                                 const handler_move_t *move,
                                 json_t **ret_present)
{
    handler_found_t found;
    json_t *changes = NULL;
    pia_problem_t ignored = {.status = PIA_OK};
    pia_status_t status = handler_find_inner(self, request, move->kind, move->id, &found, &ignored);
    if (status != PIA_OK)
        return status;
    const history_reader_t reader = handler_reader(&found, pia_request_principal(request));
    status = history_changes(self->db, &found.matter, &reader, move->version, &changes);
    if (status == PIA_OK)
        *ret_present =
            json_pack("{s:I, s:s, s:o}", "version", (json_int_t)found.matter.version, "state",
                      found.matter.machine->states[found.matter.state].name, "changes", changes);
    matter_clear(&found.matter);
    return status;
}

json_t *serve_present(labellisation_t *self,
                      const pia_request_t *request,
                      const handler_move_t *move,
                      pia_status_t status,
                      const pia_problem_t *problem)
{
    json_t *present = NULL;
    bool stale = status == PIA_CONFLICT && problem->status == PIA_CONFLICT &&
                 strcmp(problem->pointer, "/version") == 0 && !pia_db_is_retryable(self->db);
    if (stale)
        (void)read_present(self, request, move, &present);
    return present;
}

void serve_refusal(labellisation_t *self,
                   pia_request_t **request_p,
                   const handler_move_t *move,
                   pia_status_t status,
                   pia_problem_t *problem)
{
    json_t *present = serve_present(self, *request_p, move, status, problem);
    if (present)
        pia_request_conflict(request_p, problem, present);
    else
        handler_fail(request_p, status, problem);
}

void serve_move(labellisation_t *self,
                pia_request_t **request_p,
                const handler_move_t *move,
                view_fn *view)
{
    handler_found_t found;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_move(self, *request_p, move, &found, &problem);
    if (status == PIA_OK)
        serve_found(self, request_p, &found, view);
    else
        serve_refusal(self, request_p, move, status, &problem);
}

void serve_transitions(labellisation_t *self,
                       pia_request_t **request_p,
                       machine_kind_t kind,
                       const char *id)
{
    const pia_principal_t *principal = pia_request_principal(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_find_to_move(self, *request_p, kind, id, &found, &problem);
    if (status == PIA_OK) {
        status = view_transitions(self, &found.matter, principal, found.roles, &json);
        matter_clear(&found.matter);
    }
    answer(request_p, status, json, &problem);
}

void serve_history(labellisation_t *self,
                   pia_request_t **request_p,
                   machine_kind_t kind,
                   const char *id,
                   const char *after)
{
    handler_found_t found;
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_find_inner(self, *request_p, kind, id, &found, &problem);
    if (status == PIA_OK) {
        status = handler_history(self, &found, *request_p, after, &page, &problem);
        matter_clear(&found.matter);
    }
    answer(request_p, status, page, &problem);
}

void serve_texts(labellisation_t *self,
                 pia_request_t **request_p,
                 machine_kind_t kind,
                 const char *id,
                 int64_t number)
{
    handler_found_t found;
    json_t *list = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_find_inner(self, *request_p, kind, id, &found, &problem);
    if (status == PIA_OK) {
        const history_reader_t reader = handler_reader(&found, pia_request_principal(*request_p));
        status = history_texts(self->db, found.matter.id, &reader, number, &list);
        matter_clear(&found.matter);
        if (status == PIA_NOT_FOUND)
            (void)pia_problem_set(&problem, status, "/number", "there is no such entry");
        else if (status == PIA_FORBIDDEN)
            (void)pia_problem_set(&problem, status, "/number", "these texts are not for you");
    }
    answer(request_p, status, list, &problem);
}

void serve_verify(labellisation_t *self,
                  pia_request_t **request_p,
                  machine_kind_t kind,
                  const char *id)
{
    matter_t matter;
    json_t *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = matter_load(self->db, self->library, kind, id, &matter, &problem);
    if (status == PIA_OK) {
        status = verify_matter(self->db, &matter, &proof);
        matter_clear(&matter);
    }
    answer(request_p, status, proof, &problem);
}
