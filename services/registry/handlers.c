/* handlers.c - what the handlers share. */
#include "handlers.h"

#include "fold.h"
#include "person.h"
#include "store_pole.h"
#include "store_structure.h"

static const char *words_for(pia_status_t status)
{
    switch (status) {
    case PIA_NOT_FOUND:
        return "there is nothing by this name";
    case PIA_CONFLICT:
        return "something else was there first";
    case PIA_INVALID:
        return "the store does not take this";
    case PIA_UNAVAILABLE:
        return "the store is not available";
    default:
        return "the request could not be carried out";
    }
}

void handler_end(pia_request_t **request_p,
                 pia_status_t status,
                 json_t *body,
                 int64_t version,
                 const pia_problem_t *problem)
{
    if (status == PIA_OK) {
        pia_request_answer(request_p, body, version);
        return;
    }
    json_decref(body);
    pia_problem_t said = *problem;
    if (said.status != status) {
        (void)pia_problem_set(&said, status, NULL, "%s", words_for(status));
    }
    pia_request_fail(request_p, &said);
}

pia_db_t *handler_db(void *self)
{
    registry_t *registry = self;
    return registry->context->db;
}

pia_status_t handler_check_version(int64_t seen, int64_t present, pia_problem_t *problem)
{
    if (seen == present) {
        return PIA_OK;
    }
    return pia_problem_set(problem, PIA_CONFLICT, "/version",
                           "this was changed meanwhile: the present version is %lld",
                           (long long)present);
}

pia_status_t handler_check_structure(pia_db_t *db, const char *id, pia_problem_t *problem)
{
    structure_t structure;
    if (text_or_null(id) == NULL) {
        return PIA_OK;
    }
    pia_status_t status =
        pia_format_check("uuid", id) ? store_structure_find(db, id, &structure) : PIA_NOT_FOUND;
    if (status == PIA_NOT_FOUND) {
        return pia_problem_set(problem, PIA_INVALID, "/structure", "there is no such structure");
    }
    return status;
}

pia_status_t handler_check_pole(pia_db_t *db, const char *pole, pia_problem_t *problem)
{
    pole_t found;
    if (text_or_null(pole) == NULL || (pole[0] == '*' && pole[1] == '\0')) {
        return PIA_OK;
    }
    pia_status_t status =
        pole_scope_check(pole) ? store_pole_find(db, pole, &found) : PIA_NOT_FOUND;
    if (status == PIA_NOT_FOUND) {
        return pia_problem_set(problem, PIA_INVALID, "/pole", "there is no such pôle");
    }
    return status;
}

void handler_poles_changed(registry_t *registry)
{
    int64_t version = 0;
    if (store_pole_list_version(registry->context->db, &version) == PIA_OK) {
        pia_fresh_hide(&registry->fresh, "list", "poles", version);
    }
}

void page_start(page_t *page, bool has_limit, int64_t limit)
{
    page->items = json_array();
    page->limit = has_limit ? limit : PAGE_DEFAULT;
    page->more = false;
    page->next[0] = '\0';
}

bool page_add(page_t *page, json_t *item, const char *name, const char *id)
{
    if ((int64_t)json_array_size(page->items) == page->limit) {
        json_decref(item);
        page->more = true;
        return false;
    }
    char sort[FOLD_MAX + 1] = "";
    if (name != NULL) {
        (void)fold_text(name, sort);
    }
    cursor_write(sort, id, page->next);
    json_array_append_new(page->items, item);
    return true;
}

pia_status_t page_end(page_t *page, pia_status_t status, json_t **ret_body)
{
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(page->items);
        return status;
    }
    *ret_body = json_object();
    json_object_set_new(*ret_body, "items", page->items);
    if (page->more) {
        json_object_set_new(*ret_body, "next", json_string(page->next));
    }
    return PIA_OK;
}
