/* test_link_address.c - the ways an endpoint can be written lead there; others are refused. */
#include "pia/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pia_test.h"

enum { DEADLINE_MS = 10000, PORTS = 100 };

static int free_port(void)
{
    static int next = 0;
    return 20000 + getpid() % 20000 + next++;
}

/* Listens at "tcp://HOST:port"; returns the port. */
static int listen_at(const char *host, int *ret_listener)
{
    pia_problem_t problem = {0};
    for (int i = 0; i < PORTS; i++) {
        char endpoint[64];
        int port = free_port();
        (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", host, port);
        if (pia_link_listen(endpoint, ret_listener, &problem) == PIA_OK)
            return port;
    }
    fail_msg("%s", problem.detail);
    return 0;
}

/* Whether an attempt at "tcp://HOST:port" arrives. */
static bool arrives(const char *host, int port, unsigned attempt)
{
    char endpoint[64];
    int failure = 0;
    socklen_t size = sizeof failure;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", host, port);
    struct pollfd entry = {.fd = pia_link_connect(endpoint, attempt), .events = POLLOUT};
    if (entry.fd < 0)
        return false;
    assert_int_equal(poll(&entry, 1, DEADLINE_MS), 1);
    assert_int_equal(getsockopt(entry.fd, SOL_SOCKET, SO_ERROR, &failure, &size), 0);
    (void)close(entry.fd);
    return failure == 0;
}

/* Whether this machine speaks IPv6, at least to itself. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
    bool has =
        descriptor >= 0 && bind(descriptor, (const struct sockaddr *)&address, sizeof address) == 0;
    if (descriptor >= 0)
        (void)close(descriptor);
    return has;
}

static void all_addresses_are_of_both_families(void **state)
{
    (void)state;
    int listener = -1;
    int port = listen_at("*", &listener);
    assert_true(arrives("127.0.0.1", port, 0));
    assert_true(arrives("127.0.0.1", port, 1)); /* which has no other */
    assert_int_equal(arrives("[::1]", port, 0), has_ipv6());
    (void)close(listener);
}

/* Whichever of its addresses comes first. */
static void a_name_is_tried_at_each_of_its_addresses(void **state)
{
    (void)state;
    int listener = -1;
    int port = listen_at("127.0.0.1", &listener);
    assert_true(arrives("localhost", port, 0) || arrives("localhost", port, 1));
    (void)close(listener);
}

static void a_name_that_nobody_knows_is_said(void **state)
{
    (void)state;
    pia_problem_t problem = {0};
    int listener = -1;
    /* A label of more than 63 bytes is no name: nobody is asked. */
    static const char endpoint[] =
        "tcp://"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        ":5000";
    assert_int_equal(pia_link_listen(endpoint, &listener, &problem), PIA_UNAVAILABLE);
    assert_null(strstr(problem.detail, "understood"));
    assert_int_equal(pia_link_connect(endpoint, 0), -1);
}

static void endpoints_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "ipc://", "tcp://", "tcp://:1", "inproc://x", "tcp://127.0.0.1", "tcp://127.0.0.1:x"};
    pia_problem_t problem = {0};
    int listener = -1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pia_link_connect(bad[i], 0), -1);
        assert_int_equal(pia_link_listen(bad[i], &listener, &problem), PIA_UNAVAILABLE);
        assert_true(problem.detail[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_addresses_are_of_both_families),
        cmocka_unit_test(a_name_is_tried_at_each_of_its_addresses),
        cmocka_unit_test(a_name_that_nobody_knows_is_said),
        cmocka_unit_test(endpoints_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
