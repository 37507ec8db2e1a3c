/* sender.h - the thread that talks to mail servers, webhook receivers and the Maildir, so that
 * neither the loop nor the store waits for them. Calls from the loop's thread. */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

#include "outgoing.h"
#include "pia/problem.h"

typedef struct sender sender_t;

/* Texts are borrowed and outlive the sender. */
typedef struct {
    const char *maildir;       /* NULL: SMTP */
    const char *smtp_url;      /* smtp://host:port or smtps://… */
    const char *smtp_user;     /* "": none */
    const char *smtp_password; /* "": none */
    const char *from;          /* envelope sender */
    bool allow_private;        /* webhooks to private networks, for demonstrations and tests */
    int64_t timeout_ms;        /* of one transfer */
} sender_options_t;

/* Starts the thread. PIA_UNAVAILABLE: the Maildir cannot be made, or there is no thread. */
pia_status_t
sender_new(const sender_options_t *options, sender_t **ret_sender, pia_problem_t *problem);

/* Ends the thread after the file it is writing; transfers are cut, and what was not finished is
 * leased again later. */
void sender_destroy(sender_t **sender_p);

/* Takes a delivery. */
void sender_give(sender_t *sender, outgoing_t **outgoing_p);

/* One that has come to its end, the caller's now; NULL if there is none. */
outgoing_t *sender_take(sender_t *sender);

/* Readable when there may be something to take. */
int sender_descriptor(const sender_t *sender);

#endif
