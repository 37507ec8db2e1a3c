/* db_sqlite_words.h - the SQL that both engines share, in SQLite's words. */
#ifndef DB_SQLITE_WORDS_H
#define DB_SQLITE_WORDS_H

/* A copy of `sql`, to be freed:
 * - without FOR UPDATE [SKIP LOCKED], since the one writer has locked everything;
 * - with INTEGER for the BIGINT of a primary key of one column, which is then the row's own place
 *   instead of an index beside the table: one page less in every commit that adds a row.
 * Any thread. */
char *pia_sqlite_words(const char *sql);

#endif
