/* mailbox.h - reading the Maildir into which the default transport delivers. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include <stddef.h>
#include <stdio.h>

/* How many messages in `data`/mail/new are addressed to `address`. 0 if there is no Maildir. */
size_t mailbox_count(const char *data, const char *address);

/* Prints the subject of each, one line a message. */
void mailbox_tell(FILE *out, const char *data, const char *address);

#endif
