/* db_file.h - the files of a SQLite database: its log, what was deleted, copies. PostgreSQL's are
 * its server's: there, what is not refused does nothing. */
#ifndef PIA_DB_FILE_H
#define PIA_DB_FILE_H

#include "pia/db.h"

/* Makes SQLite's log short if it is long. Commits do that themselves until this was called once:
 * who calls it after each commit has somebody to tell first (measured: 8 ms for 4 MiB). */
void pia_db_trim(pia_db_t *db);

/* Whether SQLite writes zeros over what is deleted; it does unless it is told not to by who deletes
 * what says nothing about anybody (measured: 7 % of publishing, for runs of fingerprints that are
 * merged).
 */
pia_status_t pia_db_wipe(pia_db_t *db, bool wipes);

/* What is deleted now must be gone from SQLite's log too, where its page stands as it was: the log
 * is emptied after the commit, or after a later one if a reader holds it. PostgreSQL removes it
 * with its own VACUUM. */
void pia_db_empty_log(pia_db_t *db);

/* Copies the database, as it is now, into the new file `path` (mode 0600), whole or not at all,
 * while others go on writing; it is durable then, and one file without a log. PIA_CONFLICT: there
 * is such a file; PIA_INVALID: not SQLite, whose server's own tools do this. A reader's connection.
 */
pia_status_t pia_db_copy(pia_db_t *db, const char *path, pia_problem_t *problem);

/* Copies the log of a SQLite database into the file and makes it empty, so that the file can be
 * moved by itself. A writer that is alone. */
pia_status_t pia_db_settle(pia_db_t *db);

/* How many rows were changed over this connection since it was opened, by what was undone too: more
 * than before if a transaction has changed anything. 0 on PostgreSQL. */
int64_t pia_db_changes(const pia_db_t *db);

/* A PASSIVE checkpoint when idle; nothing on PostgreSQL or a reader. */
void pia_db_checkpoint(pia_db_t *db);

#endif
