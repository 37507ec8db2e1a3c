/* monitor.h - tells when a socket's peer has gone: libzmq connects again silently, and what was in
 * flight would be waited for until its deadline. The socket's thread. */
#ifndef PIA_MONITOR_H
#define PIA_MONITOR_H

#include <stdbool.h>

/* Begins to watch; the result is a PAIR socket that can be polled. NULL if libzmq refuses. */
void *pia_monitor_new(void *zmq, void *socket);

/* Whether the connection was lost since the last call. NULL: never. */
bool pia_monitor_lost(void *monitor);

/* Ends it; before the watched socket is closed. */
void pia_monitor_destroy(void **monitor_p, void *socket);

#endif
