/* test_piad.c - frames of PIAD01, good and bad. */
#include "pia_test.h"

#include <string.h>

#include "piad.h"

#define F(text) ((piad_frame_t){.data = (text), .size = sizeof(text) - 1})

static const char *parse(const piad_frame_t *frames, size_t count, piad_t *message)
{
    return piad_parse(frames, count, message);
}

static void each_command_is_read(void **state)
{
    (void)state;
    piad_t message;
    piad_frame_t hello[] = {F("PIAD01"), F("\x01")};
    assert_null(parse(hello, 2, &message));
    assert_int_equal(message.command, PIAD_HELLO);
    piad_frame_t publish[] = {F("PIAD01"), F("\x02"), F("\0\0\0\0\0\0\1\2"), F("token"),
                              F("\0\0\0\2{}\0\0\0\3{ }")};
    assert_null(parse(publish, 5, &message));
    assert_int_equal(message.command, PIAD_PUBLISH);
    assert_int_equal(message.request, 258);
    assert_int_equal(message.event_count, 2);
    assert_false(message.goes_on);
    piad_frame_t after[] = {publish[0], publish[1],         publish[2],
                            publish[3], F("1.42.00c0ffee"), publish[4]};
    assert_null(parse(after, 6, &message));
    assert_int_equal(message.event_count, 2);
    assert_true(message.goes_on);
    assert_int_equal(message.after.sequence, 42);
    piad_frame_t subscribe[] = {F("PIAD01"), F("\x03"), F("\0\0\0\7"), F(""), F("{}")};
    assert_null(parse(subscribe, 5, &message));
    assert_int_equal(message.stream, 7);
    assert_int_equal(message.token.size, 0);
    piad_frame_t credit[] = {F("PIAD01"), F("\x04"), F("\0\0\0\7"), F("\0\0\1\0")};
    assert_null(parse(credit, 4, &message));
    assert_int_equal(message.amount, 256);
    piad_frame_t unsubscribe[] = {F("PIAD01"), F("\x05"), F("\0\0\0\7")};
    assert_null(parse(unsubscribe, 3, &message));
    piad_frame_t heartbeat[] = {F("PIAD01"), F("\x06")};
    assert_null(parse(heartbeat, 2, &message));
    assert_int_equal(message.command, PIAD_HEARTBEAT);
    piad_frame_t renew[] = {F("PIAD01"), F("\x07"), F("\0\0\0\7"), F("token")};
    assert_null(parse(renew, 4, &message));
    assert_int_equal(message.command, PIAD_RENEW);
    assert_int_equal(message.stream, 7);
    assert_int_equal(message.token.size, 5);
}

static void what_members_of_groups_say_is_read(void **state)
{
    (void)state;
    piad_t message;
    piad_frame_t join[] = {F("PIAD01"), F("\x10"), F("\0\0\0\7"), F("token"), F("{}")};
    assert_null(parse(join, 5, &message));
    assert_int_equal(message.command, PIAD_JOIN);
    assert_int_equal(message.json.size, 2);
    piad_frame_t ack[] = {F("PIAD01"), F("\x11"), F("\0\0\0\7"),
                          F("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2")};
    assert_null(parse(ack, 4, &message));
    assert_int_equal(message.acks.size, PIAD_ACK_SIZE);
    piad_frame_t nack[] = {
        F("PIAD01"),           F("\x12"),     F("\0\0\0\7"),   F("\0\0\0\0\0\0\0\1"),
        F("\0\0\0\0\0\0\0\2"), F("\0\0\0\5"), F("rat\xc3\xa9")};
    assert_null(parse(nack, 7, &message));
    assert_int_equal(message.sequence, 1);
    assert_int_equal(message.fence, 2);
    assert_int_equal(message.delay_ms, 5);
    assert_int_equal(message.reason.size, 5);
    nack[6] = F("\xff");
    assert_non_null(parse(nack, 7, &message));
    nack[6] = F("a\0b");
    assert_non_null(parse(nack, 7, &message));
    nack[6] = F("");
    assert_null(parse(nack, 7, &message));
    piad_frame_t leave[] = {F("PIAD01"), F("\x13"), F("\0\0\0\7")};
    assert_null(parse(leave, 3, &message));
    assert_int_equal(message.stream, 7);
}

