/* group_list.c - groups and keys as resources. */
#include "group_list.h"

#include <stdio.h>
#include <string.h>

#include "pia/clock.h"

#define COUNT(state)                                                                               \
    "(SELECT COUNT(*) FROM worker_group_key k WHERE k.worker_group = g.id AND k.state = '" state   \
    "')"
#define RESOURCE                                                                                   \
    "SELECT " GROUP_COLUMNS ", low_epoch, low_sequence, low_chain, " COUNT("parked") ", " COUNT(   \
        "aside") ", " COUNT("failing") " FROM worker_group g"

static const char SQL_ONE[] = RESOURCE " WHERE name = $1";
/* What group_may_manage says, for a principal with the roles $5, and without the roles $6; $7: it
 * may see what anybody may; $8: and manage what anybody made. */
static const char SQL_PAGE[] =
    RESOURCE " WHERE name > $1 AND ($8 = 1 OR ((owner = $2 OR (pole <> '' AND pole = $3)"
             " OR (roles & $5) <> 0) AND ($7 = 1 OR ((rights & $6) = 0 AND person IN ('', $4)"
             " AND structure IN ('', $9))))) ORDER BY name LIMIT $10";
static const char SQL_KEYS[] =
    "SELECT key, state, settled, sequence, attempts, error, since, change FROM worker_group_key"
    " WHERE worker_group = $1 AND state = $2 AND key > $3 ORDER BY key LIMIT $4";

static const char SQL_STATS[] = "SELECT name, low_sequence, " COUNT(
    "parked") " FROM worker_group g WHERE endpoint = $1 ORDER BY name LIMIT 100";

enum { COLUMN_LOW = GROUP_COLUMN_COUNT, COLUMN_PARKED = COLUMN_LOW + 3 };

static void set_time(json_t *resource, const char *member, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(resource, member, json_string(text));
}

static json_int_t lag_of(uint64_t head, uint64_t low)
{
    return (json_int_t)(head > low ? head - low : 0);
}

/* The present row. */
static json_t *resource_of(pia_stmt_t *stmt, const group_t *group, uint64_t head)
{
    char cursor[CURSOR_TEXT_SIZE];
    const cursor_t low = {.epoch = (uint32_t)pia_stmt_column_integer(stmt, COLUMN_LOW),
                          .sequence = (uint64_t)pia_stmt_column_integer(stmt, COLUMN_LOW + 1),
                          .chain = (uint32_t)pia_stmt_column_integer(stmt, COLUMN_LOW + 2)};
    cursor_format(&low, cursor);
    json_t *resource = json_pack(
        "{s:s, s:s, s:o, s:o, s:i, s:s, s:I, s:{s:I, s:I, s:I}, s:s}", "group", group->name,
        "owner", group->owner.subject, "roles", pia_roles_json(group->roles), "filter",
        json_loads(group->filter, 0, NULL), "attempts", (int)group->attempts, "cursor", cursor,
        "lag", lag_of(head, low.sequence), "keys", "parked",
        (json_int_t)pia_stmt_column_integer(stmt, COLUMN_PARKED), "aside",
        (json_int_t)pia_stmt_column_integer(stmt, COLUMN_PARKED + 1), "failing",
        (json_int_t)pia_stmt_column_integer(stmt, COLUMN_PARKED + 2), "endpoint", group->endpoint);
    if (group->pole[0])
        json_object_set_new(resource, "pole", json_string(group->pole));
    set_time(resource, "created_at", group->created_ms);
    return resource;
}

