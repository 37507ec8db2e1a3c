/* handlers_reference.c - registry.reference.*, registry.commune.* and registry.clock.* */
#include <string.h>

#include "announce.h"
#include "fold.h"
#include "handlers.h"
#include "pia/clock.h"
#include "proto/reference.h"
#include "store_reference.h"
#include "store_state.h"

void handle_reference_list(void *self, pia_request_t **request_p)
{
    registry_t *registry = self;
    const pia_registry_reference_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    json_t *body = NULL;
    json_t *items = NULL;
    int64_t version = 0;
    pia_status_t status = store_reference_version(handler_db(self), &version);
    if (status == PIA_OK) {
        status = store_reference_list(handler_db(self), asked->list, &items);
    }
    if (status == PIA_OK) {
        body = json_object();
        json_put_text(body, "list", asked->list);
        json_object_set_new(body, "items", items);
        pia_fresh_add(&registry->fresh, "list", asked->list, version, body);
    }
    handler_end(request_p, status, body, version, &problem);
}

void handle_commune_get(void *self, pia_request_t **request_p)
{
    const pia_registry_commune_get_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    json_t *body = NULL;
    pia_status_t status = store_commune_find(handler_db(self), asked->code, &body);
    handler_end(request_p, status, body, 0, &problem);
}

/* The rows are few and flat: the page is cut here, one more is read to know of a next one. */
static pia_status_t list_communes(pia_db_t *db,
                                  const pia_registry_commune_list_t *asked,
                                  json_t **ret_body,
                                  pia_problem_t *problem)
{
    char prefix[FOLD_MAX + 1] = "";
    commune_filter_t filter = {.departement = asked->departement, .prefix = prefix};
    page_cursor_t cursor;
    page_cursor_t last;
    json_t *items = NULL;
    int64_t limit = asked->has_limit ? asked->limit : PAGE_DEFAULT;
    if (asked->q != NULL && fold_text(asked->q, prefix) == 0) {
        return pia_problem_set(problem, PIA_INVALID, "/q", "this has no letter or digit");
    }
    pia_status_t status = cursor_read(asked->after, &cursor, problem);
    if (status == PIA_OK) {
        status = store_commune_list(db, &filter, &cursor, limit, &items, &last);
    }
    if (status != PIA_OK) {
        return status;
    }
    *ret_body = json_object();
    if ((int64_t)json_array_size(items) == limit) {
        char next[CURSOR_TEXT_SIZE];
        cursor_write(last.sort, last.id, next);
        json_object_set_new(*ret_body, "next", json_string(next));
    }
    json_object_set_new(*ret_body, "items", items);
    return PIA_OK;
}

void handle_commune_list(void *self, pia_request_t **request_p)
{
    const pia_registry_commune_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    json_t *body = NULL;
    pia_status_t status = list_communes(handler_db(self), asked, &body, &problem);
    handler_end(request_p, status, body, 0, &problem);
}

static json_t *clock_json(const registry_t *registry, int64_t shift_ms)
{
    char now[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_clock_wall() + shift_ms, now);
    json_t *json = json_object();
    json_put_text(json, "now", now);
    json_object_set_new(json, "shift_ms", json_integer(shift_ms));
    json_object_set_new(json, "demonstration", json_boolean(registry->demonstration));
    return json;
}

void handle_clock_get(void *self, pia_request_t **request_p)
{
    pia_problem_t problem = {.status = PIA_OK};
    int64_t shift_ms = 0;
    pia_status_t status = store_clock_find(handler_db(self), &shift_ms);
    handler_end(request_p, status, status == PIA_OK ? clock_json(self, shift_ms) : NULL, 0,
                &problem);
}

/* The shift that was asked for, from the present one. */
static pia_status_t
read_advance(const pia_registry_clock_advance_t *asked, int64_t *shift_ms, pia_problem_t *problem)
{
    int64_t to_ms = 0;
    if (asked->has_by_ms == (asked->to != NULL)) {
        return pia_problem_set(problem, PIA_INVALID, "/by_ms", "either by_ms or to is given");
    }
    int64_t before_ms = *shift_ms;
    if (asked->has_by_ms) {
        *shift_ms += asked->by_ms;
    } else if (pia_time_parse(asked->to, &to_ms)) {
        *shift_ms = to_ms - pia_clock_wall();
    }
    if (*shift_ms <= before_ms || *shift_ms > CLOCK_SHIFT_MAX_MS) {
        return pia_problem_set(problem, PIA_INVALID, asked->has_by_ms ? "/by_ms" : "/to",
                               "legal time moves forward only, at most 50 years in all");
    }
    return PIA_OK;
}

void handle_clock_advance(void *self, pia_request_t **request_p)
{
    registry_t *registry = self;
    const pia_registry_clock_advance_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    int64_t shift_ms = 0;
    pia_status_t status = PIA_OK;
    if (!registry->demonstration) {
        status = pia_problem_set(&problem, PIA_FORBIDDEN, NULL,
                                 "legal time is advanced in a demonstration only");
    }
    if (status == PIA_OK) {
        status = store_clock_lock(db, &shift_ms);
    }
    if (status == PIA_OK) {
        status = read_advance(asked, &shift_ms, &problem);
    }
    if (status == PIA_OK) {
        status = store_clock_set(db, shift_ms);
    }
    if (status == PIA_OK) {
        status = announce_clock(db, shift_ms);
    }
    if (status == PIA_OK) {
        registry->shift_ms = shift_ms;
    }
    handler_end(request_p, status, status == PIA_OK ? clock_json(registry, shift_ms) : NULL, 0,
                &problem);
}
