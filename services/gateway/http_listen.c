/* http_listen.c - binds and prepares the listening socket. */
#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    KEEPALIVE_S = 30,
    UNACKNOWLEDGED_MS = 60000,
    SEND_BUFFER_SIZE = 262144 /* what a slow reader may cost the kernel */
};

static socklen_t parse(const char *address, uint16_t port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)ret_address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
    memset(ret_address, 0, sizeof *ret_address);
    if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
        return sizeof *six;
    }
    return 0;
}

static int set(int descriptor, int level, int option, int value)
{
    return setsockopt(descriptor, level, option, &value, sizeof value);
}

/* Accepted sockets inherit all of it (Linux). */
static int prepare(int descriptor)
{
    return set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) |
           set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1) |
           set(descriptor, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_SIZE) |
           set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S) |
           set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1) |
           set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS);
}

int http_listen(const char *address, uint16_t port)
{
    struct sockaddr_storage to;
    socklen_t size = parse(address, port, &to);
    if (size == 0) {
        errno = EINVAL;
        return -1;
    }
    int descriptor = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    if (prepare(descriptor) == 0 && bind(descriptor, (struct sockaddr *)&to, size) == 0 &&
        listen(descriptor, BACKLOG) == 0)
        return descriptor;
    int error = errno;
    (void)close(descriptor);
    errno = error;
    return -1;
}

uint16_t http_listen_port(int descriptor)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to = {.v6 = {0}};
    socklen_t size = sizeof to;
    if (getsockname(descriptor, &to.any, &size) != 0)
        return 0;
    return ntohs(to.any.sa_family == AF_INET6 ? to.v6.sin6_port : to.v4.sin_port);
}
