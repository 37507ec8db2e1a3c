/* test_relay.c - the outbox and its way into the journal: in order, once in effect, with receipts;
 * what is refused parks its aggregate alone. The journal is played by the test. */
#include "relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_token.h"
#include "pia/event.h"
#include "pia/outbox.h"
#include "pia_test.h"
#include "stream_codec.h"
#include "test_database.h"
#include "test_peer.h"

extern const char pia_common_schema_sql[];
static const pia_migration_t MIGRATIONS[] = {{1, pia_common_schema_sql}, {0, NULL}};

enum { PUBLISH = 2, SUBSCRIBE = 3, UNSUBSCRIBE = 5, RECEIPT = 0x82, PROGRESS = 0x84, EPOCH = 0x86 };

typedef struct {
    test_database_t database;
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *journal;
    pia_executor_t *executor;
    pia_service_t service;
    pia_own_token_t *own_token;
    pia_lease_t lease;
    pia_relay_t *relay;
    uint64_t wanted;
    const char *sql;
} fixture_t;

static size_t sign(void *self, uint8_t ret_token[PIA_TOKEN_MAX])
{
    (void)self;
    static const uint8_t token[] = {'T', 'O', 'K', 'E', 'N'};
    memcpy(ret_token, token, sizeof token);
    return sizeof token;
}

static void must_not_be_fatal(const char *reason)
{
    fail_msg("%s", reason);
}

static void start_relay(fixture_t *fixture)
{
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    fixture->lease = (pia_lease_t){.holder = "test"};
    test_database_run(db, "UPDATE lease SET holder = ''");
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_lease_keep(db, &fixture->lease, 0), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    assert_true(fixture->lease.held);
    fixture->executor = pia_executor_new(fixture->loop, &db, NULL, must_not_be_fatal);
    pia_own_token_options_t own = {.loop = fixture->loop, .service = &fixture->service};
    fixture->own_token = pia_own_token_new(&own);
    pia_relay_options_t options = {.loop = fixture->loop,
                                   .endpoint = fixture->journal->endpoint,
                                   .executor = fixture->executor,
                                   .own_token = fixture->own_token,
                                   .lease = &fixture->lease};
    fixture->relay = pia_relay_new(&options);
    pia_relay_lead(fixture->relay, true);
}

static void stop_relay(fixture_t *fixture)
{
    pia_relay_stop(fixture->relay);
    pia_executor_destroy(&fixture->executor);
    pia_relay_destroy(&fixture->relay);
    pia_own_token_destroy(&fixture->own_token);
}

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    test_database_init(&fixture->database);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    assert_int_equal(pia_db_migrate(db, "common", MIGRATIONS, NULL), PIA_OK);
    pia_db_close(&db);
    fixture->zmq = zmq_ctx_new();
    fixture->loop = pia_loop_new();
    fixture->journal = test_peer_new(fixture->zmq, fixture->loop);
    fixture->service = (pia_service_t){.name = "test", .own_token = sign};
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    if (fixture->relay)
        stop_relay(fixture);
    test_peer_destroy(&fixture->journal);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

/* Announces "<aggregate> <number>" in a transaction of its own, as a service does. */
static void announce(pia_db_t *db, const char *aggregate, int number)
{
    json_t *event = pia_event_new("test", "thing.changed", aggregate, "network", NULL,
                                  json_pack("{s:i}", "number", number));
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_outbox_add(db, aggregate, event), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
}

static void announce_some(fixture_t *fixture, const char *const *aggregates, int count)
{
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    for (int i = 0; i < count; i++)
        announce(db, aggregates[i % 2], i + 1);
    pia_db_close(&db);
}

