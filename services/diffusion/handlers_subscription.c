/* handlers_subscription.c - what people subscribe to, and whom an event reaches. */
#include <stdlib.h>

#include "diffusion.h"
#include "filter.h"
#include "journal_read.h"
#include "pia/memory.h"
#include "problems.h"
#include "proto/subscription.h"
#include "subscription.h"

enum { LIMIT_DEFAULT = 50 };

static void answer(pia_request_t **request_p, pia_status_t status, json_t *resource)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, resource, 0);
    else if (status == PIA_NOT_FOUND)
        pia_request_refuse(request_p, status, "/subscription", "There is no such subscription.");
    else
        pia_request_refuse(request_p, status, "", "The subscriptions are out of reach now.");
}

void handle_subscription_create(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_subscription_create_t *fields = pia_request_fields(*request_p);
    pia_problem_t problem = {0};
    filter_t *filter = NULL;
    if (filter_compile(fields->filter, &filter, &problem) != PIA_OK) {
        problem_under_member(&problem, "filter");
        pia_request_fail(request_p, &problem);
        return;
    }
    filter_destroy(&filter);
    json_t *resource = NULL;
    pia_status_t status =
        subscription_create(diffusion->context->db, fields->contact, fields->filter,
                            journal_next(diffusion->journal), &resource);
    answer(request_p, status, resource);
}

void handle_subscription_get(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_subscription_get_t *fields = pia_request_fields(*request_p);
    json_t *resource = NULL;
    pia_status_t status =
        subscription_read(diffusion->context->db, fields->subscription, &resource);
    answer(request_p, status, resource);
}

void handle_subscription_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    pia_problem_t problem = {0};
    json_t *page = NULL;
    pia_status_t status =
        subscription_list(diffusion->context->db, pia_request_fields(*request_p), &page, &problem);
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        pia_request_fail(request_p, &problem);
}

void handle_subscription_end(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_subscription_end_t *fields = pia_request_fields(*request_p);
    pia_db_t *db = diffusion->context->db;
    json_t *resource = NULL;
    pia_status_t status =
        subscription_end(db, fields->subscription, journal_next(diffusion->journal));
    if (status == PIA_OK)
        status = subscription_read(db, fields->subscription, &resource);
    answer(request_p, status, resource);
}

static json_t *
audience_json(const int64_t *slots, const subscriber_t *people, size_t count, size_t limit)
{
    json_t *items = json_array();
    for (size_t i = 0; i < count && i < limit; i++)
        json_array_append_new(items, json_pack("{s:s, s:s}", "subscription", people[i].id,
                                               "contact", people[i].contact));
    json_t *page = json_pack("{s:o}", "items", items);
    if (count > limit) {
        char next[24];
        subscription_place(slots[limit - 1], next);
        json_object_set_new(page, "next", json_string(next));
    }
    return page;
}

static pia_status_t audience(diffusion_t *self,
                             uint64_t sequence,
                             const attributes_t *attributes,
                             int64_t after,
                             size_t limit,
                             json_t **ret_page)
{
    int64_t *slots = pia_alloc((limit + 1) * sizeof *slots);
    subscriber_t *people = pia_alloc(limit * sizeof *people);
    size_t count = 0;
    pia_status_t status = matching_refresh(self->matching, self->context->db);
    if (status == PIA_OK) {
        count = matching_audience(self->matching, sequence, attributes, after, slots, limit + 1);
        status =
            subscription_people(self->context->db, slots, count < limit ? count : limit, people);
    }
    if (status == PIA_OK)
        *ret_page = audience_json(slots, people, count, limit);
    free(slots);
    free(people);
    return status;
}

/* Subscribers are people outside the network: they are told of what is public, and of nothing else.
 */
static bool reaches_subscribers(const attributes_t *attributes)
{
    pia_principal_t nobody = {0};
    return pia_principal_sees(&nobody, attributes->value[ATTRIBUTE_VISIBILITY],
                              attributes->value[ATTRIBUTE_RESTRICTED_TO]);
}

static pia_status_t find_event(pia_db_t *db,
                               const pia_diffusion_audience_list_t *fields,
                               batch_t **ret_batch,
                               attributes_t *ret_attributes,
                               pia_problem_t *problem)
{
    record_t record;
    pia_status_t status = journal_read_batch(db, (uint64_t)fields->sequence, ret_batch);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/sequence", "There is no such event.");
    if (status == PIA_OK && !batch_find(*ret_batch, (uint64_t)fields->sequence, &record))
        status = PIA_INTERNAL;
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The journal cannot be read now.");
    if (fields->has_epoch && record.cursor.epoch != (uint64_t)fields->epoch)
        return pia_problem_set(problem, PIA_GONE, "/epoch",
                               "The event of this number is of another epoch.");
    if (record.hash)
        return pia_problem_set(problem, PIA_GONE, "/sequence",
                               "The event was removed by retention.");
    batch_attributes(*ret_batch, record.cursor.sequence, ret_attributes);
    return PIA_OK;
}

void handle_audience_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_audience_list_t *fields = pia_request_fields(*request_p);
    size_t limit = fields->has_limit ? (size_t)fields->limit : LIMIT_DEFAULT;
    pia_problem_t problem = {0};
    batch_t *batch = NULL;
    attributes_t attributes = {0};
    int64_t after = 0;
    pia_status_t status = find_event(diffusion->context->db, fields, &batch, &attributes, &problem);
    if (status == PIA_OK && !subscription_parse_place(fields->after, &after))
        status =
            pia_problem_set(&problem, PIA_INVALID, "/after", "It is not a `next` of this list.");
    json_t *page = NULL;
    if (status == PIA_OK && !reaches_subscribers(&attributes))
        page = json_pack("{s:[]}", "items");
    else if (status == PIA_OK) {
        status = audience(diffusion, (uint64_t)fields->sequence, &attributes, after, limit, &page);
        if (status != PIA_OK)
            (void)pia_problem_set(&problem, status, "", "The subscriptions are out of reach now.");
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        pia_request_fail(request_p, &problem);
    batch_release(&batch);
}
