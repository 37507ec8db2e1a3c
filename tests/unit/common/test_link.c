/* test_link.c - links talk to libzmq and to each other; nonsense ends them. */
#include "pia/link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_codec.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "pia_test.h"

enum { FRAME_MAX = 1 << 20, DEADLINE_MS = 10000, STEP_MS = 5 };

typedef struct {
    pia_link_t *link, *other; /* of a pair of sockets; `other` plays the ROUTER */
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    int pair[2] = {-1, -1};
    assert_non_null(fixture);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    fixture->link = pia_link_new(PIA_LINK_DEALER, FRAME_MAX);
    fixture->other = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    pia_link_attach(fixture->link, pair[0]);
    pia_link_attach(fixture->other, pair[1]);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_link_destroy(&fixture->link);
    pia_link_destroy(&fixture->other);
    pia_link_destroy(&fixture->other); /* nothing is fine */
    free(fixture);
    return 0;
}

/* What the link gets next, while `other` writes what it has (NULL: somebody else does). */
static pia_status_t receive(pia_link_t *link, pia_link_t *other, pia_frames_t *ret_frames)
{
    int64_t until = pia_clock_monotonic() + DEADLINE_MS;
    pia_status_t status = PIA_TIMEOUT;
    pia_frames_init(ret_frames);
    while (status == PIA_TIMEOUT && pia_clock_monotonic() < until) {
        pia_frames_t none;
        struct pollfd entry = {.fd = pia_link_descriptor(link), .events = POLLIN};
        pia_frames_init(&none);
        assert_true(pia_link_flush(link));
        if (other) {
            pia_link_wake(other);
            (void)pia_link_flush(other);
            (void)pia_link_recv(other, &none); /* for its greeting */
            pia_frames_clear(&none);
        }
        (void)poll(&entry, 1, STEP_MS);
        pia_link_wake(link);
        status = pia_link_recv(link, ret_frames);
    }
    return status;
}

static void send_texts(pia_link_t *link, const char *one, const char *two)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, one);
    pia_frames_add_text(&frames, two);
    assert_int_equal(pia_link_send(link, &frames, 0), PIA_OK);
    assert_int_equal(frames.count, 0);
}

static void what_was_sent_before_the_greeting_arrives(void **state)
{
    const fixture_t *fixture = *state;
    pia_frames_t got;
    send_texts(fixture->link, "one", "");
    assert_false(pia_link_is_open(fixture->link));
    assert_int_equal(receive(fixture->other, fixture->link, &got), PIA_OK);
    assert_int_equal(got.count, 2);
    assert_true(pia_frames_equal_text(&got, 0, "one"));
    assert_true(pia_frames_equal_text(&got, 1, ""));
    assert_true(pia_link_is_open(fixture->link));
    pia_frames_clear(&got);
}

static pia_frames_t *large_message(pia_frames_t *frames, uint8_t *bytes, uint8_t salt)
{
    for (size_t i = 0; i < FRAME_MAX; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251 + salt);
    pia_frames_init(frames);
    pia_frames_add_text(frames, "large");
    pia_frames_add(frames, bytes, FRAME_MAX);
    pia_frames_add_text(frames, "end");
    return frames;
}

/* More than the socket takes at once, several times. */
static void large_messages_arrive_whole_and_in_order(void **state)
{
    const fixture_t *fixture = *state;
    static uint8_t bytes[FRAME_MAX];
    pia_frames_t frames;
    for (uint8_t i = 0; i < 4; i++)
        assert_int_equal(pia_link_send(fixture->link, large_message(&frames, bytes, i), 0), PIA_OK);
    for (uint8_t i = 0; i < 4; i++) {
        assert_int_equal(receive(fixture->other, fixture->link, &frames), PIA_OK);
        pia_frames_t expected;
        (void)large_message(&expected, bytes, i);
        assert_int_equal(frames.count, 3);
        assert_true(pia_frames_equal(&frames, 1, bytes, FRAME_MAX));
        assert_true(pia_frames_equal_text(&frames, 2, "end"));
        pia_frames_clear(&frames);
        pia_frames_clear(&expected);
    }
}

static void many_small_messages_arrive_in_order(void **state)
{
    enum { COUNT = 3000 };
    const fixture_t *fixture = *state;
    char number[16];
    pia_frames_t got;
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(number, sizeof number, "%d", i);
        send_texts(fixture->link, number, "x");
    }
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(number, sizeof number, "%d", i);
        assert_int_equal(receive(fixture->other, fixture->link, &got), PIA_OK);
        assert_true(pia_frames_equal_text(&got, 0, number));
        pia_frames_clear(&got);
    }
}

