/* test_links.c - who is connected to the diffusion's socket gets a turn, whoever else is there. */
#include "links.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/uuid.h"
#include "pia_test.h"

enum { FRAME_MAX = 1 << 20, DEADLINE_MS = 10000, STEP_MS = 5, BUDGET = 1000 };

typedef struct {
    char endpoint[96];
    links_t *links;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    char uuid[PIA_UUID_TEXT_SIZE];
    pia_problem_t problem = {0};
    assert_non_null(fixture);
    pia_uuid7_text(uuid);
    (void)snprintf(fixture->endpoint, sizeof fixture->endpoint, "ipc://%s/pia-links-%s", P_tmpdir,
                   uuid);
    assert_int_equal(links_new(fixture->endpoint, FRAME_MAX, &fixture->links, &problem), PIA_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    links_destroy(&fixture->links, 0);
    (void)unlink(strchr(fixture->endpoint, '/') + 2);
    free(fixture);
    return 0;
}

/* A round of the server's: what came is sent back. Returns how many messages said `text`. */
static int run_round(links_t *links, const char *text)
{
    int found = 0;
    for (int i = 0; i < BUDGET; i++) {
        pia_frames_t frames;
        pia_frames_init(&frames);
        pia_status_t status = links_recv(links, &frames);
        if (status == PIA_TIMEOUT)
            break;
        if (status == PIA_OK && pia_frames_equal_text(&frames, 1, text)) {
            found++;
            (void)links_send(links, &frames);
        }
        pia_frames_clear(&frames);
    }
    links_rest(links);
    links_flush(links);
    return found;
}

static void wait_a_step(const links_t *links)
{
    struct pollfd entry = {.fd = links_descriptor(links), .events = POLLIN};
    (void)poll(&entry, 1, STEP_MS);
}

/* A peer that has greeted. */
static pia_link_t *connect_peer(const fixture_t *fixture)
{
    pia_frames_t none;
    pia_frames_init(&none);
    int64_t until = pia_clock_monotonic() + DEADLINE_MS;
    pia_link_t *peer = pia_link_new(PIA_LINK_DEALER, FRAME_MAX);
    int descriptor = pia_link_connect(fixture->endpoint, 0);
    assert_true(descriptor >= 0);
    pia_link_attach(peer, descriptor);
    while (!pia_link_is_open(peer) && pia_clock_monotonic() < until) {
        assert_true(pia_link_flush(peer));
        wait_a_step(fixture->links);
        (void)run_round(fixture->links, "");
        pia_link_wake(peer);
        assert_int_equal(pia_link_recv(peer, &none), PIA_TIMEOUT);
    }
    assert_true(pia_link_is_open(peer));
    return peer;
}

static void say(pia_link_t *peer, const char *text)
{
    pia_frames_t frames;
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, text);
    assert_int_equal(pia_link_send(peer, &frames, 0), PIA_OK);
    assert_true(pia_link_flush(peer));
}

/* Past the link: whole messages of one frame, or what a client of ours never says. */
static bool write_raw(const pia_link_t *peer, const char *bytes, size_t size)
{
    return send(pia_link_descriptor(peer), bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) ==
           (ssize_t)size;
}

