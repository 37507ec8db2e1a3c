/* dispatch.h - leases deliveries that are due, hands them to the sender, records what became of
 * them. Loop thread. */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "notifications.h"

/* Starts a sender for e-mails and one for webhooks. */
pia_status_t
dispatch_new(notifications_t *service, dispatch_t **ret_dispatch, pia_problem_t *problem);

/* Leases nothing more; what comes back is still recorded. */
void dispatch_stop(dispatch_t *dispatch);
void dispatch_destroy(dispatch_t **dispatch_p);

#endif
