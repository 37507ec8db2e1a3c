/* http_listen.h - the listening socket of the HTTP server. */
#ifndef GATEWAY_HTTP_LISTEN_H
#define GATEWAY_HTTP_LISTEN_H

#include <stdint.h>

/* A non-blocking listening TCP socket on a numeric address (IPv4 or IPv6), close-on-exec; dead
 * peers are found by keepalive and unacknowledged data, also on what it accepts. -1 with errno. */
int http_listen(const char *address, uint16_t port);

/* The port it is bound to; 0 if that cannot be found out. */
uint16_t http_listen_port(int descriptor);

#endif
