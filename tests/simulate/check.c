/* check.c - digests, and the service's own verification. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"
#include "store_matter.h"
#include "verify.h"

enum { TABLES_MAX = 128, SQL_SIZE = 8192 };

/* For each table a statement whose rows are texts; the same for the life of the process, as
 * pia_db_prepare asks for. */
static struct {
    char *sql[TABLES_MAX];
    size_t count;
} tables;

static char *statement_of(world_t *world, const char *table)
{
    static const char columns[] = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
    char *sql = pia_alloc(SQL_SIZE);
    size_t used = (size_t)snprintf(sql, SQL_SIZE, "SELECT ''");
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, columns);
    pia_stmt_text(stmt, 1, table);
    while (pia_stmt_step(stmt) == PIA_OK && used < SQL_SIZE)
        used += (size_t)snprintf(sql + used, SQL_SIZE - used, " || quote(\"%s\") || '|'",
                                 pia_stmt_column_text(stmt, 0));
    if (used < SQL_SIZE)
        used += (size_t)snprintf(sql + used, SQL_SIZE - used, " FROM \"%s\" ORDER BY rowid", table);
    if (used >= SQL_SIZE)
        abort();
    return sql;
}

static void find_tables(world_t *world)
{
    static const char names[] = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT "
                                "IN ('process', 'specification', 'migration') ORDER BY name";
    json_t *list = json_array();
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, names);
    while (pia_stmt_step(stmt) == PIA_OK)
        json_array_append_new(list, json_string(pia_stmt_column_text(stmt, 0)));
    for (size_t i = 0; i < json_array_size(list) && i < TABLES_MAX; i++)
        tables.sql[tables.count++] =
            statement_of(world, json_string_value(json_array_get(list, i)));
    json_decref(list);
}

/* FNV-1a. */
static uint64_t add_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t check_digest(world_t *world)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    if (tables.count == 0)
        find_tables(world);
    for (size_t i = 0; i < tables.count; i++) {
        pia_stmt_t *stmt = pia_db_prepare(world->service.db, tables.sql[i]);
        pia_status_t status;
        while ((status = pia_stmt_step(stmt)) == PIA_OK)
            hash = add_text(hash, pia_stmt_column_text(stmt, 0));
        if (status != PIA_NOT_FOUND)
            abort();
    }
    return hash;
}

standing_t check_standing(world_t *world, bool digest)
{
    static const char sql[] =
        "SELECT (SELECT size FROM evidence_head), (SELECT last FROM outbox_head), "
        "(SELECT SUM(version + 7 * COALESCE(due_at, 0)) FROM matter)";
    standing_t standing = {.digest = digest ? check_digest(world) : 0};
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql);
    if (pia_stmt_step(stmt) != PIA_OK)
        abort();
    standing.entries = pia_stmt_column_integer(stmt, 0);
    standing.told = pia_stmt_column_integer(stmt, 1);
    standing.versions = pia_stmt_column_integer(stmt, 2);
    pia_stmt_reset(stmt);
    return standing;
}

bool check_unchanged(world_t *world, const standing_t *before, const char *what, failure_t *failure)
{
    standing_t now = check_standing(world, before->digest != 0);
    if (now.entries != before->entries || now.told != before->told ||
        now.versions != before->versions)
        return fail(failure, "nothing has changed",
                    "%s: %lld entries were %lld, announcements %lld were %lld", what,
                    (long long)now.entries, (long long)before->entries, (long long)now.told,
                    (long long)before->told);
    if (now.digest != before->digest)
        return fail(failure, "nothing has changed", "%s: some table's rows", what);
    return true;
}

bool check_log(world_t *world, int64_t from, failure_t *failure)
{
    json_t *check = NULL;
    pia_status_t status =
        verify_log(world->service.db, &world->service.key, from, LOG_PAGE, &check);
    bool valid = status == PIA_OK && json_is_true(json_object_get(check, "valid"));
    if (!valid) {
        const char *detail = json_string_value(json_object_get(check, "detail"));
        (void)fail(failure, "the log verifies", "from entry %lld on: %s", (long long)from,
                   detail ? detail : pia_status_text(status));
    }
    json_decref(check);
    return valid;
}

bool check_chains(world_t *world, const model_t *model, failure_t *failure)
{
    for (size_t i = 0; i < model->count; i++) {
        json_t *proof = NULL;
        const matter_t *matter = &model->items[i].matter;
        pia_status_t status = verify_matter(world->service.db, matter, &proof);
        bool valid = status == PIA_OK && json_is_true(json_object_get(proof, "valid"));
        if (!valid) {
            const char *detail = json_string_value(json_object_get(proof, "detail"));
            (void)fail(failure, "the chain verifies", "%s: %s", matter->id,
                       detail ? detail : pia_status_text(status));
        }
        json_decref(proof);
        if (!valid)
            return false;
    }
    return true;
}
