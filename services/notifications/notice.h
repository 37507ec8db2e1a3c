/* notice.h - what the service does with an event of the journal: keeps the people's projection,
 * and turns what the plan says into deliveries and campaigns. Store thread. */
#ifndef NOTICE_H
#define NOTICE_H

#include "notifications.h"

/* The service's on_event. */
pia_status_t notice_on_event(void *arg, const pia_event_t *event);

#endif
