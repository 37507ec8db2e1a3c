/* db_sqlite_copy.c - a SQLite database as one file. */
#include <sqlite3.h>

#include "db_internal.h"

/* All of one snapshot. The copy has no log: its header says so, too. */
static int copy(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sqlite3_errcode(to);
    int code = sqlite3_backup_step(backup, -1);
    (void)sqlite3_backup_finish(backup); /* says the same */
    if (code == SQLITE_DONE)
        code = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    return code;
}

pia_status_t pia_sqlite_copy(pia_db_t *db, void *handle, const char *path)
{
    sqlite3 *to = NULL;
    pia_status_t status = PIA_OK;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK)
        code = copy(handle, to);
    if (code != SQLITE_OK) {
        bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
        status = pia_db_fail(db, damaged ? PIA_INTERNAL : PIA_UNAVAILABLE, sqlite3_errstr(code));
    }
    (void)sqlite3_close(to);
    return status;
}
