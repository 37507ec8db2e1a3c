/* office.c - the one row of `office`. */
#include "office.h"

#include <stdlib.h>

enum { STORE, READ };

static const char *const sql[] = {
    [STORE] = "INSERT INTO office (id, content) VALUES (1, $1) "
              "ON CONFLICT (id) DO UPDATE SET content = $1",
    [READ] = "SELECT content FROM office WHERE id = 1",
};

/* Member of the office -> setting. */
static const char *const members[][2] = {
    {"service", "office"},
    {"address", "office_address"},
    {"email", "office_email"},
    {"phone", "office_phone"},
};

enum { MEMBER_COUNT = sizeof members / sizeof members[0] };

pia_status_t office_store(pia_db_t *db, const pia_config_t *config)
{
    json_t *office = json_object(), *present = NULL;
    for (size_t i = 0; i < MEMBER_COUNT; i++)
        json_object_set_new(office, members[i][0],
                            json_string(pia_config_text(config, "labellisation", members[i][1])));
    pia_status_t status = office_read(db, &present);
    bool same = status == PIA_OK && json_equal(office, present);
    if (!same && (status == PIA_OK || status == PIA_NOT_FOUND)) {
        char *text = json_dumps(office, JSON_COMPACT);
        pia_stmt_t *stmt = pia_db_prepare(db, sql[STORE]);
        pia_stmt_text(stmt, 1, text);
        status = pia_stmt_run(stmt, NULL);
        free(text);
    }
    json_decref(office);
    json_decref(present);
    return status;
}

pia_status_t office_read(pia_db_t *db, json_t **ret_office)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[READ]);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_office = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
    pia_stmt_reset(stmt);
    return status;
}

bool office_is_complete(const json_t *office)
{
    for (size_t i = 0; i < MEMBER_COUNT; i++) {
        const json_t *value = json_object_get(office, members[i][0]);
        if (json_string_length(value) == 0)
            return false;
    }
    return true;
}
