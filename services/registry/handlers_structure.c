/* handlers_structure.c - registry.structure.* */
#include <string.h>

#include "announce.h"
#include "handlers.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/structure.h"
#include "store_structure.h"

/* Whether the asker may see all structures, or only the one it acts for. */
static bool sees_all(const pia_principal_t *principal)
{
    return (principal->roles & ~(uint32_t)PIA_ROLE_CANDIDAT) != 0;
}

/* Whether a SIREN or SIRET is another structure's: said better than by the unique key. */
static pia_status_t check_unused(pia_db_t *db, const structure_t *structure, pia_problem_t *problem)
{
    if (structure->siren[0] == '\0') {
        return PIA_OK;
    }
    structure_filter_t filter = {.siren = structure->siren};
    page_cursor_t start = {.id = ""};
    structure_t other;
    pia_stmt_t *stmt = store_structure_list(db, &filter, &start, 1);
    pia_status_t status = store_structure_next(stmt, &other);
    pia_stmt_reset(stmt);
    if (status == PIA_OK && strcmp(other.id, structure->id) != 0) {
        return pia_problem_set(problem, PIA_CONFLICT, "/siren",
                               "a structure with this SIREN is recorded already");
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Ends a handler that has written a structure. */
static void tell(void *self,
                 pia_request_t **request_p,
                 const char *type,
                 const structure_t *structure,
                 pia_status_t status,
                 const pia_problem_t *problem)
{
    if (status == PIA_OK) {
        status = announce_structure(handler_db(self), type, structure);
    }
    handler_end(request_p, status, status == PIA_OK ? structure_json(structure) : NULL,
                structure->version, problem);
}

void handle_structure_create(void *self, pia_request_t **request_p)
{
    const pia_registry_structure_create_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    structure_t structure = {.demonstration = asked->demonstration};
    pia_uuid7_text(structure.id);
    TEXT_SET(structure.name, asked->name);
    TEXT_SET(structure.siren, asked->siren);
    TEXT_SET(structure.siret, asked->siret);
    TEXT_SET(structure.commune, asked->commune);
    TEXT_SET(structure.departement, asked->departement);
    pia_status_t status = structure_complete(&structure, &problem);
    if (status == PIA_OK) {
        status = check_unused(db, &structure, &problem);
    }
    if (status == PIA_OK) {
        status = store_structure_insert(db, &structure, pia_clock_now());
    }
    tell(self, request_p, "structure.created", &structure, status, &problem);
}

void handle_structure_get(void *self, pia_request_t **request_p)
{
    const pia_registry_structure_get_t *asked = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    structure_t structure = {.version = 0};
    pia_status_t status = PIA_NOT_FOUND; /* also for what one may not see */
    if (sees_all(principal) || strcmp(principal->structure, asked->structure) == 0) {
        status = store_structure_find(handler_db(self), asked->structure, &structure);
    }
    handler_end(request_p, status, status == PIA_OK ? structure_json(&structure) : NULL,
                structure.version, &problem);
}

void handle_structure_list(void *self, pia_request_t **request_p)
{
    const pia_registry_structure_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    structure_filter_t filter = {
        .departement = asked->departement, .region = asked->region, .siren = asked->siren};
    page_cursor_t cursor;
    json_t *body = NULL;
    pia_status_t status = cursor_read(asked->after, &cursor, &problem);
    if (status == PIA_OK) {
        page_t page;
        structure_t structure;
        page_start(&page, asked->has_limit, asked->limit);
        pia_stmt_t *stmt = store_structure_list(handler_db(self), &filter, &cursor, page.limit + 1);
        do {
            status = store_structure_next(stmt, &structure);
        } while (status == PIA_OK &&
                 page_add(&page, structure_json(&structure), structure.name, structure.id));
        pia_stmt_reset(stmt);
        status = page_end(&page, status, &body);
    }
    handler_end(request_p, status, body, 0, &problem);
}

/* Of two members that depend on each other, the one that is given wins over what was there. */
static void change(const pia_registry_structure_update_t *asked, structure_t *structure)
{
    if (asked->name != NULL) {
        TEXT_SET(structure->name, asked->name);
    }
    if (asked->siren != NULL || asked->siret != NULL) {
        bool fits = asked->siren != NULL && strncmp(structure->siret, asked->siren, 9) == 0;
        TEXT_SET(structure->siren, asked->siren);
        if (asked->siret != NULL || !fits) {
            TEXT_SET(structure->siret, asked->siret);
        }
    }
    if (asked->commune != NULL || asked->departement != NULL) {
        TEXT_SET(structure->commune, asked->commune);
        TEXT_SET(structure->departement, asked->departement);
    }
}

void handle_structure_update(void *self, pia_request_t **request_p)
{
    const pia_registry_structure_update_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    structure_t structure = {.version = 0};
    pia_status_t status = store_structure_find(db, asked->structure, &structure);
    if (status == PIA_OK) {
        status = handler_check_version(asked->version, structure.version, &problem);
    }
    if (status == PIA_OK) {
        change(asked, &structure);
        status = structure_complete(&structure, &problem);
    }
    if (status == PIA_OK) {
        status = check_unused(db, &structure, &problem);
    }
    if (status == PIA_OK) {
        status = store_structure_update(db, &structure);
    }
    tell(self, request_p, "structure.updated", &structure, status, &problem);
}
