/* registry_database.h - a registry's database, empty but for its tables, on the engine under test.
 */
#ifndef REGISTRY_DATABASE_H
#define REGISTRY_DATABASE_H

#include "pia/service.h"
#include "registry.h"
#include "test_database.h"

typedef struct {
    test_database_t place;
    pia_db_t *db;
    pia_context_t context;
    registry_t registry;
} registry_database_t;

/* Opens it with its tables, in a transaction. Ends the test on failure. */
void registry_database_init(registry_database_t *database);
void registry_database_clear(registry_database_t *database);

/* Ends the present transaction, kept, and begins another. */
void registry_database_commit(registry_database_t *database);

/* The first column of the first row, in the present transaction; `sql` is a constant. */
int64_t registry_database_integer(registry_database_t *database, const char *sql);

/* How many announcements of a type the outbox holds. */
int64_t registry_database_announced(registry_database_t *database, const char *type);

#endif