/* The numbers in the data of a PUBLISH frame, as text: "1 2 3". */
static void numbers_of(const pia_frames_t *sent, char *ret_text, size_t room)
{
    assert_true(sent->count == 6 || sent->count == 7);
    assert_true(pia_frames_equal_text(sent, 4, "TOKEN"));
    const uint8_t *bytes = pia_frames_data(sent, sent->count - 1);
    size_t size = pia_frames_size(sent, sent->count - 1);
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t at = 0; at < size;) {
        size_t length = (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 |
                        (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        json_t *event = json_loadb((const char *)bytes + at + 4, length, 0, NULL);
        assert_non_null(event);
        assert_int_equal(pia_event_check(event, NULL), PIA_OK);
        json_int_t number =
            json_integer_value(json_object_get(json_object_get(event, "data"), "number"));
        used += (size_t)snprintf(ret_text + used, room - used, "%s%lld", used ? " " : "",
                                 (long long)number);
        json_decref(event);
        at += 4 + length;
    }
}

static void expect_numbers(const pia_frames_t *sent, const char *numbers)
{
    char text[256];
    numbers_of(sent, text, sizeof text);
    assert_string_equal(text, numbers);
}

static void answer(
    fixture_t *fixture, const pia_frames_t *to, const char *command, const void *body, size_t size)
{
    pia_frames_t frames;
    test_peer_begin(&frames, to);
    pia_frames_add(&frames, command, 1);
    pia_frames_add(&frames, pia_frames_data(to, 3), 8);
    pia_frames_add(&frames, body, size);
    test_peer_send(fixture->journal, &frames);
}

static void accept_from(fixture_t *fixture, const pia_frames_t *to, int sequence, int count)
{
    enum { HEAD = 16, SIZE = 45 };
    uint8_t receipts[HEAD + 16 * SIZE] = {0};
    for (int i = 0; i < count; i++) {
        uint8_t *at = receipts + HEAD + (size_t)i * SIZE;
        at[3] = 1; /* epoch */
        at[11] = (uint8_t)(sequence + i);
        for (uint8_t byte = 0; byte < 4; byte++)
            at[12 + byte] = (uint8_t)(0x11 * byte); /* chain */
    }
    answer(fixture, to, "\x82", receipts, HEAD + (size_t)count * SIZE);
}

static void
refuse(fixture_t *fixture, const pia_frames_t *to, const char *status, const char *pointer)
{
    json_t *json = json_pack("{s:s s:s s:s}", "status", status, "detail", "no", "pointer", pointer);
    char *text = json_dumps(json, 0);
    answer(fixture, to, "\x8a", text, strlen(text));
    free(text);
    json_decref(json);
}

static bool is_counted(void *arg)
{
    fixture_t *fixture = arg;
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_READER);
    int64_t count = test_database_integer(db, fixture->sql);
    pia_db_close(&db);
    return (uint64_t)count == fixture->wanted;
}

static void wait_for_count(fixture_t *fixture, const char *sql, uint64_t wanted)
{
    fixture->sql = sql;
    fixture->wanted = wanted;
    test_loop_until(fixture->loop, is_counted, fixture);
}

/* The relay counts when the loop hears of the commit, which others may see before. */
static bool five_are_sent(void *arg)
{
    fixture_t *fixture = arg;
    return pia_relay_stats(fixture->relay)->sent == 5;
}

static const char SQL_SENT[] = "SELECT COUNT(*) FROM outbox WHERE state = 1";
static const char SQL_PARKED[] = "SELECT COUNT(*) FROM outbox WHERE state = 2";
static const char *const TWO[] = {"/a", "/b"};

static void announcements_go_in_order_and_their_receipts_are_kept(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 5);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1 2 3 4 5");
    accept_from(fixture, sent, 7, 5);
    wait_for_count(fixture, SQL_SENT, 5);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_READER);
    assert_int_equal(test_database_integer(
                         db, "SELECT sequence FROM outbox WHERE number = 5 AND chain = '00112233'"),
                     11);
    pia_db_close(&db);
    test_loop_until(fixture->loop, five_are_sent, fixture);
}

/* Answers that the history goes on after what the relay knows. */
static void confirm_history(fixture_t *fixture)
{
    const pia_frames_t *question = test_peer_take_command(fixture->journal, SUBSCRIBE);
    pia_frames_t frames;
    test_peer_begin(&frames, question);
    pia_frames_add(&frames, "\x84", 1);
    pia_frames_add(&frames, pia_frames_data(question, 3), 4);
    pia_frames_add_text(&frames, "1.9.00112233");
    pia_frames_add_text(&frames, "1.9.00112233");
    test_peer_send(fixture->journal, &frames);
}

static void a_refused_announcement_parks_its_aggregate_alone(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 4); /* 1 and 3 of /a, 2 and 4 of /b */
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1 2 3 4");
    refuse(fixture, sent, "invalid", ""); /* one of them: they are sent one by one */
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1");
    refuse(fixture, sent, "invalid", "");
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "2");
    accept_from(fixture, sent, 1, 1);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "4"); /* 3 waits behind 1 */
    accept_from(fixture, sent, 2, 1);
    wait_for_count(fixture, SQL_SENT, 2);
    wait_for_count(fixture, SQL_PARKED, 1);
    stop_relay(fixture);
    start_relay(fixture); /* a new process tries the parked ones again */
    confirm_history(fixture);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1 3");
    accept_from(fixture, sent, 3, 2);
    wait_for_count(fixture, SQL_SENT, 4);
}