pia_status_t group_list_one(pia_db_t *db, const char *name, uint64_t head, json_t **ret_resource)
{
    group_t group;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ONE);
    pia_stmt_text(stmt, 1, name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    group_store_row(stmt, &group);
    *ret_resource = resource_of(stmt, &group, head);
    group_clear(&group);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* A page is full when there is another item behind it: then *ret_page says where it goes on. */
static void end_page(json_t *items, const char *last, bool more, json_t **ret_page)
{
    *ret_page = json_pack("{s:o}", "items", items);
    if (more)
        json_object_set_new(*ret_page, "next", json_string(last));
}

static pia_stmt_t *prepare_page(pia_db_t *db, const group_query_t *query)
{
    const pia_principal_t *principal = query->principal;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_PAGE);
    pia_stmt_text(stmt, 1, query->after ? query->after : "");
    pia_stmt_text(stmt, 2, principal->subject);
    pia_stmt_text(stmt, 3, principal->pole);
    pia_stmt_text(stmt, 4, principal->person);
    pia_stmt_integer(stmt, 5, principal->roles);
    pia_stmt_integer(stmt, 6, (int64_t)(uint32_t)~principal->roles);
    pia_stmt_integer(stmt, 7, (principal->roles & PIA_ROLE_SERVICE) != 0);
    pia_stmt_integer(stmt, 8, (principal->roles & PIA_ROLE_OPERATOR) != 0);
    pia_stmt_text(stmt, 9, principal->structure);
    pia_stmt_integer(stmt, 10, query->limit + 1);
    return stmt;
}

pia_status_t group_list_page(pia_db_t *db, const group_query_t *query, json_t **ret_page)
{
    char last[GROUP_NAME_SIZE] = "";
    json_t *items = json_array();
    if (query->principal->roles == PIA_ROLE_NONE) {
        end_page(items, last, false, ret_page);
        return PIA_OK;
    }
    pia_stmt_t *stmt = prepare_page(db, query);
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK && (int64_t)json_array_size(items) < query->limit;
         status = pia_stmt_step(stmt)) {
        group_t group;
        group_store_row(stmt, &group);
        memcpy(last, group.name, sizeof last);
        json_array_append_new(items, resource_of(stmt, &group, query->head));
        group_clear(&group);
    }
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    end_page(items, last, status == PIA_OK, ret_page);
    return PIA_OK;
}

static void add_number(json_t *stats, const char *what, const char *group, json_int_t value)
{
    char name[GROUP_NAME_SIZE + 64];
    (void)snprintf(name, sizeof name, "%s{group=%s}", what, group);
    json_object_set_new(stats, name, json_integer(value));
}

pia_status_t group_list_stats(pia_db_t *db, const char *endpoint, uint64_t head, json_t *stats)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STATS);
    pia_stmt_text(stmt, 1, endpoint);
    pia_status_t status = PIA_OK;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        const char *name = pia_stmt_column_text(stmt, 0);
        uint64_t low = (uint64_t)pia_stmt_column_integer(stmt, 1);
        add_number(stats, "group_lag_events", name, lag_of(head, low));
        add_number(stats, "group_parked_keys", name, pia_stmt_column_integer(stmt, 2));
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

json_t *group_list_key(const group_key_row_t *row)
{
    json_t *resource = json_pack("{s:s, s:s, s:i}", "key", row->key, "state",
                                 group_key_state_text(row->state), "attempts", (int)row->attempts);
    if (row->sequence)
        json_object_set_new(resource, "sequence", json_integer((json_int_t)row->sequence));
    if (row->error[0])
        json_object_set_new(resource, "error", json_string(row->error));
    set_time(resource, "since", row->since_ms);
    return resource;
}

pia_status_t group_list_keys(pia_db_t *db, const group_key_query_t *query, json_t **ret_page)
{
    char last[GROUP_KEY_MAX + 1] = "";
    group_key_row_t row;
    json_t *items = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_KEYS);
    pia_stmt_integer(stmt, 1, query->id);
    pia_stmt_text(stmt, 2, query->state);
    pia_stmt_text(stmt, 3, query->after ? query->after : "");
    pia_stmt_integer(stmt, 4, query->limit + 1);
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK && (int64_t)json_array_size(items) < query->limit) {
        if (!group_store_read_key(stmt, &row)) {
            status = PIA_INTERNAL;
            break;
        }
        memcpy(last, row.key, sizeof last);
        json_array_append_new(items, group_list_key(&row));
        status = pia_stmt_step(stmt);
    }
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(items);
        return status;
    }
    end_page(items, last, status == PIA_OK, ret_page);
    return PIA_OK;
}
