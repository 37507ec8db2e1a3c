/* test_link_limits.c - what one connection may take of its reader's time and memory. */
#include "pia/link.h"

#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link_codec.h"
#include "pia_test.h"

enum { FRAME_MAX = 32 << 10, BESIDE = 64 << 10 /* what other frames may have in all */ };

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

/* Within the limit of each frame. */
static void a_message_that_is_too_large_in_all_ends_the_link(void **state)
{
    (void)state;
    enum { FRAMES = 1 + BESIDE / FRAME_MAX, SIZE = 9 + FRAME_MAX, END_SIZE = 3 };
    int pair[2] = {-1, -1};
    static uint8_t bytes[FRAMES * SIZE + END_SIZE];
    pia_frames_t got;
    pia_frames_init(&got);
    for (size_t i = 0; i < FRAMES; i++)
        (void)pia_zmtp_write_head(PIA_ZMTP_MORE, FRAME_MAX, bytes + i * SIZE);
    uint8_t *end = bytes + sizeof bytes - END_SIZE; /* a last frame, of no bytes or of one */
    pia_link_t *link = greeted(pair, bytes, sizeof bytes - 1);
    assert_int_equal(pia_link_recv(link, &got), PIA_OK);
    assert_int_equal(got.count, FRAMES + 1);
    pia_frames_clear(&got);
    pia_link_destroy(&link);
    (void)close(pair[1]);
    end[1] = 1;
    link = greeted(pair, bytes, sizeof bytes);
    assert_int_equal(pia_link_recv(link, &got), PIA_UNAVAILABLE);
    pia_link_destroy(&link);
    (void)close(pair[1]);
}

/* One block of memory, sent again and again. */
static pia_status_t send_block(pia_link_t *link, zmq_msg_t *block)
{
    pia_frames_t frames;
    zmq_msg_t copy;
    pia_frames_init(&frames);
    zmq_msg_init(&copy);
    assert_int_equal(zmq_msg_copy(&copy, block), 0);
    pia_frames_add_message(&frames, &copy);
    zmq_msg_close(&copy);
    return pia_link_send(link, &frames, 0);
}

static void too_many_bytes_that_wait_are_refused(void **state)
{
    (void)state;
    zmq_msg_t block;
    zmq_msg_init_size(&block, 1 << 20);
    memset(zmq_msg_data(&block), 0, 1 << 20);
    pia_link_t *link = pia_link_new(PIA_LINK_ROUTER, FRAME_MAX);
    for (int i = 0; i < PIA_LINK_BYTES_MAX >> 20; i++)
        assert_int_equal(send_block(link, &block), PIA_OK);
    assert_int_equal(send_block(link, &block), PIA_UNAVAILABLE);
    pia_link_destroy(&link);
    zmq_msg_close(&block);
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
        cmocka_unit_test(a_message_that_is_too_large_in_all_ends_the_link),
        cmocka_unit_test(too_many_bytes_that_wait_are_refused),
        cmocka_unit_test(one_call_reads_only_so_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
