/* db_sqlite_log.h - how SQLite's write-ahead log is written: each commit in one piece, into space
 * that is there already. */
#ifndef DB_SQLITE_LOG_H
#define DB_SQLITE_LOG_H

/* The name of a VFS for a connection that writes with synchronous=FULL: SQLite then makes no commit
 * known before it has synced the log, so what waits in memory until that moment is nobody's yet.
 * Everything but the log goes to the default VFS. Registered on the first call; NULL: it cannot be.
 * Any thread. */
const char *pia_sqlite_log_vfs(void);

#endif
