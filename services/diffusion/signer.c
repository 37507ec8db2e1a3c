/* signer.c - the journal's key. */
#include "signer.h"

#include "pia/clock.h"

static const char SQL_NOTE[] = "INSERT INTO journal_key (public_key, noted_at) VALUES ($1, $2)"
                               " ON CONFLICT DO NOTHING";
static const char SQL_KNOWN[] = "SELECT 1 FROM journal_key WHERE public_key = $1";

pia_status_t signer_note(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTE);
    pia_stmt_bytes(stmt, 1, public_key, SIGNER_KEY_SIZE);
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

bool signer_is_known(pia_db_t *db, const uint8_t public_key[SIGNER_KEY_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_KNOWN);
    pia_stmt_bytes(stmt, 1, public_key, SIGNER_KEY_SIZE);
    bool known = pia_stmt_step(stmt) == PIA_OK;
    pia_stmt_reset(stmt);
    return known;
}
