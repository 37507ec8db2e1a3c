/* lease.h - deliveries that are due, leased and made ready to be sent; and their outcomes. The
 * fence is the attempt's number: an outcome of an older lease is not recorded. Store thread. */
#ifndef LEASE_H
#define LEASE_H

#include "notifications.h"
#include "outgoing.h"

/* Gives back all leases of a process that is dead: only where one process holds the database. */
pia_status_t lease_release_all(pia_db_t *db);

enum { LEASE_PER_CONTACT = 4 }; /* in flight: a receiver that hangs takes no more places */

/* Leases at most `limit` deliveries of a channel, rendered. On PIA_OK *ret_list is the caller's
 * (NULL: none). Deliveries to contacts that ended are cancelled, those without attempts left
 * fail. */
pia_status_t
lease_take(notifications_t *self, uint32_t channel, size_t limit, outgoing_t **ret_list);

/* Records an outcome; an outcome of an older lease is nothing. */
pia_status_t lease_record(notifications_t *self, const outgoing_t *outgoing);

#endif
