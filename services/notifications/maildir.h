/* maildir.h - the default e-mail transport: files that any mail reader opens. The file is named by
 * the delivery, so that a repeat replaces it. Sender's thread. */
#ifndef MAILDIR_H
#define MAILDIR_H

#include "outgoing.h"

/* Makes `path` and its tmp, new and cur. False with the reason in errno. */
bool maildir_make(const char *path);

/* Writes the message durably into new/, unless a reader has already moved it to cur/. Sets the
 * outcome. */
void maildir_deliver(const char *path, outgoing_t *outgoing);

#endif