static void too_many_that_wait_are_refused_whole(void **state)
{
    const fixture_t *fixture = *state;
    pia_frames_t frames;
    for (int i = 0; i < PIA_LINK_MESSAGES_MAX; i++)
        send_texts(fixture->link, "a", "b");
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, "one more");
    assert_int_equal(pia_link_send(fixture->link, &frames, 0), PIA_UNAVAILABLE);
    for (int i = 0; i < PIA_LINK_MESSAGES_MAX; i++) {
        assert_int_equal(receive(fixture->other, fixture->link, &frames), PIA_OK);
        assert_true(pia_frames_equal_text(&frames, 0, "a"));
        pia_frames_clear(&frames);
    }
    send_texts(fixture->link, "room", "again");
}

static void too_many_frames_are_read_to_their_end(void **state)
{
    const fixture_t *fixture = *state;
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, "named first");
    send_texts(fixture->link, "a", "b");
    assert_int_equal(receive(fixture->other, fixture->link, &frames), PIA_OK);
    pia_frames_clear(&frames);
    for (int i = 0; i < PIA_FRAMES_MAX; i++)
        pia_frames_add_text(&frames, "x");
    assert_int_equal(pia_link_send(fixture->link, &frames, 0), PIA_OK);
    send_texts(fixture->link, "after", "it");
    assert_true(pia_link_flush(fixture->link));
    pia_frames_add_text(&frames, "its sender");
    pia_link_wake(fixture->other);
    assert_int_equal(pia_link_recv(fixture->other, &frames), PIA_TOO_LARGE);
    assert_int_equal(frames.count, 1);
    pia_frames_clear(&frames);
    assert_int_equal(pia_link_recv(fixture->other, &frames), PIA_OK);
    assert_true(pia_frames_equal_text(&frames, 0, "after"));
    pia_frames_clear(&frames);
}

static void what_waited_for_a_server_goes_to_the_next_one(void **state)
{
    fixture_t *fixture = *state;
    pia_frames_t got;
    int pair[2] = {-1, -1};
    send_texts(fixture->link, "hello", "there");
    assert_true(pia_link_flush(fixture->link));
    pia_link_detach(fixture->link);
    assert_int_equal(pia_link_descriptor(fixture->link), -1);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    pia_link_destroy(&fixture->other);
    fixture->other = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    pia_link_attach(fixture->link, pair[0]);
    pia_link_attach(fixture->other, pair[1]);
    assert_int_equal(receive(fixture->other, fixture->link, &got), PIA_OK);
    assert_true(pia_frames_equal_text(&got, 0, "hello"));
    pia_frames_clear(&got);
}

static void a_closed_connection_is_lost(void **state)
{
    fixture_t *fixture = *state;
    pia_frames_t got;
    send_texts(fixture->link, "a", "b");
    assert_int_equal(receive(fixture->other, fixture->link, &got), PIA_OK);
    pia_frames_clear(&got);
    pia_link_destroy(&fixture->other);
    pia_link_wake(fixture->link);
    assert_int_equal(pia_link_recv(fixture->link, &got), PIA_UNAVAILABLE);
    send_texts(fixture->link, "nobody", "reads");
    assert_true(pia_link_flush(fixture->link)); /* the end was told */
    assert_false(pia_link_has_output(fixture->link));
}

static void a_connection_that_closes_before_it_is_open_is_lost(void **state)
{
    fixture_t *fixture = *state;
    pia_link_destroy(&fixture->other);
    assert_false(pia_link_flush(fixture->link));
}

static void what_was_received_outlives_a_failed_write(void **state)
{
    enum { COUNT = 1000 };
    fixture_t *fixture = *state;
    pia_frames_t got;
    send_texts(fixture->link, "hello", "");
    assert_int_equal(receive(fixture->other, fixture->link, &got), PIA_OK);
    pia_frames_clear(&got);
    for (int i = 0; i < COUNT; i++)
        send_texts(fixture->other, "last", "words");
    assert_true(pia_link_flush(fixture->other));
    pia_link_destroy(&fixture->other);
    pia_link_wake(fixture->link);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pia_link_recv(fixture->link, &got), PIA_OK);
        assert_true(pia_frames_equal_text(&got, 1, "words"));
        pia_frames_clear(&got);
        send_texts(fixture->link, "nobody", "reads");
        assert_true(pia_link_flush(fixture->link));
    }
    assert_false(pia_link_is_blocked(fixture->link));
    pia_link_wake(fixture->link);
    assert_int_equal(pia_link_recv(fixture->link, &got), PIA_UNAVAILABLE);
}

