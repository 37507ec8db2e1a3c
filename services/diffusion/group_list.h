/* group_list.h - groups and keys as resources, one and by the page. Store thread. */
#ifndef DIFFUSION_GROUP_LIST_H
#define DIFFUSION_GROUP_LIST_H

#include <jansson.h>

#include "group_store.h"

/* The resource of a group; the caller owns it. `head` is the journal's last sequence. */
pia_status_t group_list_one(pia_db_t *db, const char *name, uint64_t head, json_t **ret_resource);

/* A page of the groups that the principal may manage, by name. */
typedef struct {
    const pia_principal_t *principal;
    const char *after; /* NULL: from the beginning */
    int64_t limit;
    uint64_t head;
} group_query_t;
pia_status_t group_list_page(pia_db_t *db, const group_query_t *query, json_t **ret_page);

/* Numbers of the groups that the instance at `endpoint` has, by group: how far each is behind, and
 * its keys that are parked. At most 100 groups: each is a line of every scrape. */
pia_status_t group_list_stats(pia_db_t *db, const char *endpoint, uint64_t head, json_t *stats);

/* A key's resource. */
json_t *group_list_key(const group_key_row_t *row);

/* A page of a group's keys in this state, by key. */
typedef struct {
    int64_t id;
    const char *state;
    const char *after;
    int64_t limit;
} group_key_query_t;
pia_status_t group_list_keys(pia_db_t *db, const group_key_query_t *query, json_t **ret_page);

#endif
