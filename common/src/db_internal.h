/* db_internal.h - what an engine is: a table of operations behind pia/db.h. */
#ifndef PIA_DB_INTERNAL_H
#define PIA_DB_INTERNAL_H

#include "pia/db.h"

enum { PIA_DB_ERROR_MAX = 256, PIA_DB_BUCKETS = 256 };

/* The operations of one engine; db.c does what both have in common. */
typedef struct {
    void (*close)(pia_db_t *db); /* frees all but the statements, which db.c has released */
    pia_status_t (*begin)(pia_db_t *db);
    pia_status_t (*commit)(pia_db_t *db);
    void (*rollback)(pia_db_t *db);
    /* Runs a text of any number of statements without parameters. */
    pia_status_t (*exec)(pia_db_t *db, const char *sql);
    pia_status_t (*savepoint)(pia_db_t *db); /* NULL, release too: exec does it */
    pia_status_t (*release)(pia_db_t *db);
    /* In a transaction: waits until no other instance migrates. */
    pia_status_t (*lock_migrations)(pia_db_t *db);
    void (*checkpoint)(pia_db_t *db);
    pia_status_t (*settle)(pia_db_t *db);
    pia_status_t (*copy)(pia_db_t *db, const char *path); /* path is an empty file; NULL: cannot */
    void (*trim)(pia_db_t *db);                           /* NULL: there is nothing to do */
    pia_status_t (*wipe)(pia_db_t *db, bool wipes);       /* NULL: as trim */
    int64_t (*changed)(const pia_db_t *db);               /* rows in all; NULL: not counted */

    pia_stmt_t *(*stmt_new)(pia_db_t *db, const char *sql); /* db.c fills the base */
    void (*stmt_free)(pia_stmt_t *stmt);
    void (*rewind)(pia_stmt_t *stmt, bool clear_parameters);
    void (*bind_integer)(pia_stmt_t *stmt, int parameter, int64_t value);
    void (*bind_text)(pia_stmt_t *stmt, int parameter, const char *value);
    void (*bind_bytes)(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
    void (*bind_borrowed)(pia_stmt_t *stmt, int parameter, const void *value, size_t size);
    void (*bind_null)(pia_stmt_t *stmt, int parameter);
    pia_status_t (*step)(pia_stmt_t *stmt);
    int64_t (*changes)(pia_stmt_t *stmt);
    bool (*is_null)(pia_stmt_t *stmt, int column);
    int64_t (*column_integer)(pia_stmt_t *stmt, int column);
    const char *(*column_text)(pia_stmt_t *stmt, int column);
    const void *(*column_bytes)(pia_stmt_t *stmt, int column, size_t *ret_size);
    bool is_shared;
} pia_db_ops_t;

/* The base of a connection: first member of the engine's struct. */
struct pia_db {
    const pia_db_ops_t *ops;
    pia_db_mode_t mode;
    bool fatal;     /* never cleared */
    bool damaged;   /* never cleared */
    bool retryable; /* of the last failure */
    bool in_transaction;
    bool empties_log;             /* as soon as nobody reads it */
    bool trims_apart;             /* pia_db_trim is called, commits need not */
    unsigned reading;             /* statements that have given a row and may have more */
    char error[PIA_DB_ERROR_MAX]; /* of the last failure */
    pia_stmt_t *statements[PIA_DB_BUCKETS];
};

/* The base of a statement. */
struct pia_stmt {
    pia_db_t *db;
    const char *key;  /* the address of the caller's text */
    char *sql;        /* a copy: the text at that address must stay the same */
    int parameters;   /* the highest $N in it */
    bool reading;     /* it has given a row and was not rewound */
    pia_stmt_t *next; /* in the same bucket */
};

/* Keeps the reason of a failure and returns `status`. */
pia_status_t pia_db_fail(pia_db_t *db, pia_status_t status, const char *reason);

/* Runs statements without parameters. */
pia_status_t pia_db_exec(pia_db_t *db, const char *sql);

/* Copies the database behind `handle` (a sqlite3) into the empty file `path`. */
pia_status_t pia_sqlite_copy(pia_db_t *db, void *handle, const char *path);

/* Open what follows "sqlite:" and a whole "postgresql:" URL. */
pia_status_t
pia_sqlite_open(const char *path, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem);
pia_status_t
pia_pgsql_open(const char *url, pia_db_mode_t mode, pia_db_t **ret_db, pia_problem_t *problem);

#endif
