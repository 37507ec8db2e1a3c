/* test_member.c - a member of a group from the client's side: what it sends, what it tells, where
 * it goes, and what it does with frames that make no sense. */
#include "pia/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_codec.h"
#include "pia_test.h"
#include "stream_codec.h"
#include "test_peer.h"

enum { UNSUBSCRIBE = 0x05, HEARTBEAT = 0x06, JOIN = 0x10, ACK, NACK, LEAVE };
enum { ERROR = 0x87, BEAT, DISCONNECT, JOINED = 0x90, WORK, SETTLED, MOVED, LEFT };

typedef struct {
    pia_member_kind_t kind;
    uint64_t sequence, fence;
    uint32_t attempt;
    pia_task_outcome_t outcome;
    pia_status_t status;
    char type[32];
} told_t;

typedef struct {
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *server, *other;
    pia_member_t *member;
    told_t told[64];
    size_t count, wanted;
    bool has_token;
} fixture_t;

static void on_message(void *arg, const pia_member_message_t *message)
{
    fixture_t *fixture = arg;
    assert_true(fixture->count < 64);
    told_t *told = &fixture->told[fixture->count++];
    *told = (told_t){.kind = message->kind,
                     .sequence = message->sequence,
                     .fence = message->fence,
                     .outcome = message->outcome};
    if (message->problem)
        told->status = message->problem->status;
    if (message->task) {
        told->sequence = message->task->sequence;
        told->fence = message->task->fence;
        told->attempt = message->task->attempt;
        snprintf(told->type, sizeof told->type, "%s", message->task->event->type);
    }
}

static size_t token(void *arg, uint8_t ret_token[PIA_TOKEN_MAX])
{
    fixture_t *fixture = arg;
    static const uint8_t bytes[] = {'t', 'o', 'k', 'e', 'n'};
    memcpy(ret_token, bytes, sizeof bytes);
    return fixture->has_token ? sizeof bytes : 0;
}

static void process(void *arg)
{
    fixture_t *fixture = arg;
    pia_member_process(fixture->member);
}

