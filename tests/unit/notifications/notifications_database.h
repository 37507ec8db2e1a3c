/* notifications_database.h - the service's store on the engine under test, in one transaction that
 * is rolled back in the end, with events to be told of. */
#ifndef NOTIFICATIONS_DATABASE_H
#define NOTIFICATIONS_DATABASE_H

#include "notifications.h"
#include "test_database.h"

#define REVIEWER "0192f0c1-2345-7abc-8def-000000000001"
#define OUTSIDER "0192f0c1-2345-7abc-8def-000000000002"
#define STRUCTURE "0192f0c1-2345-7abc-8def-000000000003"
#define CONTACT "0192f0c1-2345-7abc-8def-0000000000a1"

typedef struct {
    test_database_t place;
    pia_db_t *db;
    pia_config_t *config;
    pia_context_t context;
    notifications_t service;
} notifications_database_t;

/* `attempts`: --delivery.attempts. */
void notifications_database_init(notifications_database_t *database, const char *attempts);
void notifications_database_clear(notifications_database_t *database);

/* Follows an event: `members` are the CloudEvents members beside id, source and type. */
void notifications_database_event(notifications_database_t *database,
                                  const char *id,
                                  const char *source,
                                  const char *type,
                                  const char *members);

/* person.created of the registry. */
void notifications_database_person(notifications_database_t *database,
                                   const char *person,
                                   const char *role,
                                   const char *structure);

/* An e-mail contact; `person` may be NULL. */
void notifications_database_contact(notifications_database_t *database,
                                    const char *id,
                                    const char *person);

/* The first column of the first row. */
int64_t notifications_database_integer(notifications_database_t *database, const char *sql);
void notifications_database_run(notifications_database_t *database, const char *sql);

#endif