static void what_is_unavailable_now_is_sent_again(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 2);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    refuse(fixture, sent, "unavailable", "");
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1 2");
    accept_from(fixture, sent, 1, 2);
    wait_for_count(fixture, SQL_SENT, 2);
}

/* The receipt is lost with the process: the repeat is the same bytes, so the journal knows it. */
static void a_repeat_is_the_same_bytes(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 3);
    start_relay(fixture);
    const pia_frames_t *first = test_peer_take_command(fixture->journal, PUBLISH);
    stop_relay(fixture);
    start_relay(fixture);
    const pia_frames_t *second = test_peer_take_command(fixture->journal, PUBLISH);
    assert_int_equal(pia_frames_size(first, 5), pia_frames_size(second, 5));
    assert_memory_equal(pia_frames_data(first, 5), pia_frames_data(second, 5),
                        pia_frames_size(first, 5));
    accept_from(fixture, second, 1, 3);
    wait_for_count(fixture, SQL_SENT, 3);
}

static void receipts_that_make_no_sense_are_not_believed(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 2);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    accept_from(fixture, sent, 1, 1); /* one receipt for two */
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    accept_from(fixture, sent, 1, 3);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "1 2");
    accept_from(fixture, sent, 1, 2);
    wait_for_count(fixture, SQL_SENT, 2);
}

/* The history has an event 1 in common with what is asked for; what came after it is lost. */
static void answer_epoch(fixture_t *fixture, const pia_frames_t *question)
{
    pia_frames_t frames;
    test_peer_begin(&frames, question);
    pia_frames_add(&frames, "\x86", 1);
    pia_frames_add(&frames, pia_frames_data(question, 3), 4);
    pia_frames_add_text(&frames, "1.1.00112233");
    pia_frames_add_text(&frames, "{}");
    test_peer_send(fixture->journal, &frames);
}

static void after_a_new_epoch_what_was_lost_is_sent_again(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 3);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    accept_from(fixture, sent, 1, 3);
    wait_for_count(fixture, SQL_SENT, 3);
    stop_relay(fixture);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    announce(db, "/b", 4); /* must not overtake what was lost */
    pia_db_close(&db);
    start_relay(fixture);
    const pia_frames_t *question = test_peer_take_command(fixture->journal, SUBSCRIBE);
    static const char last[] = "\"1.3.00112233\"";
    assert_non_null(
        memmem(pia_frames_data(question, 5), pia_frames_size(question, 5), last, strlen(last)));
    answer_epoch(fixture, question);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "2 3 4");
    accept_from(fixture, sent, 2, 3);
    wait_for_count(fixture, SQL_SENT, 4);
    assert_int_equal(pia_relay_stats(fixture->relay)->repeated, 2);
}

/* The socket connects again by itself, before the stream has seen that it was gone. */
static void a_new_epoch_behind_the_back_is_noticed(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 3);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    assert_int_equal(sent->count, 6); /* it comes after nothing */
    accept_from(fixture, sent, 1, 3);
    wait_for_count(fixture, SQL_SENT, 3);
    announce_some(fixture, TWO, 1);
    pia_relay_kick(fixture->relay);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    assert_int_equal(sent->count, 7);
    assert_true(pia_frames_equal_text(sent, 5, "1.3.00112233"));
    refuse(fixture, sent, "conflict", "/after");
    answer_epoch(fixture, test_peer_take_command(fixture->journal, SUBSCRIBE));
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "2 3 1");
    assert_true(pia_frames_equal_text(sent, 5, "1.1.00112233"));
    accept_from(fixture, sent, 2, 3);
    wait_for_count(fixture, SQL_SENT, 4);
    wait_for_count(fixture, SQL_PARKED, 0);
}

/* Says that two backups hold the journal up to `cursor`. */
static void say_backed_up(fixture_t *fixture, const pia_frames_t *to, const char *cursor)
{
    char text[64];
    pia_frames_t frames;
    (void)snprintf(text, sizeof text, "{\"backed_up\":\"%s\"}", cursor);
    test_peer_begin(&frames, to);
    pia_frames_add(&frames, "\x81", 1);
    pia_frames_add_text(&frames, text);
    test_peer_send(fixture->journal, &frames);
}