/* As much as the socket takes of messages that say "n". */
static void flood(const pia_link_t *peer)
{
    char bytes[999];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = "\0\1n"[i % 3];
    for (ssize_t got = 1; got > 0;) {
        got = send(pia_link_descriptor(peer), bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(got < 0 || got == (ssize_t)sizeof bytes);
    }
}

/* The flooder's socket is full again in each round, and each round takes what a round takes. */
static void who_floods_keeps_nobody_else_waiting(void **state)
{
    enum { ROUNDS = 20 };
    const fixture_t *fixture = *state;
    pia_link_t *flooder = connect_peer(fixture);
    pia_link_t *other = connect_peer(fixture);
    flood(flooder);
    (void)run_round(fixture->links, "beat");
    say(other, "beat");
    int found = 0;
    for (int i = 0; i < ROUNDS && !found; i++) {
        flood(flooder);
        found = run_round(fixture->links, "beat");
    }
    assert_int_equal(found, 1);
    pia_frames_t got;
    pia_frames_init(&got);
    pia_link_wake(other);
    assert_int_equal(pia_link_recv(other, &got), PIA_OK);
    assert_true(pia_frames_equal_text(&got, 0, "beat"));
    pia_frames_clear(&got);
    pia_link_destroy(&other);
    pia_link_destroy(&flooder);
}

static void who_floods_keeps_nobody_from_connecting(void **state)
{
    enum { ROUNDS = 20 };
    const fixture_t *fixture = *state;
    pia_link_t *flooder = connect_peer(fixture);
    pia_frames_t none;
    pia_frames_init(&none);
    flood(flooder);
    (void)run_round(fixture->links, "beat");
    pia_link_t *other = pia_link_new(PIA_LINK_DEALER, FRAME_MAX);
    pia_link_attach(other, pia_link_connect(fixture->endpoint, 0));
    for (int i = 0; i < ROUNDS && !pia_link_is_open(other); i++) {
        flood(flooder);
        assert_true(pia_link_flush(other));
        (void)run_round(fixture->links, "beat");
        pia_link_wake(other);
        assert_int_equal(pia_link_recv(other, &none), PIA_TIMEOUT);
    }
    assert_true(pia_link_is_open(other));
    pia_link_destroy(&other);
    pia_link_destroy(&flooder);
}

/* As a publisher that does not wait for its receipts. */
static void what_was_said_before_the_end_is_taken(void **state)
{
    enum { COUNT = 3000 };
    const fixture_t *fixture = *state;
    pia_link_t *peer = connect_peer(fixture);
    for (int i = 0; i < COUNT; i++) {
        pia_frames_t frames;
        pia_frames_init(&frames);
        pia_frames_add_text(&frames, "event");
        assert_int_equal(pia_link_send(peer, &frames, 0), PIA_OK);
    }
    assert_true(pia_link_flush(peer) && !pia_link_has_output(peer));
    pia_link_destroy(&peer);
    int found = 0;
    for (int now = 1; now > 0; found += now)
        now = run_round(fixture->links, "event");
    assert_int_equal(found, COUNT);
}

static void a_ping_is_answered_in_the_same_round(void **state)
{
    const fixture_t *fixture = *state;
    char pong[32];
    pia_link_t *peer = connect_peer(fixture);
    assert_true(write_raw(peer, "\4\13\4PING\0\12four", 13));
    (void)run_round(fixture->links, "");
    assert_int_equal(recv(pia_link_descriptor(peer), pong, sizeof pong, MSG_DONTWAIT), 11);
    assert_memory_equal(pong, "\4\11\4PONGfour", 11);
    pia_link_destroy(&peer);
}

/* The events of a socket of libzmq that say that its connection ended. */
static bool has_ended(void *monitor)
{
    pia_frames_t event;
    pia_frames_init(&event);
    bool ended = pia_frames_recv(&event, monitor) == PIA_OK;
    pia_frames_clear(&event);
    return ended;
}

/* libzmq pings each 100 ms, and gives up whose answer does not come within a second. */
static void a_silent_dealer_that_pings_stays(void **state)
{
    enum { EVERY_MS = 100, PATIENCE_MS = 1000, LONG_MS = 1500 };
    const fixture_t *fixture = *state;
    const int every = EVERY_MS;
    const int patience = PATIENCE_MS;
    void *zmq = zmq_ctx_new();
    void *dealer = zmq_socket(zmq, ZMQ_DEALER);
    void *monitor = zmq_socket(zmq, ZMQ_PAIR);
    pia_frames_t frames;
    pia_socket_prepare(dealer, FRAME_MAX);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_HEARTBEAT_IVL, &every, sizeof every), 0);
    assert_int_equal(zmq_setsockopt(dealer, ZMQ_HEARTBEAT_TIMEOUT, &patience, sizeof patience), 0);
    assert_int_equal(zmq_socket_monitor(dealer, "inproc://ended", ZMQ_EVENT_DISCONNECTED), 0);
    assert_int_equal(zmq_connect(monitor, "inproc://ended"), 0);
    assert_int_equal(zmq_connect(dealer, fixture->endpoint), 0);
    pia_frames_init(&frames);
    pia_frames_add_text(&frames, "hello");
    assert_int_equal(pia_frames_send(&frames, dealer), PIA_OK);
    int64_t until = pia_clock_monotonic() + DEADLINE_MS;
    while (!run_round(fixture->links, "hello") && pia_clock_monotonic() < until)
        wait_a_step(fixture->links);
    until = pia_clock_monotonic() + LONG_MS;
    while (pia_clock_monotonic() < until && !has_ended(monitor)) {
        wait_a_step(fixture->links);
        (void)run_round(fixture->links, "");
    }
    assert_false(has_ended(monitor));
    assert_true(pia_clock_monotonic() >= until);
    assert_int_equal(pia_frames_recv(&frames, dealer), PIA_OK);
    pia_frames_clear(&frames);
    pia_socket_close(&dealer, 0);
    pia_socket_close(&monitor, 0);
    zmq_ctx_term(zmq);
}

