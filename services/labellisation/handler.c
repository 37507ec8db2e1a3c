/* handler.c - what the handlers share. */
#include "handler.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "history.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "review.h"
#include "session_view.h"

enum { FIND_TRIES_MAX = 4 };

void handler_fail(pia_request_t **request_p, pia_status_t status, pia_problem_t *problem)
{
    bool again = status == PIA_UNAVAILABLE || status == PIA_CONFLICT;
    if (problem->status != status && again)
        (void)pia_problem_set(problem, status, NULL, "the store could not do it now: try again");
    else if (problem->status != status)
        (void)pia_problem_set(problem, PIA_INTERNAL, NULL, "the store failed");
    if (problem->status == PIA_INTERNAL)
        pia_log(PIA_LOG_ERROR, "%s: %s", pia_request_message(*request_p)->name,
                pia_status_text(status));
    pia_request_fail(request_p, problem);
}

static pia_status_t find_once(labellisation_t *self,
                              const pia_request_t *request,
                              machine_kind_t kind,
                              const char *id,
                              handler_found_t *ret_found,
                              pia_problem_t *problem)
{
    const pia_principal_t *principal = pia_request_principal(request);
    pia_status_t status =
        matter_load(self->db, self->library, kind, id, &ret_found->matter, problem);
    if (status != PIA_OK)
        return status;
    status = matter_roles(self->db, &ret_found->matter, principal, &ret_found->roles);
    if (status == PIA_OK && !kinds[kind].open &&
        !engine_sees(ret_found->matter.machine, ret_found->roles))
        status =
            pia_problem_set(problem, PIA_NOT_FOUND, NULL, "there is no such %s", kinds[kind].name);
    if (status == PIA_OK)
        status =
            matter_catch_up(self->db, self->library, &ret_found->matter, pia_clock_now(), problem);
    if (status != PIA_OK)
        matter_clear(&ret_found->matter);
    return status;
}

pia_status_t handler_find(labellisation_t *self,
                          const pia_request_t *request,
                          machine_kind_t kind,
                          const char *id,
                          handler_found_t *ret_found,
                          pia_problem_t *problem)
{
    pia_status_t status = PIA_CONFLICT;
    for (int i = 0; status == PIA_CONFLICT && i < FIND_TRIES_MAX; i++) {
        status = find_once(self, request, kind, id, ret_found, problem);
        if (pia_db_is_retryable(self->db)) /* the whole transaction is tried again */
            break;
    }
    return status;
}

pia_status_t handler_find_to_move(labellisation_t *self,
                                  const pia_request_t *request,
                                  machine_kind_t kind,
                                  const char *id,
                                  handler_found_t *ret_found,
                                  pia_problem_t *problem)
{
    pia_status_t status = handler_find(self, request, kind, id, ret_found, problem);
    if (status != PIA_OK || engine_sees(ret_found->matter.machine, ret_found->roles))
        return status;
    matter_clear(&ret_found->matter);
    return pia_problem_set(problem, PIA_FORBIDDEN, NULL,
                           "this is for its holder and those who decide");
}

/* The dossier that a reviewer is asked about: what was found, or whose review that is; NULL: none,
 * or it is its own review. */
static const char *reviewed_dossier(const matter_t *found, const char *person)
{
    if (found->kind == MACHINE_DOSSIER)
        return found->id;
    return found->kind == MACHINE_REVIEW && strcmp(found->person, person) != 0 ? found->parent
                                                                               : NULL;
}

static pia_status_t check_standing(review_standing_t standing, bool others, pia_problem_t *problem)
{
    if (standing == REVIEW_ASKED)
        return pia_problem_set(
            problem, PIA_FORBIDDEN, NULL,
            "declare your interests first: a reviewer reads a dossier after that");
    if (standing == REVIEW_INTERESTED)
        return pia_problem_set(problem, PIA_FORBIDDEN, NULL,
                               "you have an interest in this dossier, or are recused from it");
    if (standing == REVIEW_DECLARED && others)
        return pia_problem_set(problem, PIA_FORBIDDEN, NULL,
                               "a reviewer reads the reports of others after its own");
    return PIA_OK;
}

