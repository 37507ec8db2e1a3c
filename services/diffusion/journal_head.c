/* journal_head.c - the rows that say what the journal is and where it ends. */
#include "journal_head.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"

static const char SQL_MAKE_META[] = "INSERT INTO journal_meta (id, journal, dedup_key)"
                                    " VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
static const char SQL_MAKE_HEAD[] = "INSERT INTO journal_head (id, epoch, sequence, chain, turn)"
                                    " VALUES (1, 1, 0, $1, 0) ON CONFLICT DO NOTHING";
static const char SQL_MAKE_EPOCH[] =
    "INSERT INTO journal_epoch (epoch, first_sequence, chain_before, began_at, reason)"
    " VALUES (1, 1, $1, $2, 'the first') ON CONFLICT DO NOTHING";
static const char SQL_META[] = "SELECT journal, dedup_key FROM journal_meta WHERE id = 1";
static const char SQL_HEAD[] =
    "SELECT epoch, sequence, chain, damaged_after, damage FROM journal_head WHERE id = 1";
static const char SQL_LOCK_HEAD[] = "UPDATE journal_head SET sequence = sequence WHERE id = 1"
                                    " RETURNING epoch, sequence, chain, damaged_after, damage";
static const char SQL_NOTE[] = "UPDATE journal_head SET damaged_after = $1, damage = $2"
                               " WHERE id = 1 AND (damaged_after IS NULL OR damaged_after > $1)";
static const char SQL_MOVE_HEAD[] =
    "UPDATE journal_head SET sequence = $1, chain = $2 WHERE id = 1";

static const char SQL_TURN[] = "SELECT turn FROM journal_head WHERE id = 1";
static const char SQL_SET_TURN[] = "UPDATE journal_head SET turn = $1 WHERE id = 1";

static pia_status_t make_rows(pia_db_t *db)
{
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t key[FINGERPRINT_KEY_SIZE];
    const uint8_t chain[CHAIN_SIZE] = {0};
    pia_uuid7_text(id);
    randombytes_buf(key, sizeof key);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MAKE_META);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_bytes(stmt, 2, key, sizeof key);
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    stmt = pia_db_prepare(db, SQL_MAKE_HEAD);
    pia_stmt_bytes(stmt, 1, chain, sizeof chain);
    status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        return status;
    stmt = pia_db_prepare(db, SQL_MAKE_EPOCH);
    pia_stmt_bytes(stmt, 1, chain, sizeof chain);
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t load_meta(pia_db_t *db, journal_meta_t *ret_meta)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_META);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status;
    size_t size = 0;
    const char *id = pia_stmt_column_text(stmt, 0);
    const void *key = pia_stmt_column_bytes(stmt, 1, &size);
    uint8_t uuid[PIA_UUID_SIZE];
    bool good = id && strlen(id) == PIA_UUID_TEXT_SIZE - 1 && pia_uuid_parse(id, uuid) &&
                size == sizeof ret_meta->key;
    if (good) {
        memcpy(ret_meta->id, id, strlen(id) + 1);
        memcpy(ret_meta->key, key, size);
    }
    pia_stmt_reset(stmt);
    return good ? PIA_OK : PIA_INTERNAL;
}

static void take_note(pia_stmt_t *stmt, damage_note_t *ret_note)
{
    const char *detail = pia_stmt_column_text(stmt, 4);
    *ret_note = (damage_note_t){.known = !pia_stmt_column_is_null(stmt, 3),
                                .good = (uint64_t)pia_stmt_column_integer(stmt, 3)};
    (void)snprintf(ret_note->detail, sizeof ret_note->detail, "%s", detail ? detail : "");
}

/* Reads the head row by a statement that returns it. */
static pia_status_t
read_head(pia_db_t *db, const char *sql, receipt_t *ret_head, damage_note_t *ret_note)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    size_t size = 0;
    const void *chain = pia_stmt_column_bytes(stmt, 2, &size);
    if (size == CHAIN_SIZE) {
        ret_head->epoch = (uint32_t)pia_stmt_column_integer(stmt, 0);
        ret_head->sequence = (uint64_t)pia_stmt_column_integer(stmt, 1);
        memcpy(ret_head->chain, chain, CHAIN_SIZE);
    }
    take_note(stmt, ret_note);
    pia_stmt_reset(stmt);
    return size == CHAIN_SIZE ? PIA_OK : PIA_INTERNAL;
}

pia_status_t journal_head_open(pia_db_t *db, journal_meta_t *ret_meta, receipt_t *ret_head)
{
    damage_note_t note;
    pia_status_t status = load_meta(db, ret_meta);
    if (status == PIA_NOT_FOUND) {
        status = make_rows(db);
        if (status == PIA_OK)
            status = load_meta(db, ret_meta);
    }
    return status == PIA_OK ? read_head(db, SQL_HEAD, ret_head, &note) : status;
}

pia_status_t journal_head_lock(pia_db_t *db, receipt_t *ret_head, damage_note_t *ret_note)
{
    return read_head(db, SQL_LOCK_HEAD, ret_head, ret_note);
}

pia_status_t journal_head_read_note(pia_db_t *db, damage_note_t *ret_note)
{
    receipt_t head;
    return read_head(db, SQL_HEAD, &head, ret_note);
}

pia_status_t journal_head_note(pia_db_t *db, const damage_note_t *note)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTE);
    pia_stmt_integer(stmt, 1, (int64_t)note->good);
    pia_stmt_text(stmt, 2, note->detail);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t journal_head_move(pia_db_t *db, const receipt_t *head)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_MOVE_HEAD);
    pia_stmt_integer(stmt, 1, (int64_t)head->sequence);
    pia_stmt_bytes(stmt, 2, head->chain, CHAIN_SIZE);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t journal_head_read_turn(pia_db_t *db, uint64_t *ret_turn)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_TURN);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_turn = (uint64_t)pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

pia_status_t journal_head_set_turn(pia_db_t *db, uint64_t turn)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_SET_TURN);
    pia_stmt_integer(stmt, 1, (int64_t)turn);
    return pia_stmt_run(stmt, NULL);
}
