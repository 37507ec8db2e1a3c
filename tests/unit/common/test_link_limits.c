/* test_link_limits.c - what one connection may take of its reader's time and memory. */
#include "pia/link.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_codec.h"
#include "pia_test.h"

enum { FRAME_MAX = 1 << 20 };

/* A link whose peer has greeted and then said `size` bytes. */
static pia_link_t *greeted(int pair[2], const void *bytes, size_t size)
{
    uint8_t hello[PIA_ZMTP_HELLO_MAX];
    int room = 8 << 20;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    pia_link_t *link = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    pia_link_attach(link, pair[0]);
    size_t hello_size = pia_zmtp_hello(PIA_LINK_DEALER, hello);
    assert_int_equal(write(pair[1], hello, hello_size), hello_size);
    assert_int_equal(write(pair[1], bytes, size), size);
    return link;
}

static void a_message_without_end_ends_the_link(void **state)
{
    (void)state;
    enum { PARTS = 65 };
    int pair[2] = {-1, -1};
    static char bytes[2 * PARTS];
    pia_frames_t got;
    pia_frames_init(&got);
    for (size_t i = 0; i < sizeof bytes; i += 2)
        bytes[i] = PIA_ZMTP_MORE;
    pia_link_t *link = greeted(pair, bytes, sizeof bytes);
    assert_int_equal(pia_link_recv(link, &got), PIA_UNAVAILABLE);
    pia_link_destroy(&link);
    (void)close(pair[1]);
}

static int waiting_in(int descriptor)
{
    int size = 0;
    assert_int_equal(ioctl(descriptor, FIONREAD, &size), 0);
    return size;
}

/* Commands are passed over, but the caller has others to look after: each wake reads a part. */
static void one_call_reads_only_so_much(void **state)
{
    (void)state;
    enum { BODY = 500, SIZE = 9 + BODY, COUNT = 100, AT_ONCE_MAX = (1 << 20) + (16 << 10) };
    int pair[2] = {-1, -1};
    static uint8_t commands[COUNT * SIZE];
    pia_frames_t got;
    pia_frames_init(&got);
    for (size_t i = 0; i < sizeof commands; i += SIZE) {
        commands[i] = PIA_ZMTP_COMMAND | PIA_ZMTP_LONG;
        commands[i + 7] = BODY >> 8;
        commands[i + 8] = BODY & 0xFF;
    }
    pia_link_t *link = greeted(pair, commands, SIZE);
    for (int i = 0; i < COUNT && write(pair[1], commands, sizeof commands) > 0; i++)
        continue; /* what the system lets a socket hold: 8 MiB at most */
    for (int left = waiting_in(pair[0]); left > 0;) {
        int before = left;
        pia_link_wake(link);
        assert_int_equal(pia_link_recv(link, &got), PIA_TIMEOUT);
        left = waiting_in(pair[0]);
        assert_in_range(before - left, 1, AT_ONCE_MAX);
    }
    assert_true(pia_link_is_open(link));
    pia_link_destroy(&link);
    (void)close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_without_end_ends_the_link),
        cmocka_unit_test(one_call_reads_only_so_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
