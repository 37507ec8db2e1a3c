/* test_follower.c - events are applied in order with the cursor in the same transaction, whatever
 * fails in between. The journal is played by the test. */
#include "follower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_token.h"
#include "pia/clock.h"
#include "pia_test.h"
#include "stream_codec.h"
#include "test_database.h"
#include "test_peer.h"
#include "watch.h"

extern const char pia_common_schema_sql[];
static const pia_migration_t MIGRATIONS[] = {
    {1, pia_common_schema_sql}, {2, "CREATE TABLE seen (sequence BIGINT PRIMARY KEY);"}, {0, NULL}};

enum { SUBSCRIBE = 3, CREDIT = 4 };

typedef struct {
    test_database_t database;
    void *zmq;
    pia_loop_t *loop;
    test_peer_t *journal;
    pia_executor_t *executor;
    pia_service_t service;
    pia_own_token_t *own_token;
    pia_verifier_t *verifier;
    pia_lease_t lease;
    pia_follower_t *follower;
    pia_db_t *db;     /* the store thread's */
    int failures;     /* so many events are refused */
    uint64_t failing; /* the sequence that is refused */
    const char *sql;
    int64_t wanted;
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

static const char SQL_SEEN[] = "INSERT INTO seen (sequence) VALUES ($1)";

/* Store thread. A repeated event would fail on the primary key: the cursor is the only guard. */
static pia_status_t on_event(void *self, const pia_event_t *event)
{
    fixture_t *fixture = self;
    assert_string_equal(event->type, "a.b");
    if (event->sequence == fixture->failing && fixture->failures-- > 0)
        return PIA_UNAVAILABLE;
    pia_stmt_t *stmt = pia_db_prepare(fixture->db, SQL_SEEN);
    pia_stmt_integer(stmt, 1, (int64_t)event->sequence);
    return pia_stmt_run(stmt, NULL);
}

static void changed(void *host)
{
    (void)host;
}

static void start_follower(fixture_t *fixture)
{
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    fixture->db = db;
    fixture->lease = (pia_lease_t){.holder = "test"};
    test_database_run(db, "UPDATE lease SET holder = ''");
    assert_int_equal(pia_db_begin(db), PIA_OK);
    assert_int_equal(pia_lease_keep(db, &fixture->lease, 0), PIA_OK);
    assert_int_equal(pia_db_commit(db), PIA_OK);
    fixture->executor = pia_executor_new(fixture->loop, &db, NULL, must_not_be_fatal);
    pia_own_token_options_t own = {.loop = fixture->loop, .service = &fixture->service};
    fixture->own_token = pia_own_token_new(&own);
    pia_follower_options_t options = {.loop = fixture->loop,
                                      .endpoint = fixture->journal->endpoint,
                                      .executor = fixture->executor,
                                      .own_token = fixture->own_token,
                                      .verifier = fixture->verifier,
                                      .service = &fixture->service,
                                      .lease = &fixture->lease,
                                      .changed = changed};
    fixture->follower = pia_follower_new(&options);
    pia_follower_lead(fixture->follower, true);
}

static void stop_follower(fixture_t *fixture)
{
    pia_follower_stop(fixture->follower);
    pia_executor_destroy(&fixture->executor);
    pia_follower_destroy(&fixture->follower);
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
    fixture->verifier = pia_verifier_new("/nonexistent");
    fixture->service = (pia_service_t){.name = "test",
                                       .self = fixture,
                                       .own_token = sign,
                                       .follow = "{\"types\":[\"a.b\"]}",
                                       .on_event = on_event};
    start_follower(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    stop_follower(fixture);
    pia_verifier_destroy(&fixture->verifier);
    test_peer_destroy(&fixture->journal);
    pia_loop_destroy(&fixture->loop);
    zmq_ctx_term(fixture->zmq);
    test_database_clear(&fixture->database);
    free(fixture);
    return 0;
}

/* Waits for SUBSCRIBE of a stream (1: the service's, 2: the common loop's) at this cursor. */
static const pia_frames_t *take_subscribe(fixture_t *fixture, char stream, const char *cursor)
{
    const char id[4] = {0, 0, 0, stream};
    const pia_frames_t *sent;
    do {
        sent = test_peer_take_command(fixture->journal, SUBSCRIBE);
    } while (!pia_frames_equal(sent, 3, id, 4));
    json_t *json = json_loadb(pia_frames_data(sent, 5), pia_frames_size(sent, 5), 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "cursor")), cursor);
    json_decref(json);
    return sent;
}

static size_t add_record(uint8_t *at, uint8_t sequence, const char *event)
{
    size_t size = strlen(event);
    memset(at, 0, 28);
    at[3] = 1;
    at[11] = sequence;
    at[26] = (uint8_t)(size >> 8);
    at[27] = (uint8_t)size;
    for (size_t i = 0; i < size; i++)
        at[28 + i] = (uint8_t)event[i];
    return 28 + size;
}

static const char EVENT[] = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/services/"
                            "x\",\"type\":\"a.b\",\"data\":{}}";

