/* audience.h - asks the journal whom an event reaches, a page at a time, and has each page stored.
 * Loop thread. */
#ifndef AUDIENCE_H
#define AUDIENCE_H

#include "notifications.h"

/* Begins to work on open campaigns. */
audience_t *audience_new(notifications_t *service);

/* Takes no further campaign; a page in flight still ends. */
void audience_stop(audience_t *audience);
void audience_destroy(audience_t **audience_p);

#endif