pia_status_t handler_check_declared(pia_db_t *db,
                                    const pia_principal_t *principal,
                                    const handler_found_t *found,
                                    pia_problem_t *problem)
{
    const char *dossier = reviewed_dossier(&found->matter, principal->person);
    review_standing_t standing;
    if (!dossier || engine_are_own(found->roles))
        return PIA_OK; /* its own people read nothing that a review could bar */
    pia_status_t status = review_standing(db, dossier, principal->person, &standing);
    if (status != PIA_OK)
        return status;
    if ((principal->roles & PIA_ROLE_REVIEWER) == 0 && standing != REVIEW_INTERESTED)
        return PIA_OK; /* who reviews no more has nothing to declare */
    return check_standing(standing, found->matter.kind == MACHINE_REVIEW, problem);
}

pia_status_t handler_find_inner(labellisation_t *self,
                                const pia_request_t *request,
                                machine_kind_t kind,
                                const char *id,
                                handler_found_t *ret_found,
                                pia_problem_t *problem)
{
    pia_status_t status = handler_find_to_move(self, request, kind, id, ret_found, problem);
    if (status != PIA_OK)
        return status;
    status = handler_check_declared(self->db, pia_request_principal(request), ret_found, problem);
    if (status != PIA_OK)
        matter_clear(&ret_found->matter);
    return status;
}

static pia_status_t make_move(labellisation_t *self,
                              const pia_request_t *request,
                              const handler_move_t *move,
                              matter_t *matter,
                              pia_problem_t *problem)
{
    int64_t now_ms = pia_clock_now();
    json_t *none = json_object(); /* no data given, unlike no data known (guard_fn) */
    act_t act = {
        .db = self->db,
        .library = self->library,
        .matter = matter,
        .transition = machine_transition(matter->machine, move->transition),
        .principal = pia_request_principal(request),
        .data = move->data ? move->data : none,
        .key = &self->key,
        .effective_ms = now_ms > matter->changed_ms ? now_ms : matter->changed_ms,
        .recorded_ms = now_ms,
    };
    pia_status_t status = PIA_OK;
    if (!act.transition)
        status = pia_problem_set(problem, PIA_INVALID, "/transition",
                                 "its process definition has no transition of this name");
    if (status == PIA_OK)
        status = matter_move(&act, move->version, problem);
    json_decref(none);
    return status;
}

pia_status_t handler_move(labellisation_t *self,
                          const pia_request_t *request,
                          const handler_move_t *asked,
                          handler_found_t *ret_found,
                          pia_problem_t *problem)
{
    pia_status_t status = handler_find(self, request, asked->kind, asked->id, ret_found, problem);
    if (status != PIA_OK)
        return status;
    status = make_move(self, request, asked, &ret_found->matter, problem);
    if (status == PIA_OK)
        status = matter_roles(self->db, &ret_found->matter, pia_request_principal(request),
                              &ret_found->roles);
    if (status == PIA_OK)
        self->moved++;
    else
        matter_clear(&ret_found->matter);
    return status;
}

bool handler_reads_all(const pia_principal_t *principal)
{
    const uint32_t narrow =
        PIA_ROLE_CANDIDAT | PIA_ROLE_POLE | PIA_ROLE_REVIEWER | PIA_ROLE_OPERATOR;
    return (principal->roles & ~narrow) != 0;
}

history_reader_t handler_reader(const handler_found_t *found, const pia_principal_t *principal)
{
    bool concerned = found->matter.kind == MACHINE_SESSION &&
                     session_concerns(&found->matter, principal->structure);
    return (history_reader_t){
        .machine = found->matter.machine,
        .roles = concerned ? PIA_ROLE_NONE : found->roles,
        .subject = principal->subject,
    };
}

static bool parse_number(const char *text, int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    *ret_number = number;
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0;
}

pia_status_t handler_history(labellisation_t *self,
                             const handler_found_t *found,
                             const pia_request_t *request,
                             const char *after,
                             json_t **ret_page,
                             pia_problem_t *problem)
{
    const json_t *limit = json_object_get(pia_request_body(request), "limit");
    const history_reader_t reader = handler_reader(found, pia_request_principal(request));
    int64_t number = 0;
    if (after && !parse_number(after, &number))
        return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
    return history_page(self->db, found->matter.id, &reader, number,
                        limit ? json_integer_value(limit) : PAGE_LIMIT, ret_page);
}

pia_status_t handler_after(const char *after, const char **ret_id, pia_problem_t *problem)
{
    uint8_t uuid[PIA_UUID_SIZE];
    if (after && !pia_uuid_parse(after, uuid))
        return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
    *ret_id = after ? after : "";
    return PIA_OK;
}
