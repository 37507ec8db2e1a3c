/* registry_database.c - a registry's database for tests. */
#include "pia_test.h"

#include "registry_database.h"

#include <stdio.h>
#include <string.h>

extern const char registry_migration_001[];
extern const char pia_common_schema_sql[];

static const pia_migration_t common_tables[] = {{1, pia_common_schema_sql}, {0, NULL}};
static const pia_migration_t registry_tables[] = {{1, registry_migration_001}, {0, NULL}};

static void migrate(pia_db_t *db, const char *set, const pia_migration_t *tables)
{
    pia_problem_t problem = {.detail = ""};
    if (pia_db_migrate(db, set, tables, &problem) != PIA_OK) {
        fail_msg("%s", problem.detail);
    }
}

void registry_database_init(registry_database_t *database)
{
    memset(database, 0, sizeof *database);
    test_database_init(&database->place);
    database->db = test_database_open(&database->place, PIA_DB_WRITER);
    migrate(database->db, "common", common_tables);
    migrate(database->db, "registry", registry_tables);
    database->context.db = database->db;
    database->registry.context = &database->context;
    assert_int_equal(pia_db_begin(database->db), PIA_OK);
}

void registry_database_clear(registry_database_t *database)
{
    pia_db_rollback(database->db);
    pia_db_close(&database->db);
    pia_fresh_undo(&database->registry.fresh, 0);
    test_database_clear(&database->place);
}

void registry_database_commit(registry_database_t *database)
{
    assert_int_equal(pia_db_commit(database->db), PIA_OK);
    assert_int_equal(pia_db_begin(database->db), PIA_OK);
}

int64_t registry_database_integer(registry_database_t *database, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(database->db, sql);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t value = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return value;
}

int64_t registry_database_announced(registry_database_t *database, const char *type)
{
    static const char sql[] = "SELECT COUNT(*) FROM outbox WHERE event LIKE $1";
    char pattern[128];
    snprintf(pattern, sizeof pattern, "%%\"type\":\"%s\"%%", type);
    pia_stmt_t *stmt = pia_db_prepare(database->db, sql);
    pia_stmt_text(stmt, 1, pattern);
    assert_int_equal(pia_stmt_step(stmt), PIA_OK);
    int64_t count = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return count;
}
