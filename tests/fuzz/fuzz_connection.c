/* fuzz_connection.c - bytes of an HTTP client at the real server: the parser behind the strict
 * filter sees the requests that the filter has seen, with these targets and bodies, and no other.
 */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "pia/clock.h"
#include "strict.h"

enum { REQUESTS_MAX = 16, WAIT_MS = 4000 };

/* A request as the filter has seen it. */
typedef struct {
    const uint8_t *target;
    size_t target_size, body_size;
    bool may_close; /* says HTTP/1.0 or close: what follows is not heard */
} expected_t;

typedef struct {
    struct event_base *base;
    http_server_t *server;
    expected_t expected[REQUESTS_MAX];
    size_t count, handled;
} rig_t;

static void handle(void *arg, http_request_t *request)
{
    rig_t *rig = arg;
    size_t body_size = 0;
    const char *target = http_request_target(request);
    (void)http_request_body(request, &body_size);
    FUZZ_CHECK(rig->handled < rig->count);
    const expected_t *expected = &rig->expected[rig->handled++];
    FUZZ_CHECK(strlen(target) == expected->target_size);
    FUZZ_CHECK(memcmp(target, expected->target, expected->target_size) == 0);
    FUZZ_CHECK(body_size == expected->body_size);
    http_reply(&request, 200, "ok", 2);
}

static void open_rig(rig_t *rig)
{
    rig->base = event_base_new();
    FUZZ_CHECK(rig->base != NULL);
    const http_options_t options = {.address = "127.0.0.1",
                                    .request_timeout_ms = 60000,
                                    .answer_timeout_ms = 60000,
                                    .idle_timeout_ms = 60000,
                                    .connections_max = 64,
                                    .stream_pending_max = 1 << 16,
                                    .handle = handle,
                                    .arg = rig};
    FUZZ_CHECK(http_server_new(rig->base, &options, &rig->server, NULL) == PIA_OK);
}

/* What lies in a whole request: its target, and the size of its body without framing. */
static expected_t look_at(const uint8_t *bytes, size_t size, const strict_t *strict)
{
    const uint8_t *target = (const uint8_t *)memchr(bytes, ' ', size) + 1;
    const uint8_t *end = memchr(target, ' ', size - (size_t)(target - bytes));
    const uint8_t *body = (const uint8_t *)memmem(bytes, size, "\r\n\r\n", 4) + 4;
    size_t rest = size - (size_t)(body - bytes);
    bool may_close = strict->version_minor == 0;
    for (const uint8_t *at = bytes; at + 5 <= body; at++) {
        may_close = may_close || strncasecmp((const char *)at, "close", 5) == 0;
    }
    return (expected_t){.target = target,
                        .target_size = (size_t)(end - target),
                        .may_close = may_close,
                        .body_size = strict->encodings > 0 ? (size_t)strict->body_total : rest};
}

/* Fills what the filter sees in all of the bytes; false if there is too much of it. */
static bool expect(rig_t *rig, const uint8_t *bytes, size_t size)
{
    strict_t strict;
    strict_init(&strict);
    size_t offset = 0;
    rig->count = 0;
    rig->handled = 0;
    while (offset < size) {
        size_t admitted = 0;
        strict_verdict_t verdict = strict_feed(&strict, bytes + offset, size - offset, &admitted);
        if (verdict != STRICT_COMPLETE) {
            return true;
        }
        if (rig->count == REQUESTS_MAX) {
            return false;
        }
        rig->expected[rig->count++] = look_at(bytes + offset, admitted, &strict);
        offset += admitted;
        strict_next(&strict);
    }
    return true;
}

/* From another loopback address each time: thousands of connections a second would use up the
 * ports of one. */
static int connect_to(uint16_t port)
{
    static uint32_t number;
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number++ % 0xffff);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(client >= 0);
    FUZZ_CHECK(bind(client, (struct sockaddr *)&from, sizeof from) == 0);
    FUZZ_CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    return client;
}

/* Sends what it can; the bytes sent so far, or all if the server wants no more. */
static size_t send_some(int client, const uint8_t *bytes, size_t size, size_t sent)
{
    if (sent == size) {
        return sent;
    }
    ssize_t count = send(client, bytes + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0) {
        sent = errno == EAGAIN ? sent : size;
    } else {
        sent += (size_t)count;
    }
    if (sent == size) {
        (void)shutdown(client, SHUT_WR);
    }
    return sent;
}

/* Whether the server has closed. */
static bool receive(int client)
{
    char answer[4096];
    ssize_t count = 1;
    while (count > 0) {
        count = recv(client, answer, sizeof answer, MSG_DONTWAIT);
    }
    return count == 0 || errno != EAGAIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rig_t rig;
    if (rig.base == NULL) {
        open_rig(&rig);
    }
    if (size == 0 || !expect(&rig, data, size)) {
        return 0;
    }
    int client = connect_to(http_server_port(rig.server));
    int64_t deadline = pia_clock_monotonic() + WAIT_MS;
    size_t sent = 0;
    do {
        sent = send_some(client, data, size, sent);
        (void)event_base_loop(rig.base, EVLOOP_NONBLOCK);
        FUZZ_CHECK(pia_clock_monotonic() < deadline); /* who has ended is not kept */
    } while (!receive(client));
    (void)close(client);
    while (http_server_stats(rig.server)->open > 0) {
        (void)event_base_loop(rig.base, EVLOOP_NONBLOCK);
        FUZZ_CHECK(pia_clock_monotonic() < deadline);
    }
    FUZZ_CHECK(rig.handled == rig.count || /* none got lost between the two */
               (rig.handled > 0 && rig.expected[rig.handled - 1].may_close));
    return 0;
}
