/* notifications.h - the service's state, given to all its parts. */
#ifndef NOTIFICATIONS_H
#define NOTIFICATIONS_H

#include <stdatomic.h>

#include "pia/service.h"
#include "plan.h"

enum { LINK_KEY_SIZE = 32, PASSWORD_SIZE = 256 };

typedef struct audience audience_t;
typedef struct dispatch dispatch_t;

typedef struct {
    const pia_context_t *context;      /* from open to the end */
    plan_t *plan;                      /* store thread */
    const char *site;                  /* address of the web site, no slash at its end */
    int64_t born_at;                   /* store thread: when this database was made */
    uint8_t link_key[LINK_KEY_SIZE];   /* store thread: signs unsubscription links */
    atomic_bool deliveries_wait;       /* set by the store thread, cleared by the loop's */
    atomic_bool campaigns_wait;        /* the same */
    char smtp_password[PASSWORD_SIZE]; /* loop thread, then the sender's */
    int64_t tidied_ms;                 /* store thread, monotonic: last retention */
    uint64_t sent, retried, failed;    /* store thread: deliveries since the start */
    audience_t *audience;              /* loop thread */
    dispatch_t *dispatch;              /* loop thread */
} notifications_t;

/* The service, for pia_service_main; keeps a pointer. */
pia_service_t notifications_service(notifications_t *self);

/* Frees what the service has kept in memory, after it has ended. */
void notifications_close(notifications_t *self);

#endif
