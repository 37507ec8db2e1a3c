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

#include "pia/log.h"

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

static const char NOT_UNDERSTOOD[] = "ipc:// and tcp:// are understood";

/* As all of these: why there is no address; NULL: there is. */
static const char *of_path(const char *path, address_t *ret_address)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&ret_address->bytes;
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address->sun_path)
        return "The path is empty or too long.";
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, size + 1);
    ret_address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + 1);
    return NULL;
}

/* The `choice`th of a list, which goes round. */
static void choose(const struct addrinfo *list, unsigned choice, address_t *ret_address)
{
    unsigned count = 1;
    for (const struct addrinfo *each = list->ai_next; each; each = each->ai_next)
        count++;
    for (choice %= count; choice > 0; choice--)
        list = list->ai_next;
    memcpy(&ret_address->bytes, list->ai_addr, list->ai_addrlen);
    ret_address->size = list->ai_addrlen;
}

/* NULL: all addresses of this machine, of IPv6 (which includes IPv4) or, as second choice, IPv4. */
static const char *
resolve(const char *host, const char *port, bool listens, unsigned choice, address_t *ret_address)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST | (listens ? AI_PASSIVE : 0);
    if (!host)
        hints.ai_family = choice == 0 ? AF_INET6 : AF_INET;
    int failure = getaddrinfo(host, port, &hints, &found);
    hints.ai_flags &= ~AI_NUMERICHOST;
    if (failure == EAI_NONAME && host) /* not an address, so a name */
        failure = getaddrinfo(host, port, &hints, &found);
    if (failure != 0)
        return gai_strerror(failure);
    choose(found, host ? choice : 0, ret_address);
    freeaddrinfo(found);
    return NULL;
}

/* "host:port", "[address]:port" or, to listen, "*:port". */
static const char *of_host(const char *text, bool listens, unsigned choice, address_t *ret_address)
{
    char host[HOST_SIZE];
    const char *colon = strrchr(text, ':');
    size_t size = colon ? (size_t)(colon - text) : 0;
    if (size == 0 || size >= sizeof host)
        return "A host and a port are wanted.";
    bool bracketed = text[0] == '[' && text[size - 1] == ']' && size > 2;
    (void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? size - 2 : size),
                   bracketed ? text + 1 : text);
    bool any = listens && strcmp(host, "*") == 0;
    return resolve(any ? NULL : host, colon + 1, listens, choice, ret_address);
}

static const char *
read_endpoint(const char *endpoint, bool listens, unsigned choice, address_t *ret_address)
{
    *ret_address = (address_t){.size = 0};
    if (strncmp(endpoint, IPC, sizeof IPC - 1) == 0)
        return of_path(endpoint + sizeof IPC - 1, ret_address);
    if (strncmp(endpoint, TCP, sizeof TCP - 1) == 0)
        return of_host(endpoint + sizeof TCP - 1, listens, choice, ret_address);
    return NOT_UNDERSTOOD;
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

int pia_link_connect(const char *endpoint, unsigned attempt)
{
    address_t address;
    const char *why = read_endpoint(endpoint, false, attempt, &address);
    if (why) {
        pia_log(PIA_LOG_WARN, "%s: %s", endpoint, why);
        return -1;
    }
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
    if (address->bytes.ss_family == AF_INET6)
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    return bind(descriptor, (const struct sockaddr *)&address->bytes, address->size) == 0 &&
           listen(descriptor, BACKLOG) == 0;
}

/* A socket that listens, or -1 with errno. */
static int listen_at(const address_t *address)
{
    int descriptor = open_socket(address);
    if (descriptor < 0 || bind_and_listen(descriptor, address))
        return descriptor;
    int failure = errno;
    (void)close(descriptor);
    errno = failure;
    return -1;
}

pia_status_t pia_link_listen(const char *endpoint, int *ret_descriptor, pia_problem_t *problem)
{
    address_t address;
    int descriptor = -1;
    for (unsigned choice = 0; choice < 2; choice++) {
        const char *why = read_endpoint(endpoint, true, choice, &address);
        if (why)
            return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: %s", endpoint, why);
        descriptor = listen_at(&address);
        bool other_family = descriptor < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
        if (!other_family)
            break;
    }
    if (descriptor < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s: %s", endpoint,
                               strerrordesc_np(errno));
    *ret_descriptor = descriptor;
    return PIA_OK;
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
