/* handlers_person.c - registry.person.* */
#include <stdio.h>
#include <string.h>

#include "announce.h"
#include "handlers.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/person.h"
#include "store_person.h"

enum { SEES_PEOPLE = PIA_ROLE_SECRETARIAT | PIA_ROLE_OPERATOR | PIA_ROLE_SERVICE };

static pia_status_t read_roles(const json_t *json, uint32_t *ret_roles, pia_problem_t *problem)
{
    if (!pia_roles_parse(json, ret_roles)) {
        return pia_problem_set(problem, PIA_INVALID, "/roles", "there is no such role");
    }
    return PIA_OK;
}

/* Whether what the person refers to exists. */
static pia_status_t check_references(pia_db_t *db, const person_t *person, pia_problem_t *problem)
{
    pia_status_t status = handler_check_structure(db, person->structure, problem);
    return status == PIA_OK ? handler_check_pole(db, person->pole, problem) : status;
}

static void tell(void *self,
                 pia_request_t **request_p,
                 const char *type,
                 const person_t *person,
                 pia_status_t status,
                 const pia_problem_t *problem)
{
    if (status == PIA_OK) {
        status = announce_person(handler_db(self), type, person);
    }
    handler_end(request_p, status, status == PIA_OK ? person_json(person) : NULL, person->version,
                problem);
}

void handle_person_create(void *self, pia_request_t **request_p)
{
    const pia_registry_person_create_t *asked = pia_request_fields(*request_p);
    const pia_principal_t *asker = pia_request_principal(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    person_t person = {.version = 0};
    pia_uuid7_text(person.id);
    TEXT_SET(person.label, asked->label);
    TEXT_SET(person.structure, asked->structure);
    TEXT_SET(person.pole, asked->pole);
    pia_status_t status = read_roles(asked->roles, &person.roles, &problem);
    if (status == PIA_OK) {
        status = rights_may_give(asker, person.roles, person.pole, &problem);
    }
    if (status == PIA_OK) {
        status = check_references(db, &person, &problem);
    }
    if (status == PIA_OK) {
        status = store_person_insert(db, &person, pia_clock_now());
    }
    tell(self, request_p, "person.created", &person, status, &problem);
}

void handle_person_get(void *self, pia_request_t **request_p)
{
    const pia_registry_person_get_t *asked = pia_request_fields(*request_p);
    const pia_principal_t *asker = pia_request_principal(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    person_t person = {.version = 0};
    pia_status_t status = PIA_NOT_FOUND; /* also for whom one may not see */
    if ((asker->roles & SEES_PEOPLE) != 0 || strcmp(asker->person, asked->person) == 0) {
        status = store_person_find(handler_db(self), asked->person, &person);
    }
    handler_end(request_p, status, status == PIA_OK ? person_json(&person) : NULL, person.version,
                &problem);
}

void handle_person_list(void *self, pia_request_t **request_p)
{
    const pia_registry_person_list_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    person_filter_t filter = {.role = asked->role == NULL ? 0 : pia_role_parse(asked->role),
                              .structure = asked->structure,
                              .pole = asked->pole};
    page_cursor_t cursor;
    json_t *body = NULL;
    pia_status_t status = cursor_read(asked->after, &cursor, &problem);
    if (status == PIA_OK) {
        page_t page;
        person_t person;
        page_start(&page, asked->has_limit, asked->limit);
        pia_stmt_t *stmt = store_person_list(handler_db(self), &filter, &cursor, page.limit + 1);
        do {
            status = store_person_next(stmt, &person);
        } while (status == PIA_OK && page_add(&page, person_json(&person), NULL, person.id));
        pia_stmt_reset(stmt);
        status = page_end(&page, status, &body);
    }
    handler_end(request_p, status, body, 0, &problem);
}

/* Fills what is given; "" removes. */
static pia_status_t
change(const pia_registry_person_update_t *asked, person_t *person, pia_problem_t *problem)
{
    if (asked->label != NULL) {
        TEXT_SET(person->label, asked->label);
    }
    if (asked->structure != NULL) {
        TEXT_SET(person->structure, asked->structure);
    }
    if (asked->pole != NULL) {
        TEXT_SET(person->pole, asked->pole);
    }
    return asked->roles == NULL ? PIA_OK : read_roles(asked->roles, &person->roles, problem);
}

/* Roles that are given or taken, and a pôle that is given, must be the asker's to give. */
static pia_status_t check_rights(const pia_principal_t *asker,
                                 const person_t *before,
                                 const person_t *after,
                                 pia_problem_t *problem)
{
    const char *pole = strcmp(before->pole, after->pole) == 0 ? NULL : after->pole;
    return rights_may_give(asker, before->roles ^ after->roles, pole, problem);
}

static bool is_same_principal(const person_t *before, const person_t *after)
{
    return before->roles == after->roles && strcmp(before->pole, after->pole) == 0 &&
           strcmp(before->structure, after->structure) == 0;
}

static pia_status_t
put_person(pia_db_t *db, const person_t *before, person_t *after, pia_problem_t *problem)
{
    pia_status_t status = check_references(db, after, problem);
    if (status == PIA_OK) {
        status = store_person_update(db, after);
    }
    if (status == PIA_OK && !is_same_principal(before, after)) {
        char subject[64];
        (void)snprintf(subject, sizeof subject, "/persons/%s", after->id);
        status = announce_revocation(db, subject);
    }
    return status;
}

void handle_person_update(void *self, pia_request_t **request_p)
{
    const pia_registry_person_update_t *asked = pia_request_fields(*request_p);
    pia_problem_t problem = {.status = PIA_OK};
    pia_db_t *db = handler_db(self);
    person_t before;
    person_t after = {.version = 0};
    pia_status_t status = store_person_find(db, asked->person, &before);
    if (status == PIA_OK) {
        status = handler_check_version(asked->version, before.version, &problem);
    }
    if (status == PIA_OK) {
        after = before;
        status = change(asked, &after, &problem);
    }
    if (status == PIA_OK) {
        status = check_rights(pia_request_principal(*request_p), &before, &after, &problem);
    }
    if (status == PIA_OK) {
        status = put_person(db, &before, &after, &problem);
    }
    tell(self, request_p, "person.updated", &after, status, &problem);
}
