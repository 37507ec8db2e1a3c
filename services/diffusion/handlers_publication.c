/* handlers_publication.c - publications by message: drafts, and the events that publish them. */
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "problems.h"
#include "proto/publication.h"
#include "publication.h"
#include "publication_store.h"

static bool is_draft(const json_t *resource)
{
    return strcmp(pia_json_text_or(resource, "state", ""), "draft") == 0;
}

static bool acts_for(const pia_request_t *request, const char *pole)
{
    const pia_principal_t *principal = pia_request_principal(request);
    return (principal->roles & PIA_ROLE_POLE) && pia_principal_acts_for_pole(principal, pole);
}

/* Takes the resource. */
static void answer(pia_request_t **request_p,
                   pia_status_t status,
                   json_t *resource,
                   const pia_problem_t *problem)
{
    if (status == PIA_OK) {
        json_int_t version = json_integer_value(json_object_get(resource, "version"));
        pia_request_answer(request_p, resource, version);
        return;
    }
    json_decref(resource);
    pia_request_fail(request_p, problem);
}

/* The problem of an event that the caller never saw points into its data: what it sent. */
static void point_at_member(pia_problem_t *problem)
{
    static const char inside[] = "/0/data";
    size_t size = sizeof inside - 1;
    if (strncmp(problem->pointer, inside, size) == 0)
        memmove(problem->pointer, problem->pointer + size, strlen(problem->pointer + size) + 1);
    else if (strncmp(problem->pointer, "/0", 2) == 0)
        problem->pointer[0] = '\0';
}

/* Appends the event that brings the resource, whose state was `present`, to its next. */
static pia_status_t announce(diffusion_t *self,
                             const pia_principal_t *principal,
                             const char *type,
                             const json_t *present,
                             json_t *resource,
                             pia_problem_t *problem)
{
    entry_t entry;
    receipt_t receipt;
    append_t append = {.principal = principal,
                       .entries = &entry,
                       .count = 1,
                       .receipts = &receipt,
                       .now_ms = pia_clock_now()};
    publication_advance(resource, type, present, append.now_ms);
    json_t *event = publication_event(type, resource);
    pia_status_t status = entry_from_json(event, &entry, problem);
    json_decref(event);
    if (status == PIA_OK) {
        status = diffusion_append(self, self->context->db, &append, problem);
        entry_clear(&entry);
    }
    if (status != PIA_OK)
        point_at_member(problem);
    return status;
}

void handle_publication_create(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_publication_create_t *fields = pia_request_fields(*request_p);
    pia_db_t *db = diffusion->context->db;
    pia_problem_t problem = {0};
    publisher_t publisher = {0};
    if (!acts_for(*request_p, fields->pole)) {
        pia_request_refuse(request_p, PIA_FORBIDDEN, "/pole",
                           "The token does not act for this pôle.");
        return;
    }
    pia_status_t status = publishers_check(db, fields->pole, &publisher, &problem);
    if (status == PIA_FORBIDDEN)
        (void)pia_problem_set(&problem, status, "/pole", "This pôle is not labelled and active.");
    json_t *resource = publication_draft(pia_request_body(*request_p), &publisher);
    if (status == PIA_OK)
        status = publication_check(resource, &problem);
    if (status == PIA_OK && fields->publish)
        status = announce(diffusion, pia_request_principal(*request_p), "publication.published",
                          NULL, resource, &problem);
    else if (status == PIA_OK) {
        status = publication_write(db, resource, pia_clock_now(), 0);
        if (status != PIA_OK)
            (void)pia_problem_set(&problem, status, "", "The draft cannot be stored now.");
    }
    answer(request_p, status, resource, &problem);
}

/* Reads what the caller wants to change: its own, in the version that it has seen. */
static pia_status_t open_own(diffusion_t *self,
                             const pia_request_t *request,
                             const char *id,
                             int64_t version,
                             json_t **ret_present,
                             pia_problem_t *problem)
{
    json_t *present = NULL;
    pia_status_t status = publication_read(self->context->db, id, &present);
    if (status == PIA_OK && !acts_for(request, pia_json_text_or(present, "pole", "")))
        status = is_draft(present) ? PIA_NOT_FOUND : PIA_FORBIDDEN;
    json_int_t actual = json_integer_value(json_object_get(present, "version"));
    if (status == PIA_OK && actual != version)
        status = PIA_CONFLICT;
    if (status == PIA_OK) {
        *ret_present = present;
        return PIA_OK;
    }
    json_decref(present);
    if (status == PIA_CONFLICT)
        return pia_problem_set(problem, status, "/version",
                               "It has been changed: it is at version %lld.", (long long)actual);
    return pia_problem_set(problem, status, "/publication", "%s",
                           status == PIA_NOT_FOUND   ? "There is no such publication."
                           : status == PIA_FORBIDDEN ? "It is another pôle's publication."
                                                     : "The publications are out of reach now.");
}