static void send_bytes(fixture_t *fixture,
                       const pia_frames_t *to,
                       const char *const range[2],
                       const void *records,
                       size_t size)
{
    pia_frames_t frames;
    test_peer_begin(&frames, to);
    pia_frames_add(&frames, size ? "\x83" : "\x84", 1);
    pia_frames_add(&frames, pia_frames_data(to, 3), 4);
    pia_frames_add_text(&frames, range[0]);
    pia_frames_add_text(&frames, range[1]);
    if (size)
        pia_frames_add(&frames, records, size);
    test_peer_send(fixture->journal, &frames);
}

/* Sends events `first` to `last` in one DATA frame: (first - 1, last]. */
static void send_events(fixture_t *fixture, const pia_frames_t *to, uint8_t first, uint8_t last)
{
    uint8_t records[4096];
    char from[PIA_CURSOR_SIZE], until[PIA_CURSOR_SIZE];
    size_t size = 0;
    for (uint8_t sequence = first; sequence <= last; sequence++)
        size += add_record(records + size, sequence, EVENT);
    snprintf(from, sizeof from, "%d.%d.00000000", first > 1, first - 1);
    snprintf(until, sizeof until, "1.%d.00000000", last);
    const char *const range[] = {from, until};
    send_bytes(fixture, to, range, records, size);
}

static bool is_counted(void *arg)
{
    fixture_t *fixture = arg;
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_READER);
    int64_t count = test_database_integer(db, fixture->sql);
    pia_db_close(&db);
    return count == fixture->wanted;
}

static void wait_for(fixture_t *fixture, const char *sql, int64_t wanted)
{
    fixture->sql = sql;
    fixture->wanted = wanted;
    test_loop_until(fixture->loop, is_counted, fixture);
}

static const char SQL_COUNT[] = "SELECT COUNT(*) FROM seen";

static void events_are_applied_and_the_cursor_goes_with_them(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = take_subscribe(fixture, 1, "");
    assert_true(pia_frames_equal_text(sent, 4, "TOKEN"));
    send_events(fixture, sent, 1, 3);
    const pia_frames_t *credit = test_peer_take_command(fixture->journal, CREDIT);
    assert_true(pia_frames_equal(credit, 4, "\0\0\0\x03", 4)); /* after the commit */
    assert_true(fixture->follower != NULL);
    wait_for(fixture, SQL_COUNT, 3);
    wait_for(
        fixture,
        "SELECT COUNT(*) FROM consumer_cursor WHERE name = 'journal' AND cursor = '1.3.00000000'",
        1);
    send_events(fixture, sent, 4, 5);
    wait_for(fixture, SQL_COUNT, 5);
    stop_follower(fixture);
    start_follower(fixture); /* as a new process */
    sent = take_subscribe(fixture, 1, "1.5.00000000");
    send_events(fixture, sent, 6, 6);
    wait_for(fixture, SQL_COUNT, 6);
}

/* The frames that were behind the failing one must not be applied before it. */
static void an_event_that_fails_is_tried_again_before_all_later_ones(void **state)
{
    fixture_t *fixture = *state;
    fixture->failing = 2;
    fixture->failures = 1;
    const pia_frames_t *sent = take_subscribe(fixture, 1, "");
    send_events(fixture, sent, 1, 1);
    send_events(fixture, sent, 2, 3);
    send_events(fixture, sent, 4, 5);
    sent = take_subscribe(fixture, 1, "1.1.00000000");
    assert_true(
        is_counted(&(fixture_t){.database = fixture->database, .sql = SQL_COUNT, .wanted = 1}));
    send_events(fixture, sent, 2, 5);
    wait_for(fixture, SQL_COUNT, 5);
    assert_int_equal(pia_follower_stats(fixture->follower)->failures, 1);
}

static void another_epoch_goes_on_at_the_common_position(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = take_subscribe(fixture, 1, "");
    send_events(fixture, sent, 1, 3);
    wait_for(fixture, SQL_COUNT, 3);
    pia_frames_t frames;
    test_peer_begin(&frames, sent);
    pia_frames_add(&frames, "\x86", 1);
    pia_frames_add(&frames, pia_frames_data(sent, 3), 4);
    pia_frames_add_text(&frames, "1.2.00000000");
    pia_frames_add_text(&frames, "{}");
    test_peer_send(fixture->journal, &frames);
    (void)take_subscribe(fixture, 1, "1.2.00000000");
}

static void an_ended_stream_is_opened_again(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = take_subscribe(fixture, 1, "");
    send_events(fixture, sent, 1, 1);
    wait_for(fixture, SQL_COUNT, 1);
    pia_frames_t frames;
    test_peer_begin(&frames, sent);
    pia_frames_add(&frames, "\x87", 1);
    pia_frames_add(&frames, pia_frames_data(sent, 3), 4);
    pia_frames_add_text(&frames, "{\"status\":\"unauthenticated\",\"detail\":\"expired\"}");
    test_peer_send(fixture->journal, &frames);
    (void)take_subscribe(fixture, 1, "1.1.00000000");
}

