/* handlers.h - what the service answers, in the store thread, inside the transaction of a batch.
 * `arg` is the notifications_t. */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "pia/request.h"

/* Contacts (handle_contact.c). */
void handle_contact_create(void *arg, pia_request_t **request_p);
void handle_contact_get(void *arg, pia_request_t **request_p);
void handle_contact_list(void *arg, pia_request_t **request_p);
void handle_contact_remove(void *arg, pia_request_t **request_p);
void handle_contact_unsubscribe(void *arg, pia_request_t **request_p);

/* Inboxes and deliveries (handle_delivery.c). */
void handle_inbox_list(void *arg, pia_request_t **request_p);
void handle_inbox_read(void *arg, pia_request_t **request_p);
void handle_delivery_list(void *arg, pia_request_t **request_p);

#endif
