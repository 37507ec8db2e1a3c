/* handlers.h - one function a message, and how each of them ends. Store thread. */
#ifndef REGISTRY_HANDLERS_H
#define REGISTRY_HANDLERS_H

#include "cursor.h"
#include "pia/request.h"
#include "registry.h"

pia_handler_fn handle_authenticate;
pia_handler_fn handle_key_create;
pia_handler_fn handle_key_revoke;
pia_handler_fn handle_key_list;
pia_handler_fn handle_person_create;
pia_handler_fn handle_person_get;
pia_handler_fn handle_person_list;
pia_handler_fn handle_person_update;
pia_handler_fn handle_structure_create;
pia_handler_fn handle_structure_get;
pia_handler_fn handle_structure_list;
pia_handler_fn handle_structure_update;
pia_handler_fn handle_pole_get;
pia_handler_fn handle_pole_list;
pia_handler_fn handle_pole_update;
pia_handler_fn handle_pole_suspend;
pia_handler_fn handle_pole_reactivate;
pia_handler_fn handle_reference_list;
pia_handler_fn handle_commune_get;
pia_handler_fn handle_commune_list;
pia_handler_fn handle_clock_get;
pia_handler_fn handle_clock_advance;

/* Ends a handler: answers with `body` (takes; may be NULL after a failure) and the version if
 * `status` is PIA_OK, else fails with `problem`, completed where the store gave no words. */
void handler_end(pia_request_t **request_p,
                 pia_status_t status,
                 json_t *body,
                 int64_t version,
                 const pia_problem_t *problem);

/* The database of the handler's self. */
pia_db_t *handler_db(void *self);

/* PIA_CONFLICT that names the present version, if the asker has seen another. */
pia_status_t handler_check_version(int64_t seen, int64_t present, pia_problem_t *problem);

/* PIA_INVALID at `pointer` unless there is such a structure / such a pôle (or "*" for any).
 * PIA_OK for NULL and "". */
pia_status_t handler_check_structure(pia_db_t *db, const char *id, pia_problem_t *problem);
pia_status_t handler_check_pole(pia_db_t *db, const char *pole, pia_problem_t *problem);

/* A pôle was made or changed: the list that is in the cache is not shown any more, so that whoever
 * hears of the change and asks for the list gets the new one. */
void handler_poles_changed(registry_t *registry);

/* A page that is being filled: one more item than asked for is read, to know whether there is more.
 */
typedef struct {
    json_t *items;
    int64_t limit;
    bool more;
    char next[CURSOR_TEXT_SIZE];
} page_t;

/* Starts a page of `limit` items (has_limit false: PAGE_DEFAULT). Ask the store for limit + 1. */
void page_start(page_t *page, bool has_limit, int64_t limit);

/* Adds an item (takes) whose place is (sort of `name` or none if NULL, id); false: the page is full
 * and the item was not added. */
bool page_add(page_t *page, json_t *item, const char *name, const char *id);

/* Ends a list: `status` is what the last step gave (PIA_NOT_FOUND at the end of the rows, PIA_OK if
 * the page is full). Takes what the page holds; returns the body, or NULL and a failure. */
pia_status_t page_end(page_t *page, pia_status_t status, json_t **ret_body);

#endif
