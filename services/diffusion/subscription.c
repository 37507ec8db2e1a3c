/* subscription.c - the table of subscriptions. */
#include "subscription.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/uuid.h"

enum { LIMIT_DEFAULT = 50 };

#define COLUMNS                                                                                    \
    "slot, id, contact, filter, from_sequence, to_sequence, created_at, ended_at FROM "            \
    "subscription"

static const char SQL_NEXT[] = "UPDATE subscription_head SET slot = slot + 1, change = change + 1"
                               " WHERE id = 1 RETURNING slot, change";
static const char SQL_CHANGE[] =
    "UPDATE subscription_head SET change = change + 1 WHERE id = 1 RETURNING slot, change";
static const char SQL_ADD[] =
    "INSERT INTO subscription (slot, id, contact, filter, from_sequence, created_at, change)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)";
static const char SQL_READ[] = "SELECT " COLUMNS " WHERE id = $1";
static const char SQL_CUT_FROM[] =
    "UPDATE subscription SET from_sequence = $1 WHERE from_sequence > $1";
static const char SQL_CUT_TO[] = "UPDATE subscription SET to_sequence = $1 WHERE to_sequence > $1";
static const char SQL_END[] = "UPDATE subscription SET to_sequence = $2, ended_at = $3, change = $4"
                              " WHERE id = $1 AND to_sequence IS NULL";
static const char SQL_LIST[] = "SELECT " COLUMNS " WHERE slot > $1"
                               " AND (CAST($2 AS TEXT) = '' OR contact = $2)"
                               " ORDER BY slot LIMIT $3";

static const char SQL_PEOPLE[] =
    "SELECT slot, id, contact FROM subscription"
    " WHERE slot IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    " ORDER BY slot";
static const char SQL_RANGE[] = "SELECT slot, id, contact FROM subscription"
                                " WHERE slot >= $1 AND slot <= $2 ORDER BY slot";
enum {
    PEOPLE_AT_ONCE = 16,
    PEOPLE_DENSE = 4, /* when at least one slot in so many is wanted, a whole range is read */
};

static void set_time(json_t *resource, const char *member, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(resource, member, json_string(text));
}

static json_t *row_resource(pia_stmt_t *stmt)
{
    bool ended = !pia_stmt_column_is_null(stmt, 5);
    json_t *resource = json_pack(
        "{s:s, s:s, s:o, s:s, s:I}", "subscription", pia_stmt_column_text(stmt, 1), "contact",
        pia_stmt_column_text(stmt, 2), "filter", json_loads(pia_stmt_column_text(stmt, 3), 0, NULL),
        "state", ended ? "ended" : "active", "from", (json_int_t)pia_stmt_column_integer(stmt, 4));
    set_time(resource, "created_at", pia_stmt_column_integer(stmt, 6));
    if (ended) {
        json_object_set_new(resource, "to", json_integer(pia_stmt_column_integer(stmt, 5)));
        set_time(resource, "ended_at", pia_stmt_column_integer(stmt, 7));
    }
    return resource;
}

/* Takes the next numbers; the head row stays locked to the commit, so they have no holes. */
static pia_status_t
take_numbers(pia_db_t *db, const char *sql, int64_t *ret_slot, int64_t *ret_change)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_slot = pia_stmt_column_integer(stmt, 0);
    *ret_change = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t subscription_create(pia_db_t *db,
                                 const char *contact,
                                 const json_t *filter,
                                 uint64_t from_sequence,
                                 json_t **ret_resource)
{
    int64_t slot = 0;
    int64_t change = 0;
    pia_status_t status = take_numbers(db, SQL_NEXT, &slot, &change);
    if (status != PIA_OK)
        return status;
    char id[PIA_UUID_TEXT_SIZE];
    pia_uuid7_text(id);
    char *text = json_dumps(filter, JSON_COMPACT);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_integer(stmt, 1, slot);
    pia_stmt_text(stmt, 2, id);
    pia_stmt_text(stmt, 3, contact);
    pia_stmt_text(stmt, 4, text);
    pia_stmt_integer(stmt, 5, (int64_t)from_sequence);
    pia_stmt_integer(stmt, 6, pia_clock_now());
    pia_stmt_integer(stmt, 7, change);
    free(text);
    status = pia_stmt_run(stmt, NULL);
    return status == PIA_OK ? subscription_read(db, id, ret_resource) : status;
}

