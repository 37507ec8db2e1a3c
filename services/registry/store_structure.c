/* store_structure.c - structures in SQL. */
#include "store_structure.h"

#include <string.h>

#include "fold.h"

#define COLUMNS "id, name, siren, siret, commune, departement, region, demonstration, version"

enum { FIND, INSERT, UPDATE, LIST };

static const char *const sql[] = {
    [FIND] = "SELECT " COLUMNS " FROM structure WHERE id = $1",
    [INSERT] = "INSERT INTO structure (" COLUMNS ", sort, created_at) VALUES "
               "($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10) ON CONFLICT DO NOTHING",
    [UPDATE] = "UPDATE structure SET name = $2, siren = $3, siret = $4, commune = $5, "
               "departement = $6, region = $7, demonstration = $8, sort = $9, "
               "version = version + 1 WHERE id = $1 AND version = $10",
    [LIST] = "SELECT " COLUMNS " FROM structure WHERE (sort, id) > ($1, $2) "
             "AND (CAST($3 AS TEXT) IS NULL OR departement = $3) "
             "AND (CAST($4 AS TEXT) IS NULL OR region = $4) "
             "AND (CAST($5 AS TEXT) IS NULL OR siren = $5) ORDER BY sort, id LIMIT $6",
};

/* Binds $1 to $9. */
static void bind(pia_stmt_t *stmt, const structure_t *structure)
{
    char sort[FOLD_MAX + 1];
    size_t sort_size = fold_text(structure->name, sort);
    pia_stmt_text(stmt, 1, structure->id);
    pia_stmt_text(stmt, 2, structure->name);
    pia_stmt_text(stmt, 3, text_or_null(structure->siren));
    pia_stmt_text(stmt, 4, text_or_null(structure->siret));
    pia_stmt_text(stmt, 5, text_or_null(structure->commune));
    pia_stmt_text(stmt, 6, text_or_null(structure->departement));
    pia_stmt_text(stmt, 7, text_or_null(structure->region));
    pia_stmt_integer(stmt, 8, structure->demonstration);
    pia_stmt_bytes(stmt, 9, sort, sort_size);
}

pia_status_t store_structure_next(pia_stmt_t *stmt, structure_t *ret_structure)
{
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    TEXT_SET(ret_structure->id, pia_stmt_column_text(stmt, 0));
    TEXT_SET(ret_structure->name, pia_stmt_column_text(stmt, 1));
    TEXT_SET(ret_structure->siren, pia_stmt_column_text(stmt, 2));
    TEXT_SET(ret_structure->siret, pia_stmt_column_text(stmt, 3));
    TEXT_SET(ret_structure->commune, pia_stmt_column_text(stmt, 4));
    TEXT_SET(ret_structure->departement, pia_stmt_column_text(stmt, 5));
    TEXT_SET(ret_structure->region, pia_stmt_column_text(stmt, 6));
    ret_structure->demonstration = pia_stmt_column_integer(stmt, 7) != 0;
    ret_structure->version = pia_stmt_column_integer(stmt, 8);
    return PIA_OK;
}

pia_status_t store_structure_find(pia_db_t *db, const char *id, structure_t *ret_structure)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = store_structure_next(stmt, ret_structure);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t store_structure_insert(pia_db_t *db, structure_t *structure, int64_t now_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    bind(stmt, structure);
    pia_stmt_integer(stmt, 10, now_ms);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status != PIA_OK || changes == 0) {
        return status == PIA_OK ? PIA_CONFLICT : status;
    }
    structure->version = 1;
    return PIA_OK;
}

pia_status_t store_structure_update(pia_db_t *db, structure_t *structure)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[UPDATE]);
    bind(stmt, structure);
    pia_stmt_integer(stmt, 10, structure->version);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status != PIA_OK || changes == 0) {
        return status == PIA_OK ? PIA_CONFLICT : status;
    }
    structure->version++;
    return PIA_OK;
}

pia_stmt_t *store_structure_list(pia_db_t *db,
                                 const structure_filter_t *filter,
                                 const page_cursor_t *cursor,
                                 int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_bytes(stmt, 1, cursor->sort, strlen(cursor->sort));
    pia_stmt_text(stmt, 2, cursor->id);
    pia_stmt_text(stmt, 3, filter->departement);
    pia_stmt_text(stmt, 4, filter->region);
    pia_stmt_text(stmt, 5, filter->siren);
    pia_stmt_integer(stmt, 6, limit);
    return stmt;
}
