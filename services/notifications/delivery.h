/* delivery.h - messages to be sent: the tables `notice`, `delivery` and `inbox`. Store thread. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include <jansson.h>

#include "contact.h"
#include "notifications.h"
#include "pia/event.h"

/* What is told, and how: an event, and what the rule says. Texts are borrowed. */
typedef struct {
    const char *notice; /* id of the stored event */
    const char *type;
    const json_t *event; /* the CloudEvents object */
    const char *template;
    const char *link;  /* path, or NULL */
    uint32_t channels; /* CHANNEL_* */
} telling_t;

/* Stores an event that someone is told of; again is harmless. `link` may be NULL. */
pia_status_t
notice_add(pia_db_t *db, const pia_event_t *event, const char *notice, const char *link);

/* Whether the event may be seen by a person (NULL: by anybody), as everywhere else: the plan and
 * subscriptions choose among those who have the right, they do not give it. */
pia_status_t delivery_is_allowed(notifications_t *self,
                                 const telling_t *telling,
                                 const char *person,
                                 bool *ret_allowed);

/* One row of the table for `person`, if the rule's channels have the inbox: the item and its
 * delivery, at once "sent". Again is harmless. */
pia_status_t delivery_to_inbox(notifications_t *self,
                               const telling_t *telling,
                               const char *person,
                               const char *contact);

/* A pending delivery to an active contact (an inbox: as above). A channel that the rule does not
 * name, and a repeat, are nothing. */
pia_status_t
delivery_to_contact(notifications_t *self, const telling_t *telling, const contact_t *contact);

#endif
