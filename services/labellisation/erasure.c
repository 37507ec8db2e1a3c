/* erasure.c - erasing texts, and who says so. */
#include "erasure.h"

#include <inttypes.h>
#include <string.h>

#include "matter.h"
#include "text.h"

static const char MEMBER[] = "effaces";

enum { DATA, NOTE, FIND };

static const char *const sql[] = {
    [DATA] = "SELECT data FROM history WHERE matter = $1 AND number = $2",
    [NOTE] = "INSERT INTO erasure (hash, matter, number, erased_by, erased_at) "
             "VALUES ($1, $2, $3, $4, $5)",
    [FIND] = "SELECT erased_by, erased_at FROM erasure WHERE hash = $1",
};

/* The data of an entry before the present one; NULL: there is none. */
static pia_status_t read_data(const act_t *act, int64_t number, json_t **ret_data)
{
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[DATA]);
    pia_stmt_text(stmt, 1, act->matter->id);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_data = status == PIA_OK ? json_loads(pia_stmt_column_text(stmt, 0), 0, NULL) : NULL;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

const json_t *erasure_list(const act_t *act)
{
    return json_object_get(act->record, MEMBER);
}

pia_status_t erasure_note(act_t *act, int64_t number, const char *hash)
{
    json_t *erased = json_object_get(act->record, MEMBER);
    if (!erased) {
        erased = json_array();
        json_object_set_new(act->record, MEMBER, erased);
    }
    json_array_append_new(erased, json_string(hash));
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[NOTE]);
    pia_stmt_text(stmt, 1, hash);
    pia_stmt_text(stmt, 2, act->matter->id);
    pia_stmt_integer(stmt, 3, number);
    pia_stmt_integer(stmt, 4, act->matter->version);
    pia_stmt_integer(stmt, 5, act->effective_ms);
    return pia_stmt_run(stmt, NULL);
}

/* The hash of a text that is there, or NULL. */
static const char *text_in(const act_t *act, const json_t *value, pia_status_t *ret_status)
{
    const char *hash = json_string_value(json_object_get(value, "blake2b"));
    bool found = false;
    if (hash)
        *ret_status = text_has(act->db, hash, &found);
    return found ? hash : NULL;
}

static pia_status_t erase_all(act_t *act, int64_t number, const json_t *data)
{
    const char *name;
    json_t *value;
    pia_status_t status = PIA_OK;
    json_object_foreach((json_t *)data, name, value)
    {
        const char *hash = status == PIA_OK ? text_in(act, value, &status) : NULL;
        if (!hash)
            continue;
        status = text_erase(act->db, hash);
        if (status == PIA_OK)
            status = erasure_note(act, number, hash);
    }
    return status;
}

pia_status_t erasure_make(act_t *act, int64_t number, const char *at, pia_problem_t *problem)
{
    json_t *data;
    pia_status_t status = read_data(act, number, &data);
    if (status == PIA_OK)
        status = erase_all(act, number, data);
    if (status == PIA_OK && !erasure_list(act))
        status = pia_problem_set(problem, PIA_INVALID, at,
                                 "entry %" PRId64 " has no text that could be erased", number);
    json_decref(data);
    return status;
}

pia_status_t erasure_find(pia_db_t *db, const char *hash, erasure_t *ret_erasure)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, hash);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    ret_erasure->erased_by = pia_stmt_column_integer(stmt, 0);
    ret_erasure->erased_ms = pia_stmt_column_integer(stmt, 1);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

bool erasure_says(const json_t *data, const char *hash)
{
    return names_have(json_object_get(data, MEMBER), hash);
}
