/* store_pole.c - pôles in SQL. */
#include "store_pole.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fold.h"

#define COLUMNS                                                                                    \
    "code, name, full_name, structure, carrier, carrier_type, departement, region, city, themes, " \
    "sectors, state, labelled_since, label_until, label, reason, demonstration, version, "         \
    "next_label, next_until"

/* Whether a list of codes ("a,b") holds what one of four patterns asks for; the first is empty:
 * nothing is asked for. */
#define ONE_OF(list, a, b, c, d)                                                                   \
    "CAST(" a " AS TEXT) = '' OR ',' || " list " || ',' LIKE " a " OR ',' || " list                \
    " || ',' LIKE " b " OR ',' || " list " || ',' LIKE " c " OR ',' || " list " || ',' LIKE " d
#define HAS_THEME ONE_OF("themes", "$3", "$4", "$5", "$6")
#define HAS_SECTOR ONE_OF("sectors", "$7", "$8", "$9", "$10")

enum { FIND, FIND_BY_LABEL, INSERT, UPDATE, LIST, TOUCH_LIST, LIST_VERSION };

static const char *const sql[] = {
    [FIND] = "SELECT " COLUMNS " FROM pole WHERE code = $1",
    [FIND_BY_LABEL] = "SELECT " COLUMNS " FROM pole WHERE label = $1 OR next_label = $1",
    [INSERT] = "INSERT INTO pole (" COLUMNS ", sort) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
               "$10, $11, $12, $13, $14, $15, $16, $17, 1, $19, $20, $18) ON CONFLICT DO NOTHING",
    [UPDATE] = "UPDATE pole SET name = $2, full_name = $3, structure = $4, carrier = $5, "
               "carrier_type = $6, departement = $7, region = $8, city = $9, themes = $10, "
               "sectors = $11, state = $12, labelled_since = $13, label_until = $14, label = $15, "
               "reason = $16, demonstration = $17, sort = $18, next_label = $19, "
               "next_until = $20, version = version + 1 WHERE code = $1 AND version = $21",
    [LIST] = "SELECT " COLUMNS " FROM pole WHERE (sort, code) > ($1, $2) "
             "AND (" HAS_THEME ") AND (" HAS_SECTOR ") "
             "AND (CAST($11 AS TEXT) = '' OR $11 LIKE '%,' || region || ',%') "
             "AND (CAST($12 AS TEXT) = '' OR $12 LIKE '%,' || departement || ',%') "
             "AND (CAST($13 AS TEXT) IS NULL OR state = $13) ORDER BY sort, code LIMIT $14",
    [TOUCH_LIST] = "INSERT INTO list_version (list, version) VALUES ('poles', 1) "
                   "ON CONFLICT (list) DO UPDATE SET version = list_version.version + 1",
    [LIST_VERSION] = "SELECT version FROM list_version WHERE list = 'poles'",
};

/* Binds $1 to $20. */
static void bind(pia_stmt_t *stmt, const pole_t *pole)
{
    char sort[FOLD_MAX + 1];
    size_t sort_size = fold_text(pole->name, sort);
    pia_stmt_text(stmt, 1, pole->code);
    pia_stmt_text(stmt, 2, pole->name);
    pia_stmt_text(stmt, 3, text_or_null(pole->full_name));
    pia_stmt_text(stmt, 4, text_or_null(pole->structure));
    pia_stmt_text(stmt, 5, text_or_null(pole->carrier));
    pia_stmt_text(stmt, 6, text_or_null(pole->carrier_type));
    pia_stmt_text(stmt, 7, text_or_null(pole->departement));
    pia_stmt_text(stmt, 8, text_or_null(pole->region));
    pia_stmt_text(stmt, 9, text_or_null(pole->city));
    pia_stmt_text(stmt, 10, pole->themes);
    pia_stmt_text(stmt, 11, pole->sectors);
    pia_stmt_text(stmt, 12, pole_state_text(pole->state));
    pia_stmt_text(stmt, 13, text_or_null(pole->labelled_since));
    pia_stmt_text(stmt, 14, text_or_null(pole->label_until));
    pia_stmt_text(stmt, 15, text_or_null(pole->label));
    pia_stmt_text(stmt, 16, text_or_null(pole->reason));
    pia_stmt_integer(stmt, 17, pole->demonstration);
    pia_stmt_bytes(stmt, 18, sort, sort_size);
    pia_stmt_text(stmt, 19, text_or_null(pole->next_label));
    pia_stmt_text(stmt, 20, text_or_null(pole->next_until));
}