static void tick(void *arg)
{
    fixture_t *fixture = arg;
    pia_member_tick(fixture->member);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->server = test_peer_new(fixture->zmq, fixture->loop);
    fixture->other = test_peer_new(fixture->zmq, fixture->loop);
    fixture->has_token = true;
    pia_member_options_t options = {.zmq = fixture->zmq,
                                    .endpoint = fixture->server->endpoint,
                                    .group = "essai",
                                    .credit = 5,
                                    .lease_ms = 1000,
                                    .token = token,
                                    .on_message = on_message,
                                    .arg = fixture};
    fixture->member = pia_member_new(&options);
    pia_loop_add_socket(fixture->loop, pia_member_socket(fixture->member), process, fixture);
    (void)pia_loop_add_timer(fixture->loop, 20, tick, fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_member_destroy(&fixture->member);
    test_peer_destroy(&fixture->server);
    test_peer_destroy(&fixture->other);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    free(fixture);
    return 0;
}

static bool has_told(void *arg)
{
    const fixture_t *fixture = arg;
    return fixture->count >= fixture->wanted;
}

static const told_t *wait_for(fixture_t *fixture, size_t count)
{
    fixture->wanted = count;
    test_loop_until(fixture->loop, has_told, fixture);
    return &fixture->told[count - 1];
}

/* Answers who has sent `to` with a command and up to one more frame behind the number. */
static void
say(test_peer_t *peer, const pia_frames_t *to, uint8_t command, const void *data, size_t size)
{
    pia_frames_t frames;
    test_peer_begin(&frames, to);
    pia_frames_add(&frames, &command, 1);
    pia_frame_add32(&frames, 1);
    if (data)
        pia_frames_add(&frames, data, size);
    test_peer_send(peer, &frames);
}

static void say_json(test_peer_t *peer, const pia_frames_t *to, uint8_t command, const char *json)
{
    say(peer, to, command, json, strlen(json));
}

/* Takes the join and lets it in; what it sent. */
static const pia_frames_t *let_in(fixture_t *fixture)
{
    size_t before = fixture->count;
    const pia_frames_t *join = test_peer_take_command(fixture->server, JOIN);
    say_json(fixture->server, join, JOINED, "{\"group\":\"essai\"}");
    assert_int_equal(wait_for(fixture, before + 1)->kind, PIA_MEMBER_JOINED);
    return join;
}

static const char EVENT[] =
    "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/x\",\"type\":\"a.b\"}";

/* One item of a WORK frame with this sequence and fence; its size. */
static size_t make_item(uint8_t *at, uint8_t sequence, uint8_t fence)
{
    size_t size = sizeof EVENT - 1;
    memset(at, 0, 38);
    at[7] = fence;
    at[9] = 2;  /* attempt */
    at[13] = 1; /* epoch */
    at[21] = sequence;
    at[37] = (uint8_t)size;
    memcpy(at + 38, EVENT, size);
    return 38 + size;
}

static void it_joins_with_what_it_was_given(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *join = let_in(fixture);
    assert_int_equal(join->count, 6);
    assert_true(pia_frames_equal_text(join, 4, "token"));
    json_t *json = pia_frame_json(join, 5);
    assert_string_equal(json_string_value(json_object_get(json, "group")), "essai");
    assert_int_equal(json_integer_value(json_object_get(json, "credit")), 5);
    assert_int_equal(json_integer_value(json_object_get(json, "lease_ms")), 1000);
    assert_int_equal(json_object_size(json), 3);
    json_decref(json);
    (void)test_peer_take_command(fixture->server, HEARTBEAT); /* it keeps its lease */
}

static void it_waits_for_a_token(void **state)
{
    fixture_t *fixture = *state;
    fixture->has_token = false;
    tick(fixture);
    fixture->has_token = true;
    (void)let_in(fixture);
}

static void tasks_are_told_and_settled(void **state)
{
    fixture_t *fixture = *state;
    uint8_t items[400];
    const pia_frames_t *join = let_in(fixture);
    size_t size = make_item(items, 7, 70);
    size += make_item(items + size, 9, 90);
    say(fixture->server, join, WORK, items, size);
    const told_t *last = wait_for(fixture, 3);
    assert_int_equal(last->kind, PIA_MEMBER_TASK);
    assert_int_equal(last->sequence, 9);
    assert_int_equal(last->fence, 90);
    assert_int_equal(last->attempt, 2);
    assert_string_equal(last->type, "a.b");
    pia_member_ack(fixture->member, 7, 70);
    pia_member_ack(fixture->member, 9, 90);
    assert_int_equal(pia_member_unsettled(fixture->member), 2);
    pia_member_flush(fixture->member);
    const pia_frames_t *ack = test_peer_take_command(fixture->server, ACK);
    assert_int_equal(pia_frames_size(ack, 4), 32);
    static const uint8_t outcomes[34] = {[7] = 7, [15] = 70, [24] = 9, [32] = 90, [33] = 1};
    say(fixture->server, join, SETTLED, outcomes, sizeof outcomes);
    last = wait_for(fixture, 5);
    assert_int_equal(fixture->told[3].outcome, PIA_TASK_ACKNOWLEDGED);
    assert_int_equal(last->outcome, PIA_TASK_FENCED);
    assert_int_equal(last->sequence, 9);
    assert_int_equal(pia_member_unsettled(fixture->member), 0);
}

static void a_nack_says_why(void **state)
{
    fixture_t *fixture = *state;
    (void)let_in(fixture);
    char reason[300];
    memset(reason, 'x', sizeof reason);
    memcpy(reason + 254, "é", 2); /* it is not cut in two */
    reason[sizeof reason - 1] = '\0';
    pia_member_nack(fixture->member, 7, 70, 500, reason);
    const pia_frames_t *nack = test_peer_take_command(fixture->server, NACK);
    assert_int_equal(nack->count, 8);
    assert_int_equal(pia_frames_size(nack, 7), 254);
    pia_member_nack(fixture->member, 7, 70, UINT32_MAX, "\xff");
    nack = test_peer_take_command(fixture->server, NACK);
    assert_true(pia_frames_equal(nack, 6, "\x00\x36\xee\x80", 4)); /* an hour */
    assert_int_equal(pia_frames_size(nack, 7), 0);
}

static void it_goes_where_the_group_is(void **state)
{
    fixture_t *fixture = *state;
    char json[160];
    const pia_frames_t *join = test_peer_take_command(fixture->server, JOIN);
    snprintf(json, sizeof json, "{\"endpoint\":\"%s\"}", fixture->other->endpoint);
    say_json(fixture->server, join, MOVED, json);
    join = test_peer_take_command(fixture->other, JOIN);
    say_json(fixture->other, join, JOINED, "{}");
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_MEMBER_JOINED);
    say(fixture->other, join, DISCONNECT, NULL, 0);
    assert_int_equal(wait_for(fixture, 2)->kind, PIA_MEMBER_LOST);
    (void)test_peer_take_command(fixture->server, JOIN); /* back where it began */
}

