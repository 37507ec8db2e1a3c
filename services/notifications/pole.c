/* pole.c - the projection of the registry's pôles. */
#include "pole.h"

#include "pia/json.h"

static const char SQL_STORE[] = "INSERT INTO pole (code, name, demonstration) VALUES ($1, $2, $3)"
                                " ON CONFLICT (code) DO UPDATE SET name = excluded.name,"
                                " demonstration = excluded.demonstration";
static const char SQL_GET[] = "SELECT name, demonstration FROM pole WHERE code = $1";

pia_status_t pole_store(pia_db_t *db, const json_t *data)
{
    const char *code = pia_json_text(data, "code");
    const char *name = pia_json_text(data, "name");
    if (!code || !name) {
        return PIA_OK;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_STORE);
    pia_stmt_text(stmt, 1, code);
    pia_stmt_text(stmt, 2, name);
    pia_stmt_integer(stmt, 3, json_is_true(json_object_get(data, "demonstration")));
    return pia_stmt_run(stmt, NULL);
}

void pole_complete(pia_db_t *db, json_t *view)
{
    const char *code = pia_json_text(view, "pole");
    if (!code) {
        return;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_GET);
    pia_stmt_text(stmt, 1, code);
    if (pia_stmt_step(stmt) == PIA_OK) {
        json_object_set_new(view, "pole_name", json_string(pia_stmt_column_text(stmt, 0)));
        if (pia_stmt_column_integer(stmt, 1)) {
            json_object_set_new(view, "demonstration", json_true());
        }
        pia_stmt_reset(stmt);
    }
}