static void who_loses_the_lease_applies_nothing(void **state)
{
    fixture_t *fixture = *state;
    const pia_frames_t *sent = take_subscribe(fixture, 1, "");
    pia_db_t *db = test_database_open(&fixture->database, PIA_DB_WRITER);
    test_database_run(db, "UPDATE lease SET holder = 'another', term = term + 1");
    pia_db_close(&db);
    send_events(fixture, sent, 1, 1);
    for (int i = 0; i < 20; i++)
        wait_for(fixture, SQL_COUNT, 0);
}

static bool has_shift(void *arg)
{
    (void)arg;
    return pia_clock_shift() == 86400000;
}

static void the_legal_clock_is_advanced_and_remembered(void **state)
{
    fixture_t *fixture = *state;
    static const char event[] =
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/services/registry\","
        "\"type\":\"clock.advanced\",\"data\":{\"shift_ms\":86400000}}";
    static const char other[] = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/poles/x\","
                                "\"type\":\"clock.advanced\",\"data\":{\"shift_ms\":86400001}}";
    uint8_t record[512];
    const pia_frames_t *sent = take_subscribe(fixture, 2, "");
    size_t size = add_record(record, 8, other); /* not the registry's to say: not heard */
    size += add_record(record + size, 9, event);
    const char *const range[] = {"0.0.00000000", "1.9.00000000"};
    send_bytes(fixture, sent, range, record, size);
    test_loop_until(fixture->loop, has_shift, NULL);
    wait_for(fixture,
             "SELECT COUNT(*) FROM store_meta WHERE name = 'clock_shift' AND value = '86400000'",
             1);
    stop_follower(fixture);
    start_follower(fixture);
    /* not after the event: a revocation that lies as near must be seen again by the new process */
    (void)take_subscribe(fixture, 2, "");
}

static void ignore_message(void *arg, const pia_stream_message_t *message)
{
    (void)arg;
    (void)message;
}

typedef struct {
    pia_watch_t *watch;
    int64_t now;
} ticking_t;

static void tick(void *arg)
{
    ticking_t *ticking = arg;
    pia_watch_tick(ticking->watch, ticking->now);
}

static void process_stream(void *stream)
{
    pia_stream_process(stream);
}

/* A restart begins where no revocation matters any more: neither later nor much earlier. */
static void what_was_watched_is_settled_when_the_tokens_are_over(void **state)
{
    static const char at_start[] = "SELECT COUNT(*) FROM consumer_cursor WHERE name = 'common' "
                                   "AND cursor = ''";
    static const char at_five[] = "SELECT COUNT(*) FROM consumer_cursor WHERE name = 'common' "
                                  "AND cursor = '1.5.00000000'";
    fixture_t *fixture = *state;
    (void)take_subscribe(fixture, 2, "");
    pia_follower_stop(fixture->follower); /* its own watch must not store in between */
    pia_stream_t *stream = pia_stream_new(fixture->journal->endpoint, ignore_message, NULL);
    pia_loop_add_descriptor(fixture->loop, pia_stream_descriptor(stream), process_stream, stream);
    pia_watch_options_t options = {.stream = stream,
                                   .executor = fixture->executor,
                                   .own_token = fixture->own_token,
                                   .verifier = fixture->verifier};
    const int64_t start = pia_clock_monotonic();
    ticking_t ticking = {.watch = pia_watch_new(&options), .now = start};
    int timer = pia_loop_add_timer(fixture->loop, 10, tick, &ticking);
    (void)take_subscribe(fixture, 2, "");
    pia_watch_message(ticking.watch, &(pia_stream_message_t){.kind = PIA_STREAM_PROGRESS,
                                                             .stream = 2,
                                                             .cursor = "1.5.00000000"});
    ticking.now = start + 80000; /* since when it stood there is not known */
    tick(&ticking);
    ticking.now += PIA_TOKEN_LIFE_MS;
    tick(&ticking);
    wait_for(fixture, at_start, 1);
    ticking.now = start + 160000;
    wait_for(fixture, at_five, 1);
    pia_loop_remove_timer(fixture->loop, timer);
    pia_watch_stop(ticking.watch);
    pia_executor_destroy(&fixture->executor);
    pia_watch_destroy(&ticking.watch);
    pia_loop_remove_descriptor(fixture->loop, pia_stream_descriptor(stream));
    pia_stream_destroy(&stream);
}

#define WITH_JOURNAL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JOURNAL(events_are_applied_and_the_cursor_goes_with_them),
        WITH_JOURNAL(an_event_that_fails_is_tried_again_before_all_later_ones),
        WITH_JOURNAL(another_epoch_goes_on_at_the_common_position),
        WITH_JOURNAL(an_ended_stream_is_opened_again),
        WITH_JOURNAL(who_loses_the_lease_applies_nothing),
        WITH_JOURNAL(the_legal_clock_is_advanced_and_remembered),
        WITH_JOURNAL(what_was_watched_is_settled_when_the_tokens_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