static void a_lost_lease_is_told_and_it_joins_again(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *join = let_in(fixture);
    say_json(fixture->server, join, ERROR, "{\"status\":\"gone\",\"detail\":\"x\"}");
    assert_int_equal(wait_for(fixture, 2)->kind, PIA_MEMBER_LOST);
    pia_member_ack(fixture->member, 7, 70); /* it has nothing any more */
    assert_int_equal(pia_member_unsettled(fixture->member), 0);
    (void)let_in(fixture);
}

static void a_refusal_is_for_good(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *join = test_peer_take_command(fixture->server, JOIN);
    say_json(fixture->server, join, ERROR, "{\"status\":\"conflict\",\"detail\":\"x\"}");
    const told_t *told = wait_for(fixture, 1);
    assert_int_equal(told->kind, PIA_MEMBER_REFUSED);
    assert_int_equal(told->status, PIA_CONFLICT);
}

static void what_passes_is_tried_some_times(void **state)
{
    fixture_t *fixture = *state;
    for (int i = 0; i < 5; i++) {
        const pia_frames_t *join = test_peer_take_command(fixture->server, JOIN);
        say_json(fixture->server, join, ERROR, "{\"status\":\"unauthenticated\",\"detail\":\"x\"}");
    }
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_MEMBER_REFUSED);
}

static void it_leaves_when_its_hands_are_empty(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *join = let_in(fixture);
    pia_member_leave(fixture->member);
    (void)test_peer_take_command(fixture->server, LEAVE);
    say(fixture->server, join, LEFT, NULL, 0);
    assert_int_equal(wait_for(fixture, 2)->kind, PIA_MEMBER_LEFT);
}

static void who_leaves_before_it_is_in_has_left(void **state)
{
    fixture_t *fixture = *state;
    pia_member_leave(fixture->member);
    assert_int_equal(wait_for(fixture, 1)->kind, PIA_MEMBER_LEFT);
}

static void what_is_in_hand_goes_back_at_the_end(void **state)
{
    fixture_t *fixture = *state;
    (void)let_in(fixture);
    pia_loop_remove_socket(fixture->loop, pia_member_socket(fixture->member));
    pia_member_ack(fixture->member, 7, 70);
    pia_member_destroy(&fixture->member);
    pia_member_options_t options = {.zmq = fixture->zmq,
                                    .endpoint = fixture->other->endpoint,
                                    .group = "essai",
                                    .credit = 1,
                                    .token = token,
                                    .on_message = on_message,
                                    .arg = fixture};
    fixture->member = pia_member_new(&options); /* for the timer */
    (void)test_peer_take_command(fixture->server, ACK);
    (void)test_peer_take_command(fixture->server, UNSUBSCRIBE);
}

static void nonsense_ends_the_connection(void **state)
{
    fixture_t *fixture = *state;
    static const uint8_t broken[] = {1, 2, 3};
    const uint8_t commands[] = {WORK, SETTLED, JOINED, 0x77};
    for (size_t i = 0; i < sizeof commands; i++) {
        size_t before = fixture->count;
        const pia_frames_t *join = let_in(fixture);
        say(fixture->server, join, commands[i], broken, sizeof broken);
        assert_int_equal(wait_for(fixture, before + 2)->kind, PIA_MEMBER_LOST);
    }
}

int main(void)
{
#define WITH_MEMBER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_MEMBER(it_joins_with_what_it_was_given),
        WITH_MEMBER(it_waits_for_a_token),
        WITH_MEMBER(tasks_are_told_and_settled),
        WITH_MEMBER(a_nack_says_why),
        WITH_MEMBER(it_goes_where_the_group_is),
        WITH_MEMBER(a_lost_lease_is_told_and_it_joins_again),
        WITH_MEMBER(a_refusal_is_for_good),
        WITH_MEMBER(what_passes_is_tried_some_times),
        WITH_MEMBER(it_leaves_when_its_hands_are_empty),
        WITH_MEMBER(who_leaves_before_it_is_in_has_left),
        WITH_MEMBER(what_is_in_hand_goes_back_at_the_end),
        WITH_MEMBER(nonsense_ends_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
