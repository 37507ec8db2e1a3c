/* migrate.c - brings a set of tables up to date, one transaction a migration. */
#include <assert.h>

#include "db_internal.h"
#include "pia/clock.h"

static const char SQL_TABLE[] = "CREATE TABLE IF NOT EXISTS migration ("
                                "name TEXT NOT NULL, version BIGINT NOT NULL, "
                                "applied_at BIGINT NOT NULL, PRIMARY KEY (name, version))";
static const char SQL_VERSION[] = "SELECT COALESCE(MAX(version), 0) FROM migration WHERE name = $1";
static const char SQL_RECORD[] =
    "INSERT INTO migration (name, version, applied_at) VALUES ($1, $2, $3)";

static pia_status_t read_version(pia_db_t *db, const char *set, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_VERSION);
    pia_stmt_text(stmt, 1, set);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_version = pia_stmt_column_integer(stmt, 0);
        pia_stmt_reset(stmt);
    }
    return status;
}

static pia_status_t record_version(pia_db_t *db, const char *set, int64_t version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RECORD);
    pia_stmt_text(stmt, 1, set);
    pia_stmt_integer(stmt, 2, version);
    pia_stmt_integer(stmt, 3, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

/* Applies the migration that follows the recorded one; *ret_version is what is reached then. */
static pia_status_t
apply_next(pia_db_t *db, const char *set, const pia_migration_t *table, int64_t *ret_version)
{
    int64_t version = 0;
    pia_status_t status = read_version(db, set, &version);
    int64_t last = 0;
    while (table[last].sql != NULL) {
        assert(table[last].version == last + 1);
        last++;
    }
    if (status == PIA_OK && version < last) {
        status = pia_db_exec(db, table[version].sql);
        version++;
        if (status == PIA_OK) {
            status = record_version(db, set, version);
        }
    }
    *ret_version = version;
    return status == PIA_OK && version > last ? PIA_CONFLICT : status;
}

static pia_status_t
migrate_once(pia_db_t *db, const char *set, const pia_migration_t *table, int64_t *ret_version)
{
    pia_status_t status = pia_db_begin(db);
    if (status != PIA_OK) {
        return status;
    }
    status = db->ops->lock_migrations(db);
    if (status == PIA_OK) {
        status = pia_db_exec(db, SQL_TABLE);
    }
    if (status == PIA_OK) {
        status = apply_next(db, set, table, ret_version);
    }
    if (status != PIA_OK) {
        pia_db_rollback(db);
        return status;
    }
    return pia_db_commit(db);
}

pia_status_t
pia_db_migrate(pia_db_t *db, const char *set, const pia_migration_t *table, pia_problem_t *problem)
{
    assert(db->mode == PIA_DB_WRITER);
    int64_t before = -1;
    int64_t version = 0;
    while (version != before) {
        before = version;
        db->error[0] = '\0';
        pia_status_t status = migrate_once(db, set, table, &version);
        if (status == PIA_CONFLICT && db->error[0] == '\0') {
            return pia_problem_set(problem, status, NULL,
                                   "the tables of %s are at version %lld, newer than this program",
                                   set, (long long)version);
        }
        if (status != PIA_OK) {
            return pia_problem_set(problem, status, NULL, "migration of %s: %s", set,
                                   pia_db_error(db));
        }
    }
    return PIA_OK;
}
