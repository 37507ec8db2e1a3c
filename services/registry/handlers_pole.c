/* handlers_pole.c - registry.pole.* */
#include <stdio.h>

#include "announce.h"
#include "handlers.h"
#include "proto/pole.h"
#include "store_pole.h"
#include "store_reference.h"

static const char ENTITY_POLE[] = "pole";
static const char ENTITY_LIST[] = "list";

/* The resource, also kept for the cache. */
static json_t *present(registry_t *registry, const pole_t *pole)
{
    json_t *json = pole_json(pole);
    pia_fresh_add(&registry->fresh, ENTITY_POLE, pole->code, pole->version, json);
    return json;
}

void handle_pole_get(void *self, pia_request_t **request_p)
{
    const pia_registry_pole_get_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pole_t pole;
    pia_status_t status = store_pole_find(handler_db(self), asked->code, &pole);
    handler_end(request_p, status, status == PIA_OK ? present(self, &pole) : NULL,
                status == PIA_OK ? pole.version : 0, &problem);
}

static bool is_plain(const pia_registry_pole_list_t *asked)
{
    return asked->themes == NULL && asked->sectors == NULL && asked->regions == NULL &&
           asked->departements == NULL && asked->state == NULL && asked->after == NULL &&
           !asked->has_limit;
}

static pia_status_t list_poles(pia_db_t *db,
                               const pia_registry_pole_list_t *asked,
                               json_t **ret_body,
                               pia_problem_t *problem)
{
    pole_filter_t filter = {.themes = asked->themes,
                            .sectors = asked->sectors,
                            .regions = asked->regions,
                            .departements = asked->departements,
                            .state = asked->state};
    page_cursor_t cursor;
    pia_status_t status = cursor_read(asked->after, &cursor, problem);
    if (status != PIA_OK) {
        return status;
    }
    page_t page;
    pole_t pole;
    page_start(&page, asked->has_limit, asked->limit);
    pia_stmt_t *stmt = store_pole_list(db, &filter, &cursor, page.limit + 1);
    do {
        status = store_pole_next(stmt, &pole);
    } while (status == PIA_OK && page_add(&page, pole_json(&pole), pole.name, pole.code));
    pia_stmt_reset(stmt);
    return page_end(&page, status, ret_body);
}

/* The whole list is what a start page asks for: its first page is cached under "poles". */
void handle_pole_list(void *self, pia_request_t **request_p)
{
    registry_t *registry = self;
    const pia_registry_pole_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    json_t *body = NULL;
    int64_t version = 0;
    pia_status_t status = store_pole_list_version(handler_db(self), &version);
    if (status == PIA_OK) {
        status = list_poles(handler_db(self), asked, &body, &problem);
    }
    if (status == PIA_OK && is_plain(asked)) {
        pia_fresh_add(&registry->fresh, ENTITY_LIST, "poles", version, body);
    }
    handler_end(request_p, status, body, version, &problem);
}

/* Finds a pôle that is to be changed, in the version that the asker has seen (0: any). */
static pia_status_t
take_pole(pia_db_t *db, const char *code, int64_t seen, pole_t *ret_pole, pia_problem_t *problem)
{
    pia_status_t status = store_pole_find(db, code, ret_pole);
    if (status == PIA_OK && seen != 0) {
        status = handler_check_version(seen, ret_pole->version, problem);
    }
    return status;
}

/* Writes and announces; ends the handler. */
static void put_pole(registry_t *registry,
                     pia_request_t **request_p,
                     pole_t *pole,
                     pia_status_t status,
                     pia_problem_t *problem)
{
    pia_db_t *db = registry->context->db;
    if (status == PIA_OK) {
        status = store_pole_update(db, pole);
    }
    if (status == PIA_OK) {
        status = announce_pole(db, "pole.updated", pole);
    }
    if (status == PIA_OK) {
        handler_poles_changed(registry);
    }
    handler_end(request_p, status, status == PIA_OK ? present(registry, pole) : NULL,
                status == PIA_OK ? pole->version : 0, problem);
}

typedef struct {
    pia_db_t *db;
    const char *list;
} list_check_t;

static bool is_listed(void *arg, const char *code)
{
    const list_check_t *check = arg;
    return store_reference_has(check->db, check->list, code) == PIA_OK;
}

/* Replaces codes by those of `json`, unless that is NULL; each must be in the list. */
static pia_status_t set_codes(pia_db_t *db,
                              const char *list,
                              const json_t *json,
                              char codes[CODES_SIZE],
                              pia_problem_t *problem)
{
    if (json == NULL) {
        return PIA_OK;
    }
    char pointer[PIA_POINTER_MAX];
    char bad[CODE_SIZE];
    (void)snprintf(pointer, sizeof pointer, "/%s", list);
    if (!codes_join(json, codes)) {
        return pia_problem_set(problem, PIA_INVALID, pointer, "a code is repeated or no code");
    }
    list_check_t check = {.db = db, .list = list};
    if (codes_reject(codes, is_listed, &check, bad) != NULL) {
        return pia_problem_set(problem, PIA_INVALID, pointer, "%s is not in the list %s", bad,
                               list);
    }
    return PIA_OK;
}

#define SET_IF_GIVEN(member, text)                                                                 \
    do {                                                                                           \
        if ((text) != NULL)                                                                        \
            TEXT_SET(member, text);                                                                \
    } while (0)

static pia_status_t change_pole(pia_db_t *db,
                                const pia_registry_pole_update_t *asked,
                                pole_t *pole,
                                pia_problem_t *problem)
{
    pia_status_t status = handler_check_structure(db, asked->structure, problem);
    if (status == PIA_OK) {
        status = set_codes(db, "themes", asked->themes, pole->themes, problem);
    }
    if (status == PIA_OK) {
        status = set_codes(db, "sectors", asked->sectors, pole->sectors, problem);
    }
    if (status != PIA_OK) {
        return status;
    }
    SET_IF_GIVEN(pole->name, asked->name);
    SET_IF_GIVEN(pole->full_name, asked->full_name);
    SET_IF_GIVEN(pole->structure, asked->structure);
    SET_IF_GIVEN(pole->city, asked->city);
    if (asked->departement != NULL) {
        pole_place(pole, asked->departement);
    }
    return PIA_OK;
}

void handle_pole_update(void *self, pia_request_t **request_p)
{
    const pia_registry_pole_update_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    pole_t pole;
    pia_status_t status = take_pole(db, asked->code, asked->version, &pole, &problem);
    if (status == PIA_OK) {
        status = change_pole(db, asked, &pole, &problem);
    }
    put_pole(self, request_p, &pole, status, &problem);
}

void handle_pole_suspend(void *self, pia_request_t **request_p)
{
    const pia_registry_pole_suspend_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pole_t pole;
    int64_t seen = asked->has_version ? asked->version : 0;
    pia_status_t status = take_pole(handler_db(self), asked->code, seen, &pole, &problem);
    if (status == PIA_OK) {
        status = pole_suspend(&pole, asked->reason, &problem);
    }
    put_pole(self, request_p, &pole, status, &problem);
}

void handle_pole_reactivate(void *self, pia_request_t **request_p)
{
    const pia_registry_pole_reactivate_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pole_t pole;
    int64_t seen = asked->has_version ? asked->version : 0;
    pia_status_t status = take_pole(handler_db(self), asked->code, seen, &pole, &problem);
    if (status == PIA_OK) {
        status = pole_reactivate(&pole, &problem);
    }
    put_pole(self, request_p, &pole, status, &problem);
}
