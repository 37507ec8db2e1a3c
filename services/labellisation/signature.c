/* signature.c - signatures in SQL. */
#include "signature.h"

#include "authority.h"
#include "pia/clock.h"
#include "pia/french.h"

enum { ADD, CLEAR, FIND, LIST };

static const char *const sql[] = {
    [ADD] = "INSERT INTO signature (matter, capacity, signer, signed_at, authority) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    [CLEAR] = "DELETE FROM signature WHERE matter = $1",
    [FIND] = "SELECT 1 FROM signature WHERE matter = $1 "
             "AND (CAST($2 AS TEXT) IS NULL OR capacity = $2) "
             "AND (CAST($3 AS TEXT) IS NULL OR signer = $3) LIMIT 1",
    [LIST] = "SELECT capacity, signed_at, authority FROM signature WHERE matter = $1 "
             "ORDER BY signed_at, capacity LIMIT 16",
};

pia_status_t signature_add(pia_db_t *db,
                           const char *matter,
                           const char *capacity,
                           const char *signer,
                           const char *authority,
                           int64_t signed_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[ADD]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, capacity);
    pia_stmt_text(stmt, 3, signer);
    pia_stmt_integer(stmt, 4, signed_ms);
    pia_stmt_text(stmt, 5, authority[0] != '\0' ? authority : NULL);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

pia_status_t signature_clear(pia_db_t *db, const char *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLEAR]);
    pia_stmt_text(stmt, 1, matter);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t signature_find(
    pia_db_t *db, const char *matter, const char *capacity, const char *signer, bool *ret_found)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_text(stmt, 2, capacity);
    pia_stmt_text(stmt, 3, signer);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_found = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t read_rows(pia_db_t *db, const char *matter, json_t *items)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[LIST]);
    pia_stmt_text(stmt, 1, matter);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        char signed_at[PIA_TIME_TEXT_SIZE];
        pia_time_format(pia_stmt_column_integer(stmt, 1), signed_at);
        json_array_append_new(
            items, json_pack("{s:s, s:s, s:s*}", "capacity", pia_stmt_column_text(stmt, 0),
                             "signed_at", signed_at, "authority", pia_stmt_column_text(stmt, 2)));
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* By whom, in which function, and which act grants the authority. */
static pia_status_t add_authority(pia_db_t *db, json_t *item)
{
    const char *id = json_string_value(json_object_get(item, "authority"));
    json_t *card = NULL;
    pia_status_t status = id ? authority_card(db, id, &card) : PIA_NOT_FOUND;
    if (card)
        json_object_update_missing(item, card);
    json_decref(card);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t signature_list(pia_db_t *db, const char *matter, json_t **ret_list)
{
    json_t *items = json_array();
    pia_status_t status = read_rows(db, matter, items);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++)
        status = add_authority(db, json_array_get(items, i));
    if (status == PIA_OK)
        *ret_list = items;
    else
        json_decref(items);
    return status;
}

/* A member between two texts, if it is there. */
static void write_part(
    FILE *out, const json_t *signature, const char *name, const char *before, const char *after)
{
    const char *text = json_string_value(json_object_get(signature, name));
    if (text && text[0] != '\0')
        (void)fprintf(out, "%s%s%s", before, text, after);
}

void signature_write(FILE *out, const json_t *signature)
{
    char day[PIA_FRENCH_DAY_SIZE];
    int64_t signed_on = 0;
    (void)pia_date_parse(json_string_value(json_object_get(signature, "signed_on")), &signed_on);
    pia_french_day(signed_on, day);
    write_part(out, signature, "label", "Pour\u00a0: ", "");
    write_part(out, signature, "name", ", ", "");
    write_part(out, signature, "function", ", ", "");
    write_part(out, signature, "act", " (", ")");
    (void)fprintf(out, ", le %s\n", day);
}