pia_status_t store_pole_next(pia_stmt_t *stmt, pole_t *ret_pole)
{
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    TEXT_SET(ret_pole->code, pia_stmt_column_text(stmt, 0));
    TEXT_SET(ret_pole->name, pia_stmt_column_text(stmt, 1));
    TEXT_SET(ret_pole->full_name, pia_stmt_column_text(stmt, 2));
    TEXT_SET(ret_pole->structure, pia_stmt_column_text(stmt, 3));
    TEXT_SET(ret_pole->carrier, pia_stmt_column_text(stmt, 4));
    TEXT_SET(ret_pole->carrier_type, pia_stmt_column_text(stmt, 5));
    TEXT_SET(ret_pole->departement, pia_stmt_column_text(stmt, 6));
    TEXT_SET(ret_pole->region, pia_stmt_column_text(stmt, 7));
    TEXT_SET(ret_pole->city, pia_stmt_column_text(stmt, 8));
    TEXT_SET(ret_pole->themes, pia_stmt_column_text(stmt, 9));
    TEXT_SET(ret_pole->sectors, pia_stmt_column_text(stmt, 10));
    ret_pole->state = pole_state_parse(pia_stmt_column_text(stmt, 11));
    TEXT_SET(ret_pole->labelled_since, pia_stmt_column_text(stmt, 12));
    TEXT_SET(ret_pole->label_until, pia_stmt_column_text(stmt, 13));
    TEXT_SET(ret_pole->label, pia_stmt_column_text(stmt, 14));
    TEXT_SET(ret_pole->reason, pia_stmt_column_text(stmt, 15));
    ret_pole->demonstration = pia_stmt_column_integer(stmt, 16) != 0;
    ret_pole->version = pia_stmt_column_integer(stmt, 17);
    TEXT_SET(ret_pole->next_label, pia_stmt_column_text(stmt, 18));
    TEXT_SET(ret_pole->next_until, pia_stmt_column_text(stmt, 19));
    return PIA_OK;
}

static pia_status_t find(pia_db_t *db, int which, const char *value, pole_t *ret_pole)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, value);
    pia_status_t status = store_pole_next(stmt, ret_pole);
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t store_pole_find(pia_db_t *db, const char *code, pole_t *ret_pole)
{
    return find(db, FIND, code, ret_pole);
}

pia_status_t store_pole_find_by_label(pia_db_t *db, const char *label, pole_t *ret_pole)
{
    return find(db, FIND_BY_LABEL, label, ret_pole);
}

/* Runs a write of one row; none written is a conflict. */
static pia_status_t write_one(pia_db_t *db, pia_stmt_t *stmt)
{
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 0) {
        status = PIA_CONFLICT;
    }
    return status == PIA_OK ? pia_stmt_run(pia_db_prepare(db, sql[TOUCH_LIST]), NULL) : status;
}

pia_status_t store_pole_insert(pia_db_t *db, pole_t *pole)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    bind(stmt, pole);
    pia_status_t status = write_one(db, stmt);
    pole->version = status == PIA_OK ? 1 : pole->version;
    return status;
}

pia_status_t store_pole_update(pia_db_t *db, pole_t *pole)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[UPDATE]);
    bind(stmt, pole);
    pia_stmt_integer(stmt, 21, pole->version);
    pia_status_t status = write_one(db, stmt);
    pole->version += status == PIA_OK;
    return status;
}

/* Fewer values than patterns: the first one again. */
static void bind_patterns(pia_stmt_t *stmt, int first, const json_t *values)
{
    size_t count = json_array_size(values);
    assert(count <= POLE_FILTER_MAX);
    for (size_t i = 0; i < POLE_FILTER_MAX; i++) {
        char pattern[64] = "";
        const char *value = json_string_value(json_array_get(values, i < count ? i : 0));
        if (value) {
            (void)snprintf(pattern, sizeof pattern, "%%,%s,%%", value);
        }
        pia_stmt_text(stmt, first + (int)i, pattern);
    }
}

/* As ",a,b,"; "": none. */
static void bind_codes(pia_stmt_t *stmt, int parameter, const json_t *values)
{
    char codes[CODES_SIZE + 2] = "";
    size_t index;
    const json_t *value;
    json_array_foreach(values, index, value)
    {
        size_t used = strlen(codes);
        int size = snprintf(codes + used, sizeof codes - used, "%s%s,", used ? "" : ",",
                            json_string_value(value));
        assert(size > 0 && (size_t)size < sizeof codes - used); /* codes of three letters */
    }
    pia_stmt_text(stmt, parameter, codes);
}

pia_stmt_t *store_pole_list(pia_db_t *db,
                            const pole_filter_t *filter,
                            const page_cursor_t *cursor,
                            int64_t limit)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_bytes(stmt, 1, cursor->sort, strlen(cursor->sort));
    pia_stmt_text(stmt, 2, cursor->id);
    bind_patterns(stmt, 3, filter->themes);
    bind_patterns(stmt, 7, filter->sectors);
    bind_codes(stmt, 11, filter->regions);
    bind_codes(stmt, 12, filter->departements);
    pia_stmt_text(stmt, 13, filter->state);
    pia_stmt_integer(stmt, 14, limit);
    return stmt;
}

pia_status_t store_pole_list_version(pia_db_t *db, int64_t *ret_version)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST_VERSION]);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_version = status == PIA_OK ? pia_stmt_column_integer(stmt, 0) : 0;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}
