/* link_address.c - where links lead: unix sockets and TCP. */
#include "pia/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    HOST_SIZE = 256,
    BACKLOG = 1024,
    KEEP_IDLE_S = 30, /* as in frames.c */
    KEEP_INTERVAL_S = 10,
    KEEP_COUNT = 3,
    LOST_MS = 15000,
};

static const char IPC[] = "ipc://";
static const char TCP[] = "tcp://";

typedef struct {
    struct sockaddr_storage bytes;
    socklen_t size;
} address_t;

static bool of_path(const char *path, address_t *ret_address)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&ret_address->bytes;
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address->sun_path)
        return false;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, size + 1);
    ret_address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    return true;
}

/* "host:port", "[address]:port" or, to listen, "*:port". */
static bool of_host(const char *text, bool listens, address_t *ret_address)
{
    char host[HOST_SIZE];
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    if (size == 0 || size >= sizeof host)
        return false;
    bool bracketed = text[0] == '[' && text[size - 1] == ']' && size > 2;
    (void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? size - 2 : size),
                   bracketed ? text + 1 : text);
    bool any = listens && strcmp(host, "*") == 0;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    hints.ai_flags = AI_NUMERICSERV | (listens ? AI_PASSIVE : 0);
    struct addrinfo *found = NULL;
    if (getaddrinfo(any ? NULL : host, colon + 1, &hints, &found) != 0)
        return false;
    memcpy(&ret_address->bytes, found->ai_addr, found->ai_addrlen);
    ret_address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

static bool read_endpoint(const char *endpoint, bool listens, address_t *ret_address)
{
    *ret_address = (address_t){.size = 0};
    if (strncmp(endpoint, IPC, sizeof IPC - 1) == 0)
        return of_path(endpoint + sizeof IPC - 1, ret_address);
    if (strncmp(endpoint, TCP, sizeof TCP - 1) == 0)
        return of_host(endpoint + sizeof TCP - 1, listens, ret_address);
    return false;
}

static int open_socket(const address_t *address)
{
    return socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void set_option(int descriptor, int level, int option, int value)
{
    (void)setsockopt(descriptor, level, option, &value, sizeof value);
}

static void prepare(int descriptor, int family)
{
    if (family == AF_UNIX)
        return;
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, LOST_MS);
}

int pia_link_connect(const char *endpoint)
{
    address_t address;
    if (!read_endpoint(endpoint, false, &address))
        return -1;
    int descriptor = open_socket(&address);
    if (descriptor < 0)
        return -1;
    prepare(descriptor, address.bytes.ss_family);
    if (connect(descriptor, (const struct sockaddr *)&address.bytes, address.size) == 0 ||
        errno == EINPROGRESS)
        return descriptor;
    (void)close(descriptor);
    return -1;
}

static bool bind_and_listen(int descriptor, const address_t *address)
{
    if (address->bytes.ss_family == AF_UNIX)
        (void)unlink(((const struct sockaddr_un *)&address->bytes)->sun_path);
    else
        set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    return bind(descriptor, (const struct sockaddr *)&address->bytes, address->size) == 0 &&
           listen(descriptor, BACKLOG) == 0;
}

pia_status_t pia_link_listen(const char *endpoint, int *ret_descriptor, pia_problem_t *problem)
{
    address_t address;
    if (!read_endpoint(endpoint, true, &address))
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: ipc:// and tcp:// are understood",
                               endpoint);
    int descriptor = open_socket(&address);
    if (descriptor >= 0 && bind_and_listen(descriptor, &address)) {
        *ret_descriptor = descriptor;
        return PIA_OK;
    }
    (void)pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: %s", endpoint, strerrordesc_np(errno));
    if (descriptor >= 0)
        (void)close(descriptor);
    return PIA_UNAVAILABLE;
}

int pia_link_accept(int listener, bool *ret_full)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    int descriptor = -1;
    do {
        descriptor =
            accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    *ret_full = descriptor < 0 && errno != EAGAIN;
    if (descriptor >= 0)
        prepare(descriptor, address.ss_family);
    return descriptor;
}
