/* access.c - rights on what a dossier holds: a table, and the state. */
#include "access.h"

#include "pia/clock.h"

enum {
    OFFICE = PIA_ROLE_SECRETARIAT | PIA_ROLE_INSTRUCTEUR,
    DRAFT_READERS = PIA_ROLE_CANDIDAT | PIA_ROLE_SECRETARIAT,
    READERS = DRAFT_READERS | PIA_ROLE_INSTRUCTEUR | PIA_ROLE_REVIEWER | PIA_ROLE_COMMITTEE |
              PIA_ROLE_SIGNATORY | PIA_ROLE_SERVICE,
};

static const char LOCK[] = "SELECT version FROM matter WHERE id = $1 FOR UPDATE";

static const struct {
    uint32_t roles, draft_roles; /* draft: while the dossier is not filed */
} rules[] = {
    [ACCESS_READ] = {READERS, DRAFT_READERS},
    [ACCESS_DRAFT] = {PIA_ROLE_CANDIDAT, PIA_ROLE_CANDIDAT},
    [ACCESS_ATTACH] = {PIA_ROLE_CANDIDAT, PIA_ROLE_CANDIDAT},
    [ACCESS_LETTER] = {PIA_ROLE_CANDIDAT | OFFICE, DRAFT_READERS},
    [ACCESS_NOTE] = {OFFICE, OFFICE},
};

static bool has_state(uint64_t set, int state)
{
    return state != STATE_NONE && (set >> state & 1) != 0;
}

static bool is_draft(const matter_t *dossier)
{
    return has_state(dossier->definition->content.draft_in, dossier->state);
}

static bool has_role(const matter_t *dossier, uint32_t roles, access_t access)
{
    return (roles & (is_draft(dossier) ? rules[access].draft_roles : rules[access].roles)) != 0;
}

static bool in_state(const matter_t *dossier, access_t access)
{
    const content_t *content = &dossier->definition->content;
    if (access == ACCESS_DRAFT)
        return is_draft(dossier);
    if (access == ACCESS_ATTACH)
        return has_state(content->draft_in | content->complete_in, dossier->state);
    return true;
}

bool access_allows(const matter_t *dossier, uint32_t roles, access_t access)
{
    return has_role(dossier, roles, access) && in_state(dossier, access);
}

static pia_status_t check(const handler_found_t *found, access_t access, pia_problem_t *problem)
{
    if (!has_role(&found->matter, found->roles, access))
        return pia_problem_set(problem, PIA_FORBIDDEN, NULL,
                               "this part of the dossier is not for you");
    if (!in_state(&found->matter, access))
        return pia_problem_set(problem, PIA_CONFLICT, NULL,
                               "in the state %s nothing more is written here",
                               found->matter.machine->states[found->matter.state].name);
    return PIA_OK;
}

/* Whether the dossier is still what was read; from here on it stays so. */
static pia_status_t hold(labellisation_t *self, const matter_t *dossier, pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(self->db, LOCK);
    pia_stmt_text(stmt, 1, dossier->id);
    pia_status_t status = pia_stmt_step(stmt);
    bool same = status == PIA_OK && pia_stmt_column_integer(stmt, 0) == dossier->version;
    pia_stmt_reset(stmt);
    if (status != PIA_OK || same)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, NULL,
                           "the dossier was changed at the same moment: look again");
}

pia_status_t access_find(labellisation_t *self,
                         const pia_request_t *request,
                         const char *dossier,
                         access_t access,
                         handler_found_t *ret_found,
                         pia_problem_t *problem)
{
    pia_status_t status = handler_find(self, request, MACHINE_DOSSIER, dossier, ret_found, problem);
    if (status != PIA_OK)
        return status;
    status = check(ret_found, access, problem);
    if (status == PIA_OK)
        status =
            handler_check_declared(self->db, pia_request_principal(request), ret_found, problem);
    if (status == PIA_OK && access != ACCESS_READ)
        status = hold(self, &ret_found->matter, problem);
    if (status != PIA_OK)
        matter_clear(&ret_found->matter);
    return status;
}

void access_answer(pia_request_t **request_p,
                   pia_status_t status,
                   json_t *json,
                   int64_t version,
                   pia_problem_t *problem)
{
    if (status == PIA_OK) {
        pia_request_answer(request_p, json, version);
        return;
    }
    json_decref(json);
    handler_fail(request_p, status, problem);
}

const char *access_author(uint32_t roles, const char *author)
{
    return (roles & (PIA_ROLE_CANDIDAT | PIA_ROLE_SECRETARIAT)) != 0 ? author : NULL;
}
