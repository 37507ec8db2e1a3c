/* handlers_parked.c - what to do about events that fail: looked at, tried again, skipped. Any
 * instance answers: the decision is a row, and whoever has the group sees it with its next beat. */
#include "diffusion.h"
#include "group_list.h"
#include "proto/group.h"

enum { LIMIT_DEFAULT = 50 };

/* Finds a group that the asking principal may manage. */
static pia_status_t find(diffusion_t *diffusion,
                         const pia_request_t *request,
                         const char *name,
                         int64_t *ret_id,
                         pia_problem_t *problem)
{
    group_t group;
    pia_status_t status = group_store_find(diffusion->context->db, name, &group);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/group", "There is no such group.");
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The groups are out of reach now.");
    bool may = group_may_manage(&group, pia_request_principal(request));
    *ret_id = group.id;
    group_clear(&group);
    return may ? PIA_OK
               : pia_problem_set(problem, PIA_FORBIDDEN, "/group", "The group is another's.");
}

void handle_parked_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_parked_list_t *fields = pia_request_fields(*request_p);
    group_key_query_t query = {.state = fields->state ? fields->state : "parked",
                               .after = fields->after,
                               .limit = fields->has_limit ? fields->limit : LIMIT_DEFAULT};
    pia_problem_t problem = {0};
    json_t *page = NULL;
    pia_status_t status = find(diffusion, *request_p, fields->group, &query.id, &problem);
    if (status == PIA_OK) {
        status = group_list_keys(diffusion->context->db, &query, &page);
        if (status != PIA_OK)
            (void)pia_problem_set(&problem, status, "", "The groups are out of reach now.");
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, page, 0);
    else
        pia_request_fail(request_p, &problem);
}

static pia_status_t
find_parked(pia_db_t *db, int64_t id, const char *key, group_key_row_t *row, pia_problem_t *problem)
{
    pia_status_t status = group_store_key(db, id, key, row);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/key", "This key is not parked.");
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The groups are out of reach now.");
    if (row->state != GROUP_KEY_PARKED)
        return pia_problem_set(problem, PIA_CONFLICT, "/key", "This key is %s, not parked.",
                               group_key_state_text(row->state));
    return PIA_OK;
}

/* The answer is the key as it was. */
static void unpark(
    diffusion_t *diffusion, pia_request_t **request_p, const char *name, const char *key, bool skip)
{
    pia_db_t *db = diffusion->context->db;
    pia_problem_t problem = {0};
    group_key_row_t row;
    int64_t id = 0;
    pia_status_t status = find(diffusion, *request_p, name, &id, &problem);
    if (status == PIA_OK)
        status = find_parked(db, id, key, &row, &problem);
    if (status == PIA_OK) {
        status = group_store_unpark(db, id, &row, skip);
        if (status != PIA_OK)
            (void)pia_problem_set(&problem, status, "", "The groups are out of reach now.");
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, group_list_key(&row), 0);
    else
        pia_request_fail(request_p, &problem);
}

void handle_parked_retry(void *self, pia_request_t **request_p)
{
    const pia_diffusion_parked_retry_t *fields = pia_request_fields(*request_p);
    unpark(self, request_p, fields->group, fields->key, false);
}

void handle_parked_skip(void *self, pia_request_t **request_p)
{
    const pia_diffusion_parked_skip_t *fields = pia_request_fields(*request_p);
    unpark(self, request_p, fields->group, fields->key, true);
}
