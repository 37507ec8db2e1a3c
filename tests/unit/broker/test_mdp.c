/* Each command's good and bad frames. */
#include "bench.h"
#include "mdp.h"

#include <string.h>

typedef struct {
    stats_drop_t expected;
    const char *frames[6];
} case_t;

#define LONG65 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg"

static const case_t CASES[] = {
    {DROP_NONE, {"MDPC02", "\x01", "echo", "x"}},
    {DROP_NONE, {"MDPC02", "\x01", "echo", "", "y"}},
    {DROP_NONE, {"MDPW02", "\x01", "echo"}},
    {DROP_NONE, {"MDPW02", "\x03", "c", "", "x"}},
    {DROP_NONE, {"MDPW02", "\x04", "c", "", "x", "y"}},
    {DROP_NONE, {"MDPW02", "\x05"}},
    {DROP_NONE, {"MDPW02", "\x06"}},
    {DROP_NONE, {"PIAW01", "\x01", "a-b.c#d", "{\"window\":4096,\"version\":\"1\"}"}},
    {DROP_NONE, {"PIAW01", "\x04", "c", "", "x"}},
    {DROP_EMPTY, {"", "MDPC02", "\x01", "echo", "x"}},
    {DROP_MAGIC, {"MDPC03", "\x01", "echo", "x"}},
    {DROP_MAGIC, {"MDPC0", "\x01", "echo", "x"}},
    {DROP_SHORT, {NULL}},
    {DROP_SHORT, {"MDPC02"}},
    {DROP_SHORT, {"MDPC02", "\x01", "echo"}},
    {DROP_SHORT, {"MDPW02", "\x01"}},
    {DROP_SHORT, {"PIAW01", "\x01", "echo"}},
    {DROP_SHORT, {"MDPW02", "\x04", "c", ""}},
    {DROP_LONG, {"MDPW02", "\x01", "echo", "x"}},
    {DROP_LONG, {"MDPW02", "\x05", "x"}},
    {DROP_LONG, {"PIAW01", "\x06", "x"}},
    {DROP_COMMAND, {"MDPC02", "\x02", "echo", "x"}},
    {DROP_COMMAND, {"MDPC02", "", "echo", "x"}},
    {DROP_COMMAND, {"MDPC02", "\x01\x01", "echo", "x"}},
    {DROP_COMMAND, {"MDPW02", "\x02", "c", "", "x"}},
    {DROP_COMMAND, {"MDPW02", "\x07"}},
    {DROP_NAME, {"MDPC02", "\x01", "", "x"}},
    {DROP_NAME, {"MDPC02", "\x01", "a b", "x"}},
    {DROP_NAME, {"MDPW02", "\x01", "caf\xc3\xa9"}},
    {DROP_NAME, {"MDPW02", "\x01", LONG65}},
    {DROP_WINDOW, {"PIAW01", "\x01", "echo", "{}"}},
    {DROP_WINDOW, {"PIAW01", "\x01", "echo", "{\"window\":0}"}},
    {DROP_WINDOW, {"PIAW01", "\x01", "echo", "{\"window\":4097}"}},
    {DROP_WINDOW, {"PIAW01", "\x01", "echo", "[1]"}},
    {DROP_ADDRESS, {"MDPW02", "\x04", "", "", "x"}},
    {DROP_DELIMITER, {"MDPW02", "\x03", "c", "x", "y"}},
};

static void frames_are_what_they_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        pia_frames_t frames;
        pia_frames_init(&frames);
        pia_frames_add_text(&frames, "peer");
        for (size_t f = 0; f < 6 && CASES[i].frames[f]; f++)
            pia_frames_add_text(&frames, CASES[i].frames[f]);
        mdp_message_t message;
        stats_drop_t reason = mdp_parse(&frames, &message);
        if (reason != CASES[i].expected)
            print_error("case %zu\n", i);
        assert_int_equal(reason, CASES[i].expected);
        pia_frames_clear(&frames);
    }
}

static void a_body_has_at_most_eleven_frames(void **state)
{
    (void)state;
    pia_frames_t frames;
    pia_frames_init(&frames);
    static const char *const envelope[] = {"peer", "MDPC02", "\x01", "echo"};
    for (size_t i = 0; i < 4; i++)
        pia_frames_add_text(&frames, envelope[i]);
    mdp_message_t message;
    for (int i = 0; i < MDP_BODY_MAX; i++) {
        pia_frames_add_text(&frames, "x");
        assert_int_equal(mdp_parse(&frames, &message), DROP_NONE);
        assert_int_equal(message.body, 4);
    }
    pia_frames_add_text(&frames, "x");
    assert_int_equal(mdp_parse(&frames, &message), DROP_LONG);
    pia_frames_clear(&frames);
}

static void a_ready_tells_window_and_version(void **state)
{
    (void)state;
    pia_frames_t frames;
    pia_frames_init(&frames);
    static const char *const ready[] = {"peer", "PIAW01", "\x01", "echo",
                                        "{\"window\": 64, \"version\": \"0.1.0\", \"more\": 1}"};
    for (size_t i = 0; i < 5; i++)
        pia_frames_add_text(&frames, ready[i]);
    mdp_message_t message;
    assert_int_equal(mdp_parse(&frames, &message), DROP_NONE);
    assert_int_equal(message.window, 64);
    assert_string_equal(message.version, "0.1.0");
    pia_frames_clear(&frames);
}

static void moving_a_frame_leaves_an_empty_one(void **state)
{
    (void)state;
    pia_frames_t from, to;
    pia_frames_init(&from);
    pia_frames_init(&to);
    char big[100];
    memset(big, 'x', sizeof big);
    pia_frames_add(&from, big, sizeof big);
    const void *bytes = pia_frames_data(&from, 0);
    mdp_move(&to, &from, 0);
    assert_ptr_equal(pia_frames_data(&to, 0), bytes);
    assert_int_equal(pia_frames_size(&from, 0), 0);
    pia_frames_clear(&from);
    pia_frames_clear(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_what_they_must_be),
        cmocka_unit_test(a_body_has_at_most_eleven_frames),
        cmocka_unit_test(a_ready_tells_window_and_version),
        cmocka_unit_test(moving_a_frame_leaves_an_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
