/* transfer.h - one delivery as a libcurl transfer: an HTTP POST or an SMTP message. Sender's
 * thread. */
#ifndef TRANSFER_H
#define TRANSFER_H

#include <curl/curl.h>

#include "sender.h"

typedef struct transfer transfer_t;

/* Prepares the transfer (takes the delivery). The options and texts outlive it. */
transfer_t *transfer_new(const sender_options_t *options, outgoing_t **outgoing_p);

/* To be added to a multi handle; CURLINFO_PRIVATE is the transfer. */
CURL *transfer_easy(const transfer_t *transfer);

/* Sets the delivery's outcome from libcurl's result, frees the transfer (which is no longer in a
 * multi handle) and gives the delivery back. */
outgoing_t *transfer_end(transfer_t **transfer_p, CURLcode result);

#endif
