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