/* Each after a good greeting and READY of a DEALER, unless it stands for them. */
static const struct {
    const char *what, *bytes;
    size_t size;
    bool instead;
} NONSENSE[] = {
    {"another protocol", "GET / HTTP/1.1\r\n\r\n", 18, true},
    {"ZMTP 2", "\xFF\0\0\0\0\0\0\0\1\x7F\1\5\0\0", 14, true},
    {"flags that nobody knows", "\x08\1x", 3, false},
    {"a command with more", "\5\1x", 3, false},
    {"a frame that is too large", "\2\0\0\0\0\0\x10\0\1", 9, false},
    {"a frame without end", "\2\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9, false},
    {"a command that is too large", "\6\0\0\0\0\0\0\2\1", 9, false},
};

static void nonsense_ends_the_link(void **state)
{
    (void)state;
    uint8_t hello[PIA_ZMTP_HELLO_MAX];
    for (size_t i = 0; i < sizeof NONSENSE / sizeof *NONSENSE; i++) {
        int pair[2] = {-1, -1};
        pia_frames_t got;
        pia_frames_init(&got);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        pia_link_t *link = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
        pia_link_attach(link, pair[0]);
        size_t size = NONSENSE[i].instead ? 0 : pia_zmtp_hello(PIA_LINK_DEALER, hello);
        assert_int_equal(write(pair[1], hello, size), size);
        assert_int_equal(write(pair[1], NONSENSE[i].bytes, NONSENSE[i].size), NONSENSE[i].size);
        if (pia_link_recv(link, &got) != PIA_UNAVAILABLE)
            fail_msg("%s was taken", NONSENSE[i].what);
        pia_link_destroy(&link);
        (void)close(pair[1]);
    }
}

static void only_who_may_talk_to_us_is_ready(void **state)
{
    (void)state;
    static const char pub[] = "\5READY\13Socket-Type\0\0\0\3PUB";
    static const char dealer[] = "\5READY\10Identity\0\0\0\1x\13Socket-Type\0\0\0\6DEALER";
    static const char rep[] = "\5READY\13Socket-Type\0\0\0\3REP";
    assert_false(pia_zmtp_is_ready(PIA_LINK_ROUTER, (const uint8_t *)pub, sizeof pub - 1));
    assert_true(pia_zmtp_is_ready(PIA_LINK_ROUTER, (const uint8_t *)dealer, sizeof dealer - 1));
    assert_false(pia_zmtp_is_ready(PIA_LINK_ROUTER, (const uint8_t *)rep, sizeof rep - 1));
    assert_true(pia_zmtp_is_ready(PIA_LINK_DEALER, (const uint8_t *)rep, sizeof rep - 1));
    for (size_t size = 0; size < sizeof dealer - 1; size++)
        assert_false(pia_zmtp_is_ready(PIA_LINK_ROUTER, (const uint8_t *)dealer, size));
}

static void a_ping_is_answered(void **state)
{
    (void)state;
    uint8_t pong[32];
    assert_int_equal(pia_zmtp_pong((const uint8_t *)"\4PING\0\12context", 14, pong), 12);
    assert_memory_equal(pong, "\4PONGcontext", 12);
    assert_int_equal(pia_zmtp_pong((const uint8_t *)"\4PING\0", 6, pong), 0);
    assert_int_equal(pia_zmtp_pong((const uint8_t *)"\4PONG\0\12", 7, pong), 0);
}

/* Both ways, in pieces and large. */
static void libzmq_is_understood(void **state)
{
    (void)state;
    char uuid[PIA_UUID_TEXT_SIZE];
    char endpoint[96];
    static uint8_t bytes[FRAME_MAX];
    pia_frames_t got;
    pia_uuid7_text(uuid);
    (void)snprintf(endpoint, sizeof endpoint, "ipc://%s/pia-link-%s", P_tmpdir, uuid);
    void *zmq = zmq_ctx_new();
    void *router = zmq_socket(zmq, ZMQ_ROUTER);
    pia_socket_prepare(router, FRAME_MAX);
    assert_int_equal(pia_link_connect(endpoint, 0), -1); /* nobody is there */
    assert_int_equal(zmq_bind(router, endpoint), 0);
    pia_link_t *link = pia_link_new(PIA_LINK_DEALER, FRAME_MAX);
    pia_link_attach(link, pia_link_connect(endpoint, 0));
    assert_int_equal(pia_link_send(link, large_message(&got, bytes, 9), 0), PIA_OK);
    pia_frames_t asked;
    pia_frames_init(&asked);
    int64_t until = pia_clock_monotonic() + DEADLINE_MS;
    while (pia_frames_recv(&asked, router) != PIA_OK && pia_clock_monotonic() < until) {
        pia_frames_t none;
        pia_frames_init(&none);
        pia_link_wake(link);
        assert_int_equal(pia_link_recv(link, &none), PIA_TIMEOUT);
        assert_true(pia_link_flush(link));
        zmq_pollitem_t item = {.socket = router, .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, STEP_MS);
    }
    assert_int_equal(asked.count, 4);
    assert_true(pia_frames_equal(&asked, 2, bytes, FRAME_MAX));
    assert_int_equal(pia_frames_send(&asked, router), PIA_OK); /* back to who it came from */
    assert_int_equal(receive(link, NULL, &got), PIA_OK);
    assert_int_equal(got.count, 3);
    assert_true(pia_frames_equal(&got, 1, bytes, FRAME_MAX));
    pia_frames_clear(&got);
    pia_link_destroy(&link);
    pia_socket_close(&router, 0);
    zmq_ctx_term(zmq);
}

/* A DEALER of libzmq on TCP. */
static void libzmq_understands_us(void **state)
{
    (void)state;
    int listener = -1;
    int descriptor = -1;
    bool full = false;
    char endpoint[64];
    pia_problem_t problem = {0};
    pia_frames_t frames;
    int port = 20000 + getpid() % 20000;
    pia_status_t status = PIA_UNAVAILABLE;
    for (int i = 0; status != PIA_OK && i < 100; i++) {
        (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port + i);
        status = pia_link_listen(endpoint, &listener, &problem);
    }
    assert_int_equal(status, PIA_OK);
    void *zmq = zmq_ctx_new();
    void *dealer = zmq_socket(zmq, ZMQ_DEALER);
    pia_socket_prepare(dealer, FRAME_MAX);
    assert_int_equal(zmq_connect(dealer, endpoint), 0);
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, "a question");
    assert_int_equal(pia_frames_send(&frames, dealer), PIA_OK);
    struct pollfd entry = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&entry, 1, DEADLINE_MS), 1);
    descriptor = pia_link_accept(listener, &full);
    assert_true(descriptor >= 0 && !full);
    pia_link_t *link = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    pia_link_attach(link, descriptor);
    assert_int_equal(receive(link, NULL, &frames), PIA_OK);
    assert_true(pia_frames_equal_text(&frames, 0, "a question"));
    pia_frames_clear(&frames);
    send_texts(link, "an", "answer");
    assert_true(pia_link_flush(link));
    zmq_pollitem_t item = {.socket = dealer, .events = ZMQ_POLLIN};
    assert_int_equal(zmq_poll(&item, 1, DEADLINE_MS), 1);
    assert_int_equal(pia_frames_recv(&frames, dealer), PIA_OK);
    assert_true(pia_frames_equal_text(&frames, 1, "answer"));
    pia_frames_clear(&frames);
    pia_link_destroy(&link);
    pia_socket_close(&dealer, 0);
    (void)close(listener);
    zmq_ctx_term(zmq);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(what_was_sent_before_the_greeting_arrives),
        WITH_PAIR(large_messages_arrive_whole_and_in_order),
        WITH_PAIR(many_small_messages_arrive_in_order),
        WITH_PAIR(too_many_that_wait_are_refused_whole),
        WITH_PAIR(too_many_frames_are_read_to_their_end),
        WITH_PAIR(what_waited_for_a_server_goes_to_the_next_one),
        WITH_PAIR(a_closed_connection_is_lost),
        WITH_PAIR(a_connection_that_closes_before_it_is_open_is_lost),
        WITH_PAIR(what_was_received_outlives_a_failed_write),
        cmocka_unit_test(nonsense_ends_the_link),
        cmocka_unit_test(only_who_may_talk_to_us_is_ready),
        cmocka_unit_test(a_ping_is_answered),
        cmocka_unit_test(libzmq_is_understood),
        cmocka_unit_test(libzmq_understands_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