static void bad_frames_say_why(void **state)
{
    (void)state;
    static char long_token[1026];
    memset(long_token, 't', sizeof long_token - 1);
    struct {
        piad_frame_t frames[6];
        size_t count;
    } bad[] = {
        {{{0}}, 0},
        {{F("PIAD01")}, 1},
        {{F("PIAD02"), F("\x01")}, 2},
        {{F("PIAD0"), F("\x01")}, 2},
        {{F(""), F("\x01")}, 2},
        {{F("PIAD01"), F("")}, 2},
        {{F("PIAD01"), F("\x01\x01")}, 2},
        {{F("PIAD01"), F("\x00")}, 2},
        {{F("PIAD01"), F("\x07")}, 2},
        {{F("PIAD01"), F("\x07"), F("\0\0\0\1"), F(long_token)}, 4},
        {{F("PIAD01"), F("\x07"), F("\0\0\0\0"), F("token")}, 4},
        {{F("PIAD01"), F("\x08")}, 2},
        {{F("PIAD01"), F("\x81")}, 2},
        {{F("PIAD01"), F("\x01"), F("{}"), F("")}, 4},
        {{F("PIAD01"), F("\x02")}, 2},
        {{F("PIAD01"), F("\x02"), F("1234567"), F(""), F("\0\0\0\2{}")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(long_token), F("\0\0\0\2{}")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("\0\0\0\0")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("\0\0\0\3{}")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("\0\0\0\2{}\0\0")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("\xff\xff\xff\xff{}")}, 5},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F(""), F("\0\0\0\2{}")}, 6},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("1.2.3"), F("\0\0\0\2{}")}, 6},
        {{F("PIAD01"), F("\x02"), F("12345678"), F(""), F("\0\0\0\2{}"), F("")}, 6},
        {{F("PIAD01"), F("\x03"), F("\0\0\0\0"), F(""), F("{}")}, 5},
        {{F("PIAD01"), F("\x03"), F("\0\0\0"), F(""), F("{}")}, 5},
        {{F("PIAD01"), F("\x04"), F("\0\0\0\1"), F("\0\1\0\0")}, 4},
        {{F("PIAD01"), F("\x04"), F("\0\0\0\1"), F("\0\0\0")}, 4},
        {{F("PIAD01"), F("\x05"), F("\0\0\0\0")}, 3},
        {{F("PIAD01"), F("\x06"), F("")}, 3},
        {{F("PIAD01"), F("\x11"), F("\0\0\0\1"), F("")}, 4},
        {{F("PIAD01"), F("\x11"), F("\0\0\0\1"), F("123456789012345")}, 4},
        {{F("PIAD01"), F("\x11"), F("\0\0\0\0"), F("1234567890123456")}, 4},
        {{F("PIAD01"), F("\x13"), F("")}, 3},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        piad_t message;
        if (!parse(bad[i].frames, bad[i].count, &message))
            fail_msg("message %zu was taken", i);
    }
}

static void too_many_events_are_refused(void **state)
{
    (void)state;
    static const uint8_t event[6] = {0, 0, 0, 2, '{', '}'};
    static uint8_t events[6 * (PIAD_BATCH_MAX + 1)];
    for (size_t i = 0; i <= PIAD_BATCH_MAX; i++)
        memcpy(events + 6 * i, event, sizeof event);
    piad_frame_t frames[] = {
        F("PIAD01"), F("\x02"), F("12345678"), F(""), {events, 6UL * PIAD_BATCH_MAX}};
    piad_t message;
    assert_null(parse(frames, 5, &message));
    frames[4].size = sizeof events;
    assert_non_null(parse(frames, 5, &message));
}

static void subscribe_is(const char *text, pia_status_t status, piad_from_t from)
{
    pia_problem_t problem = {0};
    piad_subscribe_t subscribe;
    piad_frame_t json = {text, strlen(text)};
    assert_int_equal(piad_parse_subscribe(json, &subscribe, &problem), status);
    if (status == PIA_OK) {
        assert_int_equal(subscribe.from, from);
        json_decref(subscribe.filter);
    }
}

static void what_a_subscribe_asks_for(void **state)
{
    (void)state;
    subscribe_is("{}", PIA_OK, PIAD_FROM_BEGINNING);
    subscribe_is("{\"cursor\":\"\",\"credit\":65535,\"filter\":{}}", PIA_OK, PIAD_FROM_BEGINNING);
    subscribe_is("{\"cursor\":\"head\",\"filter\":null}", PIA_OK, PIAD_FROM_HEAD);
    subscribe_is("{\"cursor\":\"1.2.00000003\"}", PIA_OK, PIAD_FROM_CURSOR);
    subscribe_is("", PIA_INVALID, 0);
    subscribe_is("[]", PIA_INVALID, 0);
    subscribe_is("{\"cursor\":1}", PIA_INVALID, 0);
    subscribe_is("{\"cursor\":\"tail\"}", PIA_INVALID, 0);
    subscribe_is("{\"credit\":-1}", PIA_INVALID, 0);
    subscribe_is("{\"credit\":65536}", PIA_INVALID, 0);
    subscribe_is("{\"credit\":\"1\"}", PIA_INVALID, 0);
    subscribe_is("{\"colour\":\"red\"}", PIA_INVALID, 0);
    subscribe_is("{\"cursor\":\"\",\"cursor\":\"head\"}", PIA_INVALID, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_is_read),
        cmocka_unit_test(what_members_of_groups_say_is_read),
        cmocka_unit_test(bad_frames_say_why),
        cmocka_unit_test(too_many_events_are_refused),
        cmocka_unit_test(what_a_subscribe_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
