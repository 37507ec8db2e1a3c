/* handlers_group.c - groups by message: made, looked at, removed. */
#include "diffusion.h"
#include "group_list.h"
#include "proto/group.h"

enum { LIMIT_DEFAULT = 50 };

static void answer(pia_request_t **request_p, pia_status_t status, json_t *body)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, body, 0);
    else if (status == PIA_NOT_FOUND)
        pia_request_refuse(request_p, status, "/group", "There is no such group.");
    else if (status == PIA_FORBIDDEN)
        pia_request_refuse(request_p, status, "/group", "The group is another's.");
    else
        pia_request_refuse(request_p, status, "", "The groups are out of reach now.");
}

static uint64_t head_of(const diffusion_t *diffusion)
{
    receipt_t head;
    journal_committed_head(diffusion->journal, &head);
    return head.sequence;
}

/* Finds a group that the asking principal may manage. */
static pia_status_t
find(pia_db_t *db, const pia_request_t *request, const char *name, int64_t *ret_id)
{
    group_t group;
    pia_status_t status = group_store_find(db, name, &group);
    if (status != PIA_OK)
        return status;
    if (!group_may_manage(&group, pia_request_principal(request)))
        status = PIA_FORBIDDEN;
    *ret_id = group.id;
    group_clear(&group);
    return status;
}

/* The same again is what is there already. */
static pia_status_t create(diffusion_t *diffusion,
                           const group_wish_t *wish,
                           const pia_principal_t *principal,
                           pia_problem_t *problem)
{
    pia_db_t *db = diffusion->context->db;
    group_t group;
    receipt_t head;
    cursor_t from;
    pia_status_t status = group_store_find(db, wish->name, &group);
    if (status == PIA_OK) {
        status = group_check_join(&group, principal, problem);
        if (status == PIA_OK)
            status = group_check_wish(&group, wish, problem);
        group_clear(&group);
        return status;
    }
    if (status != PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "", "The groups are out of reach now.");
    journal_committed_head(diffusion->journal, &head);
    status = group_store_read_from(db, &head, wish->from, &from, problem);
    if (status == PIA_OK)
        status = group_make(wish, principal, &group, problem);
    if (status != PIA_OK)
        return status;
    status = group_store_make(db, &group, &from, head.epoch, problem);
    group_clear(&group);
    return status;
}

void handle_group_create(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_group_create_t *fields = pia_request_fields(*request_p);
    const group_wish_t wish = {.name = fields->group,
                               .filter = fields->filter,
                               .from = fields->from,
                               .roles = fields->roles,
                               .attempts = (uint32_t)fields->attempts};
    pia_problem_t problem = {0};
    json_t *resource = NULL;
    pia_status_t status = create(diffusion, &wish, pia_request_principal(*request_p), &problem);
    if (status != PIA_OK) {
        pia_request_fail(request_p, &problem);
        return;
    }
    status = group_list_one(diffusion->context->db, wish.name, head_of(diffusion), &resource);
    answer(request_p, status, resource);
}

void handle_group_get(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_group_get_t *fields = pia_request_fields(*request_p);
    pia_db_t *db = diffusion->context->db;
    json_t *resource = NULL;
    int64_t id = 0;
    pia_status_t status = find(db, *request_p, fields->group, &id);
    if (status == PIA_OK)
        status = group_list_one(db, fields->group, head_of(diffusion), &resource);
    answer(request_p, status, resource);
}

void handle_group_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_group_list_t *fields = pia_request_fields(*request_p);
    const group_query_t query = {.principal = pia_request_principal(*request_p),
                                 .after = fields->after,
                                 .limit = fields->has_limit ? fields->limit : LIMIT_DEFAULT,
                                 .head = head_of(diffusion)};
    json_t *page = NULL;
    pia_status_t status = group_list_page(diffusion->context->db, &query, &page);
    answer(request_p, status, page);
}

void handle_group_end(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_group_end_t *fields = pia_request_fields(*request_p);
    pia_db_t *db = diffusion->context->db;
    json_t *resource = NULL;
    int64_t id = 0;
    pia_status_t status = find(db, *request_p, fields->group, &id);
    if (status == PIA_OK)
        status = group_list_one(db, fields->group, head_of(diffusion), &resource);
    if (status == PIA_OK)
        status = group_store_remove(db, id);
    if (status != PIA_OK)
        json_decref(resource);
    answer(request_p, status, resource);
}
