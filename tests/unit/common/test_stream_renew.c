/* test_stream_renew.c - showing the journal a fresh token. */
#include "pia_test.h"

#include "pia/stream.h"
#include "test_peer.h"

enum { SUBSCRIBE = 3, UNSUBSCRIBE = 5, RENEW = 7 };

static void ignore_message(void *arg, const pia_stream_message_t *message)
{
    (void)arg;
    (void)message;
}

static void process(void *stream)
{
    pia_stream_process(stream);
}

/* Tokens are told apart by their signatures. */
static void another_token_is_shown_once(void **state)
{
    (void)state;
    static const char old[] = "\1key-----signature of the old one";
    static const char new[] = "\1key-----SIGNATURE of the new one";
    void *zmq = zmq_ctx_new();
    pia_loop_t *loop = pia_loop_new();
    test_peer_t *journal = test_peer_new(zmq, loop);
    pia_stream_t *stream = pia_stream_new(journal->endpoint, ignore_message, NULL);
    pia_loop_add_descriptor(loop, pia_stream_descriptor(stream), process, stream);
    pia_subscribe_t options = {.token = old, .token_size = sizeof old, .cursor = "", .credit = 10};
    pia_stream_renew(stream, 1, new, sizeof new); /* there is no such stream */
    pia_stream_subscribe(stream, 1, &options);
    pia_stream_renew(stream, 1, old, sizeof old);
    pia_stream_renew(stream, 1, new, 0);
    pia_stream_renew(stream, 1, new, sizeof new);
    pia_stream_renew(stream, 1, new, sizeof new);
    pia_stream_unsubscribe(stream, 1);
    (void)test_peer_take_command(journal, SUBSCRIBE);
    const pia_frames_t *sent = test_peer_take(journal);
    assert_true(pia_frames_equal(sent, 2, (const uint8_t[]){RENEW}, 1));
    assert_true(pia_frames_equal(sent, 3, "\0\0\0\1", 4));
    assert_true(pia_frames_equal(sent, 4, new, sizeof new));
    assert_true(pia_frames_equal(test_peer_take(journal), 2, (const uint8_t[]){UNSUBSCRIBE}, 1));
    pia_loop_remove_descriptor(loop, pia_stream_descriptor(stream));
    pia_stream_destroy(&stream);
    test_peer_destroy(&journal);
    pia_loop_destroy(&loop);
    zmq_ctx_term(zmq);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(another_token_is_shown_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
