/* handlers.h - what the service answers; each in the store thread, inside the batch's transaction.
 */
#ifndef HANDLERS_H
#define HANDLERS_H

#include "pia/request.h"

/* Contacts (handle_contact.c). */
void handle_contact_create(void *self, pia_request_t **request_p);
void handle_contact_get(void *self, pia_request_t **request_p);
void handle_contact_list(void *self, pia_request_t **request_p);
void handle_contact_remove(void *self, pia_request_t **request_p);
void handle_contact_unsubscribe(void *self, pia_request_t **request_p);

/* Inboxes and deliveries (handle_delivery.c). */
void handle_inbox_list(void *self, pia_request_t **request_p);
void handle_inbox_read(void *self, pia_request_t **request_p);
void handle_delivery_list(void *self, pia_request_t **request_p);

#endif