static bool has_answer(const pia_link_t *peer)
{
    struct pollfd entry = {.fd = pia_link_descriptor(peer), .events = POLLIN};
    return poll(&entry, 1, 0) == 1;
}

static bool is_closed(pia_link_t *peer)
{
    pia_frames_t none;
    pia_frames_init(&none);
    pia_link_wake(peer);
    return pia_link_recv(peer, &none) == PIA_UNAVAILABLE;
}

/* Two greet; the second says something, at least two milliseconds later. */
static void who_greets_and_says_nothing_is_dropped(void **state)
{
    enum { LONG_MS = 30000 };
    const fixture_t *fixture = *state;
    pia_link_t *silent = connect_peer(fixture);
    pia_link_t *other = connect_peer(fixture);
    int64_t start = pia_clock_monotonic();
    while (pia_clock_monotonic() < start + 2)
        wait_a_step(fixture->links);
    int64_t said = pia_clock_monotonic();
    say(other, "beat");
    assert_int_equal(run_round(fixture->links, "beat"), 1);
    links_tick(fixture->links, start);
    assert_false(is_closed(silent));
    links_tick(fixture->links, said + LONG_MS);
    assert_true(is_closed(silent));
    assert_true(has_answer(other));
    say(other, "beat");
    assert_int_equal(run_round(fixture->links, "beat"), 1);
    pia_link_destroy(&other);
    pia_link_destroy(&silent);
}

/* Who is already there is not kept waiting by a crowd at the door. */
static void a_look_lets_only_some_in(void **state)
{
    enum { CROWD = 100, AT_ONCE_MAX = 64 };
    const fixture_t *fixture = *state;
    pia_link_t *crowd[CROWD];
    size_t answered = 0;
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = pia_link_new(PIA_LINK_DEALER, FRAME_MAX);
        pia_link_attach(crowd[i], pia_link_connect(fixture->endpoint, 0));
    }
    (void)run_round(fixture->links, "");
    for (size_t i = 0; i < CROWD; i++)
        answered += has_answer(crowd[i]);
    assert_in_range(answered, 1, AT_ONCE_MAX);
    (void)run_round(fixture->links, "");
    for (size_t i = 0; i < CROWD; i++) {
        assert_true(has_answer(crowd[i]));
        pia_link_destroy(&crowd[i]);
    }
}

static void as_many_descriptors_as_links_are_allowed(void **state)
{
    (void)state;
    struct rlimit before = {0};
    struct rlimit limit = {0};
    void *own = NULL;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){.rlim_cur = 512, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    set_up(&own);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_true(limit.rlim_cur > LINKS_MAX || limit.rlim_cur == limit.rlim_max);
    tear_down(&own);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#define WITH_LINKS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LINKS(who_floods_keeps_nobody_else_waiting),
        WITH_LINKS(who_floods_keeps_nobody_from_connecting),
        WITH_LINKS(what_was_said_before_the_end_is_taken),
        WITH_LINKS(a_ping_is_answered_in_the_same_round),
        WITH_LINKS(a_silent_dealer_that_pings_stays),
        WITH_LINKS(who_greets_and_says_nothing_is_dropped),
        WITH_LINKS(a_look_lets_only_some_in),
        cmocka_unit_test(as_many_descriptors_as_links_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
