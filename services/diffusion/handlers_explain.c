/* handlers_explain.c - why a subscription is reached, or why not. */
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"
#include "explain.h"
#include "journal_read.h"
#include "pia/json.h"
#include "proto/subscription.h"
#include "publication.h"
#include "publication_store.h"
#include "subscription.h"

/* What is asked about: a place in the journal and the attributes there. */
typedef struct {
    uint64_t sequence;
    attributes_t attributes;
    batch_t *batch; /* what the attributes are borrowed from: this, */
    entry_t entry;  /* or this */
    bool has_entry;
} subject_t;

static void subject_clear(subject_t *subject)
{
    batch_release(&subject->batch);
    if (subject->has_entry)
        entry_clear(&subject->entry);
}

/* What the asker may not see does not exist. */
static pia_status_t find_event(pia_db_t *db,
                               const pia_principal_t *principal,
                               subject_t *subject,
                               pia_problem_t *problem)
{
    record_t record;
    pia_status_t status = journal_read_batch(db, subject->sequence, &subject->batch);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/sequence", "There is no such event.");
    if (status != PIA_OK || !batch_find(subject->batch, subject->sequence, &record))
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "The journal cannot be read now.");
    if (record.hash)
        return pia_problem_set(problem, PIA_GONE, "/sequence",
                               "The event was removed by retention.");
    batch_attributes(subject->batch, subject->sequence, &subject->attributes);
    const char *const *value = subject->attributes.value;
    if (!pia_principal_sees(principal, value[ATTRIBUTE_VISIBILITY], value[ATTRIBUTE_RESTRICTED_TO]))
        return pia_problem_set(problem, PIA_NOT_FOUND, "/sequence", "There is no such event.");
    return PIA_OK;
}

/* A publication as it is now, as if it were the next event. */
static pia_status_t
find_publication(diffusion_t *self, const char *id, subject_t *subject, pia_problem_t *problem)
{
    pia_db_t *db = self->context->db;
    json_t *resource = NULL;
    pia_status_t status = publication_read(db, id, &resource);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/publication", "There is no such publication.");
    subject->sequence = journal_next(self->journal);
    if (status != PIA_OK) {
        json_decref(resource);
        return pia_problem_set(problem, status, "", "The publications are out of reach now.");
    }
    json_t *event = publication_event("publication.published", resource);
    status = entry_from_json(event, &subject->entry, problem);
    subject->has_entry = status == PIA_OK;
    if (status == PIA_OK)
        subject->attributes = subject->entry.attributes;
    json_decref(event);
    json_decref(resource);
    return status;
}

static pia_status_t find_subject(diffusion_t *self,
                                 const pia_request_t *request,
                                 subject_t *subject,
                                 pia_problem_t *problem)
{
    const pia_diffusion_subscription_explain_t *fields = pia_request_fields(request);
    if (!fields->publication == !fields->has_sequence)
        return pia_problem_set(problem, PIA_INVALID, "/publication",
                               "It is asked about a publication or about an event.");
    subject->sequence = (uint64_t)fields->sequence;
    return fields->publication
               ? find_publication(self, fields->publication, subject, problem)
               : find_event(self->context->db, pia_request_principal(request), subject, problem);
}

static json_t *explain(const json_t *subscription, const subject_t *subject)
{
    bool satisfied = false;
    uint64_t to = (uint64_t)pia_json_integer(subscription, "to");
    bool holds = (uint64_t)pia_json_integer(subscription, "from") <= subject->sequence &&
                 (!to || subject->sequence < to);
    const char *visibility = subject->attributes.value[ATTRIBUTE_VISIBILITY];
    bool visible = visibility && strcmp(visibility, "public") == 0;
    json_t *criteria =
        explain_criteria(json_object_get(subscription, "filter"), &subject->attributes, &satisfied);
    json_t *text = explain_text(criteria, holds, visible);
    return json_pack("{s:O, s:b, s:b, s:b, s:o, s:o}", "subscription",
                     json_object_get(subscription, "subscription"), "matches",
                     satisfied && holds && visible, "holds", holds, "visible", visible, "criteria",
                     criteria, "text", text);
}

void handle_subscription_explain(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_subscription_explain_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    subject_t subject = {.has_entry = false};
    json_t *subscription = NULL;
    pia_status_t status =
        subscription_read(diffusion->context->db, fields->subscription, &subscription);
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(&problem, status, "/subscription", "There is no such subscription.");
    else if (status != PIA_OK)
        (void)pia_problem_set(&problem, status, "", "The subscriptions are out of reach now.");
    if (status == PIA_OK)
        status = find_subject(diffusion, *request_p, &subject, &problem);
    if (status == PIA_OK)
        pia_request_answer(request_p, explain(subscription, &subject), 0);
    else
        pia_request_fail(request_p, &problem);
    subject_clear(&subject);
    json_decref(subscription);
}