void handle_publication_publish(void *self, pia_request_t **request_p)
{
    const pia_diffusion_publication_publish_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *present = NULL;
    json_t *resource = NULL;
    pia_status_t status =
        open_own(self, *request_p, fields->publication, fields->version, &present, &problem);
    if (status == PIA_OK) {
        resource = json_copy(present);
        status = announce(self, pia_request_principal(*request_p), "publication.published", present,
                          resource, &problem);
    }
    json_decref(present);
    answer(request_p, status, resource, &problem);
}

/* A changed draft is a row; what is published is announced again. */
static pia_status_t change(diffusion_t *self,
                           const pia_request_t *request,
                           const json_t *present,
                           json_t *resource,
                           pia_problem_t *problem)
{
    pia_status_t status = publication_check(resource, problem);
    if (status != PIA_OK || !is_draft(present))
        return status != PIA_OK ? status
                                : announce(self, pia_request_principal(request),
                                           "publication.changed", present, resource, problem);
    json_int_t version = json_integer_value(json_object_get(present, "version"));
    json_object_set_new(resource, "version", json_integer(version + 1));
    status = publication_write(self->context->db, resource, pia_clock_now(), 0);
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The draft cannot be stored now.");
    return status;
}

void handle_publication_change(void *self, pia_request_t **request_p)
{
    const pia_diffusion_publication_change_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *present = NULL;
    json_t *resource = NULL;
    pia_status_t status =
        open_own(self, *request_p, fields->publication, fields->version, &present, &problem);
    if (status == PIA_OK) {
        resource = publication_changed(present, pia_request_body(*request_p));
        status = change(self, *request_p, present, resource, &problem);
    }
    json_decref(present);
    answer(request_p, status, resource, &problem);
}

/* A draft that is cancelled was never there. */
static pia_status_t
remove_draft(diffusion_t *self, const char *id, json_t *resource, pia_problem_t *problem)
{
    pia_status_t status = publication_remove(self->context->db, id);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The draft cannot be removed now.");
    json_object_set_new(resource, "state", json_string("cancelled"));
    return PIA_OK;
}

void handle_publication_cancel(void *self, pia_request_t **request_p)
{
    const pia_diffusion_publication_cancel_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *present = NULL;
    json_t *resource = NULL;
    pia_status_t status =
        open_own(self, *request_p, fields->publication, fields->version, &present, &problem);
    if (status == PIA_OK) {
        resource = json_copy(present);
        if (fields->reason)
            json_object_set_new(resource, "reason", json_string(fields->reason));
        status = is_draft(present) ? remove_draft(self, fields->publication, resource, &problem)
                                   : announce(self, pia_request_principal(*request_p),
                                              "publication.cancelled", present, resource, &problem);
    }
    json_decref(present);
    answer(request_p, status, resource, &problem);
}

static bool may_see(const pia_request_t *request, const json_t *resource)
{
    if (acts_for(request, pia_json_text_or(resource, "pole", "")))
        return true;
    const char *visibility = pia_json_text_or(resource, "visibility", "");
    return !is_draft(resource) && pia_principal_sees(pia_request_principal(request),
                                                     *visibility ? visibility : "public", NULL);
}

void handle_publication_get(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_publication_get_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *resource = NULL;
    pia_status_t status = publication_read(diffusion->context->db, fields->publication, &resource);
    if (status == PIA_OK && !may_see(*request_p, resource))
        status = PIA_NOT_FOUND;
    if (status != PIA_OK)
        (void)pia_problem_set(&problem, status, "/publication", "There is no such publication.");
    else
        publication_keep(&diffusion->fresh, resource);
    answer(request_p, status, resource, &problem);
}

static bool is_plain(const pia_diffusion_publication_list_t *asked)
{
    return !asked->kinds && !asked->poles && !asked->themes && !asked->sectors && !asked->regions &&
           !asked->departements && !asked->state && !asked->after && !asked->has_limit;
}

/* For the cache: the whole list as everyone sees it. The journal's head orders its versions; it is
 * not part of the answer, whose page does not change with each event. */
static void keep_list(diffusion_t *self, const json_t *page)
{
    receipt_t head;
    journal_committed_head(self->journal, &head);
    publication_keep_list(&self->fresh, (int64_t)head.sequence, page);
}

void handle_publication_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_publication_list_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    json_t *page = NULL;
    bool drafts = fields->state && strcmp(fields->state, "draft") == 0;
    const char *own = json_array_size(fields->poles) == 1
                          ? json_string_value(json_array_get(fields->poles, 0))
                          : NULL;
    if (drafts && (!own || !acts_for(*request_p, own))) {
        pia_request_refuse(request_p, PIA_FORBIDDEN, "/state",
                           "Drafts are listed for their own pôle.");
        return;
    }
    bool network = pia_principal_sees(pia_request_principal(*request_p), "network", NULL);
    pia_status_t status =
        publication_list(diffusion->context->db, fields, network, &page, &problem);
    if (status == PIA_OK && !network && is_plain(fields))
        keep_list(diffusion, page);
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        pia_request_fail(request_p, &problem);
}