static const char SQL_FIRST[] = "SELECT MIN(number) FROM outbox";

static void what_two_backups_hold_is_removed(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 5);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    accept_from(fixture, sent, 1, 5);
    wait_for_count(fixture, SQL_SENT, 5);
    say_backed_up(fixture, sent, "1.3.00112233");
    wait_for_count(fixture, SQL_FIRST, 4);
    say_backed_up(fixture, sent, "1.9.00112233");
    wait_for_count(fixture, SQL_FIRST, 5); /* by the last one a new epoch is noticed */
    wait_for_count(fixture, "SELECT sequence FROM outbox_purged", 4);
}

/* What is said at the greeting counts only when the journal's history is known to go on; what an
 * epoch has lost is not removed, but sent again. */
static void nothing_is_removed_before_the_history_is_checked(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 3);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    accept_from(fixture, sent, 1, 3);
    wait_for_count(fixture, SQL_SENT, 3);
    stop_relay(fixture);
    start_relay(fixture);
    const pia_frames_t *question = test_peer_take_command(fixture->journal, SUBSCRIBE);
    say_backed_up(fixture, question, "2.9.00112233"); /* epoch 2 has lost 2 and 3 of epoch 1 */
    answer_epoch(fixture, question);
    sent = test_peer_take_command(fixture->journal, PUBLISH);
    expect_numbers(sent, "2 3");
    wait_for_count(fixture, SQL_FIRST, 1); /* it is the last one that the journal has */
    accept_from(fixture, sent, 2, 2);
    wait_for_count(fixture, SQL_SENT, 3);
    say_backed_up(fixture, sent, "2.9.00112233");
    wait_for_count(fixture, SQL_FIRST, 3); /* now they are in this epoch's history */
}

static void without_the_lease_nothing_is_recorded(void **state)
{
    fixture_t *fixture = *state;
    announce_some(fixture, TWO, 1);
    start_relay(fixture);
    const pia_frames_t *sent = test_peer_take_command(fixture->journal, PUBLISH);
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    test_database_run(db, "UPDATE lease SET holder = 'another', term = term + 1");
    pia_db_close(&db);
    accept_from(fixture, sent, 1, 1);
    fixture->sql = SQL_SENT;
    fixture->wanted = 0;
    for (int i = 0; i < 10; i++)
        test_loop_until(fixture->loop, is_counted, fixture);
    assert_int_equal(pia_relay_stats(fixture->relay)->sent, 0);
}

static void an_event_that_is_none_is_refused_at_the_source(void **state)
{
    fixture_t *fixture = *state;
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_outbox_add(db, "/a", json_object()), PIA_INVALID);
    pia_db_rollback(db);
    pia_db_close(&db);
}

/* A number that a rolled back transaction took is given again: there are no holes. */
static void numbers_have_no_holes(void **state)
{
    fixture_t *fixture = *state;
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    announce(db, "/a", 1);
    assert_int_equal(pia_db_begin(db), PIA_OK);
    json_t *event = pia_event_new("test", "x", NULL, "public", NULL, json_object());
    assert_int_equal(pia_outbox_add(db, "/a", event), PIA_OK);
    pia_db_rollback(db);
    announce(db, "/a", 2);
    assert_int_equal(test_database_integer(db, "SELECT MAX(number) FROM outbox"), 2);
    assert_int_equal(test_database_integer(db, "SELECT COUNT(*) FROM outbox"), 2);
    pia_db_close(&db);
}

#define WITH_JOURNAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOURNAL(announcements_go_in_order_and_their_receipts_are_kept),
        WITH_JOURNAL(a_refused_announcement_parks_its_aggregate_alone),
        WITH_JOURNAL(what_is_unavailable_now_is_sent_again),
        WITH_JOURNAL(a_repeat_is_the_same_bytes),
        WITH_JOURNAL(receipts_that_make_no_sense_are_not_believed),
        WITH_JOURNAL(after_a_new_epoch_what_was_lost_is_sent_again),
        WITH_JOURNAL(a_new_epoch_behind_the_back_is_noticed),
        WITH_JOURNAL(what_two_backups_hold_is_removed),
        WITH_JOURNAL(nothing_is_removed_before_the_history_is_checked),
        WITH_JOURNAL(without_the_lease_nothing_is_recorded),
        WITH_JOURNAL(an_event_that_is_none_is_refused_at_the_source),
        WITH_JOURNAL(numbers_have_no_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