pia_status_t subscription_read(pia_db_t *db, const char *id, json_t **ret_resource)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_READ);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    *ret_resource = row_resource(stmt);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t subscription_end(pia_db_t *db, const char *id, uint64_t to_sequence)
{
    int64_t slot = 0;
    int64_t change = 0;
    pia_status_t status = take_numbers(db, SQL_CHANGE, &slot, &change);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_END);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, (int64_t)to_sequence);
    pia_stmt_integer(stmt, 3, pia_clock_now());
    pia_stmt_integer(stmt, 4, change);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t subscription_cut(pia_db_t *db, uint64_t end)
{
    static const char *const texts[] = {SQL_CUT_FROM, SQL_CUT_TO};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < sizeof texts / sizeof texts[0]; i++) {
        pia_stmt_t *stmt = pia_db_prepare(db, texts[i]);
        pia_stmt_integer(stmt, 1, (int64_t)end + 1);
        status = pia_stmt_run(stmt, NULL);
    }
    return status;
}

/* Tells of the rows that are wanted; the statement gives at least those, in their order. */
static pia_status_t
tell_people(pia_stmt_t *stmt, const int64_t *slots, size_t count, subscriber_fn *each, void *arg)
{
    size_t found = 0;
    pia_status_t status = PIA_OK;
    while (found < count && (status = pia_stmt_step(stmt)) == PIA_OK) {
        if (pia_stmt_column_integer(stmt, 0) != slots[found])
            continue;
        each(arg, pia_stmt_column_text(stmt, 1), pia_stmt_column_text(stmt, 2));
        found++;
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
}

static pia_stmt_t *select_range(pia_db_t *db, int64_t first, int64_t last)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RANGE);
    pia_stmt_integer(stmt, 1, first);
    pia_stmt_integer(stmt, 2, last);
    return stmt;
}

/* Up to PEOPLE_AT_ONCE of them. */
static pia_stmt_t *select_few(pia_db_t *db, const int64_t *slots, size_t count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_PEOPLE);
    for (size_t i = 0; i < PEOPLE_AT_ONCE; i++)
        pia_stmt_integer(stmt, (int)i + 1, slots[i < count ? i : count - 1]);
    return stmt;
}

pia_status_t subscription_people(
    pia_db_t *db, const int64_t *slots, size_t count, subscriber_fn *each, void *arg)
{
    if (count && (slots[count - 1] - slots[0]) / PEOPLE_DENSE < (int64_t)count)
        return tell_people(select_range(db, slots[0], slots[count - 1]), slots, count, each, arg);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < count; i += PEOPLE_AT_ONCE) {
        size_t left = count - i;
        size_t few = left < PEOPLE_AT_ONCE ? left : PEOPLE_AT_ONCE;
        status = tell_people(select_few(db, slots + i, few), slots + i, few, each, arg);
    }
    return status;
}

void subscription_place(int64_t slot, char ret_text[24])
{
    (void)snprintf(ret_text, 24, "%" PRId64, slot);
}

bool subscription_parse_place(const char *text, int64_t *ret_slot)
{
    *ret_slot = 0;
    if (!text)
        return true;
    char *end = NULL;
    errno = 0;
    *ret_slot = strtoll(text, &end, 10);
    return errno == 0 && end != text && !*end && *ret_slot >= 0;
}

pia_status_t subscription_list(pia_db_t *db,
                               const pia_diffusion_subscription_list_t *query,
                               json_t **ret_page,
                               pia_problem_t *problem)
{
    int64_t slot = 0;
    int64_t limit = query->has_limit ? query->limit : LIMIT_DEFAULT;
    if (!subscription_parse_place(query->after, &slot))
        return pia_problem_set(problem, PIA_INVALID, "/after", "It is not a `next` of this list.");
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LIST);
    pia_stmt_integer(stmt, 1, slot);
    pia_stmt_text(stmt, 2, query->contact ? query->contact : "");
    pia_stmt_integer(stmt, 3, limit + 1);
    json_t *items = json_array();
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK && (int64_t)json_array_size(items) < limit) {
        slot = pia_stmt_column_integer(stmt, 0);
        json_array_append_new(items, row_resource(stmt));
        status = pia_stmt_step(stmt);
    }
    pia_stmt_reset(stmt);
    if (status != PIA_OK && status != PIA_NOT_FOUND) {
        json_decref(items);
        return pia_problem_set(problem, status, "", "The subscriptions cannot be read now.");
    }
    char next[24];
    subscription_place(slot, next);
    *ret_page = json_pack("{s:o}", "items", items);
    if (status == PIA_OK)
        json_object_set_new(*ret_page, "next", json_string(next));
    return PIA_OK;
}
