/* follower.c - two streams on one connection: the service's events, and the common loop's. */
#include "follower.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "follower_store.h"
#include "own_token.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "pia/stream.h"
#include "watch.h"

static const char CURSOR_NAME[] = "journal";

enum {
    TIMER_MS = 100,
    STREAM = 1,
    CREDIT = 512,
    PAUSE_MS = 200, /* doubling */
    PAUSE_MAX_MS = 10000,
    IDLE_STORE_MS = 5000, /* how often a cursor is stored that moved without events */
};

typedef enum {
    OFF,     /* nothing to follow, or another instance does */
    PAUSED,  /* to begin again at until_ms */
    LOADING, /* the cursor is being read (or set) in the store thread */
    SUBSCRIBED,
} state_t;

struct pia_follower {
    pia_follower_options_t options;
    pia_stream_t *stream;
    pia_watch_t *watch; /* the common loop's own events */
    int timer_id;
    state_t state;
    bool stopped;
    json_t *filter;                /* owned; NULL: the service follows nothing */
    char posted[PIA_CURSOR_SIZE];  /* where the last posted job leaves the stored cursor */
    char covered[PIA_CURSOR_SIZE]; /* where the stream is: at or after posted */
    pia_kept_events_t kept;        /* of the DATA frame that is being received */
    size_t jobs;                   /* posted, not done */
    uint64_t round;                /* subscriptions so far: a job of an older one says nothing */
    int64_t until_ms, pause_ms;
    int64_t subscribed_ms; /* monotonic: when the stream was last opened (or given up) */
    int64_t stored_ms;     /* monotonic: when a job was last posted */
    pia_follower_stats_t stats;
};

/* Loads the cursor, or sets it to a common position. */
typedef struct {
    pia_job_t job; /* first */
    pia_follower_t *follower;
    bool set;
    char cursor[PIA_CURSOR_SIZE];
} load_job_t;

/* Applies the events of one DATA frame and moves the cursor. */
typedef struct {
    pia_job_t job; /* first */
    pia_follower_t *follower;
    uint64_t round;
    char from[PIA_CURSOR_SIZE], to[PIA_CURSOR_SIZE];
    pia_kept_events_t kept;
    size_t failed; /* the index of the event that could not be applied; kept.count: none */
} apply_job_t;

/* Begins again later: soon if all was well for a while (a token that came of age, say). */
static void pause_follower(pia_follower_t *follower)
{
    int64_t now = pia_clock_monotonic();
    if (now - follower->subscribed_ms > PAUSE_MAX_MS)
        follower->pause_ms = PAUSE_MS;
    follower->subscribed_ms = now;
    pia_stream_unsubscribe(follower->stream, STREAM);
    pia_kept_clear(&follower->kept);
    follower->state = PAUSED;
    follower->until_ms = now + follower->pause_ms;
    follower->pause_ms *= 2;
    if (follower->pause_ms > PAUSE_MAX_MS)
        follower->pause_ms = PAUSE_MAX_MS;
}

static pia_status_t run_load(pia_job_t *job, pia_db_t *db)
{
    load_job_t *load = (load_job_t *)job;
    pia_status_t status = pia_lease_check(db, load->follower->options.lease);
    if (status == PIA_OK && load->set)
        status = pia_cursor_set(db, CURSOR_NAME, load->cursor);
    if (status == PIA_OK)
        status = pia_cursor_load(db, CURSOR_NAME, load->cursor);
    return status;
}

static void subscribe(pia_follower_t *follower, const char *cursor)
{
    uint8_t token[PIA_TOKEN_MAX];
    size_t size = pia_own_token_get(follower->options.own_token, token);
    if (size == 0) {
        follower->pause_ms = PAUSE_MS;
        pause_follower(follower);
        return;
    }
    memcpy(follower->posted, cursor, PIA_CURSOR_SIZE);
    memcpy(follower->covered, cursor, PIA_CURSOR_SIZE);
    follower->round++;
    follower->state = SUBSCRIBED;
    follower->subscribed_ms = pia_clock_monotonic();
    follower->stats.resumptions++;
    pia_subscribe_t options = {.token = token,
                               .token_size = size,
                               .cursor = cursor,
                               .filter = follower->filter,
                               .credit = CREDIT};
    pia_stream_unsubscribe(follower->stream, STREAM);
    pia_stream_subscribe(follower->stream, STREAM, &options);
}

static void load_done(pia_job_t *job, pia_status_t status)
{
    load_job_t *load = (load_job_t *)job;
    pia_follower_t *follower = load->follower;
    follower->jobs--;
    if (!follower->stopped && follower->state == LOADING) {
        if (status == PIA_OK)
            subscribe(follower, load->cursor);
        else
            pause_follower(follower);
    }
    free(load);
}

/* Begins to follow: at the stored cursor, or at `common` if that is not NULL. */
static void load_cursor(pia_follower_t *follower, const char *common)
{
    load_job_t *load = pia_alloc(sizeof *load);
    load->job.run = run_load;
    load->job.done = load_done;
    load->follower = follower;
    load->set = common != NULL;
    if (common)
        strncpy(load->cursor, common, PIA_CURSOR_SIZE - 1);
    pia_kept_clear(&follower->kept);
    if (pia_executor_post(follower->options.executor, &load->job) != PIA_OK) {
        free(load);
        pause_follower(follower);
        return;
    }
    follower->jobs++;
    follower->state = LOADING;
}

/* The cursor first: it is the fence. If it does not stand where this frame begins, an earlier frame
 * was not applied, or another instance has applied this one. */
static pia_status_t run_apply(pia_job_t *job, pia_db_t *db)
{
    apply_job_t *apply = (apply_job_t *)job;
    const pia_follower_options_t *options = &apply->follower->options;
    apply->failed = apply->kept.count;
    pia_status_t status = pia_lease_check(db, options->lease);
    if (status == PIA_OK)
        status = pia_cursor_move(db, CURSOR_NAME, apply->from, apply->to);
    for (size_t i = 0; i < apply->kept.count && status == PIA_OK; i++) {
        pia_kept_event_t *kept = &apply->kept.events[i];
        kept->event.cursor = kept->cursor;
        status = options->service->on_event(options->service->self, &kept->event);
        if (status != PIA_OK)
            apply->failed = i;
    }
    return status;
}

static void apply_failed(pia_follower_t *follower, const apply_job_t *apply, pia_status_t status)
{
    follower->stats.failures++;
    if (apply->failed < apply->kept.count) {
        const pia_event_t *event = &apply->kept.events[apply->failed].event;
        pia_log(PIA_LOG_ERROR, "event %llu (%s) cannot be applied: %s; tries again",
                (unsigned long long)event->sequence, event->type, pia_status_text(status));
    } else {
        pia_log(PIA_LOG_WARN, "events cannot be applied: %s", pia_status_text(status));
    }
    pause_follower(follower);
}

static void apply_succeeded(pia_follower_t *follower, const apply_job_t *apply)
{
    size_t count = apply->kept.count;
    if (count == 0)
        return;
    follower->pause_ms = PAUSE_MS;
    follower->stats.applied += count;
    follower->stats.sequence = apply->kept.events[count - 1].event.sequence;
    pia_stream_credit(follower->stream, STREAM, (uint32_t)count);
    follower->options.changed(follower->options.host);
}

static void apply_done(pia_job_t *job, pia_status_t status)
{
    apply_job_t *apply = (apply_job_t *)job;
    pia_follower_t *follower = apply->follower;
    follower->jobs--;
    bool current = follower->state == SUBSCRIBED && apply->round == follower->round;
    if (!follower->stopped && current) {
        if (status == PIA_OK)
            apply_succeeded(follower, apply);
        else
            apply_failed(follower, apply, status);
    }
    pia_kept_clear(&apply->kept);
    free(apply);
}

/* Hands what was received to the store thread; the kept events go with it. */
static void post_apply(pia_follower_t *follower)
{
    apply_job_t *apply = pia_alloc(sizeof *apply);
    apply->job.run = run_apply;
    apply->job.done = apply_done;
    apply->follower = follower;
    apply->round = follower->round;
    memcpy(apply->from, follower->posted, PIA_CURSOR_SIZE);
    memcpy(apply->to, follower->covered, PIA_CURSOR_SIZE);
    apply->kept = follower->kept;
    follower->kept = (pia_kept_events_t){0};
    if (pia_executor_post(follower->options.executor, &apply->job) != PIA_OK) {
        pia_kept_clear(&apply->kept);
        free(apply);
        pause_follower(follower);
        return;
    }
    follower->jobs++;
    follower->stored_ms = pia_clock_monotonic();
    memcpy(follower->posted, follower->covered, PIA_CURSOR_SIZE);
}

static void handle_progress(pia_follower_t *follower, const char *cursor)
{
    memset(follower->covered, 0, PIA_CURSOR_SIZE);
    strncpy(follower->covered, cursor, PIA_CURSOR_SIZE - 1);
    if (follower->kept.count > 0)
        post_apply(follower);
}

static void handle_own(pia_follower_t *follower, const pia_stream_message_t *message)
{
    switch (message->kind) {
    case PIA_STREAM_EVENT:
        pia_kept_add(&follower->kept, message->event);
        break;
    case PIA_STREAM_GAP:
        follower->stats.gaps++;
        pia_log(PIA_LOG_ERROR, "the journal cannot give (%s, %s]: %s", message->from,
                message->cursor, message->problem->detail);
        handle_progress(follower, message->cursor);
        break;
    case PIA_STREAM_PROGRESS:
        handle_progress(follower, message->cursor);
        break;
    case PIA_STREAM_EPOCH:
        pia_log(PIA_LOG_WARN, "the journal has a new epoch: goes on from %s", message->cursor);
        load_cursor(follower, message->cursor);
        break;
    case PIA_STREAM_ERROR:
        pia_log(PIA_LOG_WARN, "the stream has ended: %s", message->problem->detail);
        pause_follower(follower);
        break;
    default:
        break;
    }
}

static void handle_message(void *arg, const pia_stream_message_t *message)
{
    pia_follower_t *follower = arg;
    if (message->kind == PIA_STREAM_LOST ||
        (message->kind == PIA_STREAM_ERROR && message->stream == 0)) {
        if (follower->state == SUBSCRIBED)
            pause_follower(follower);
        pia_watch_lost(follower->watch);
    } else if (message->stream != STREAM) {
        pia_watch_message(follower->watch, message);
    } else if (follower->state == SUBSCRIBED) {
        handle_own(follower, message);
    }
}

static void process(void *arg)
{
    pia_follower_t *follower = arg;
    pia_stream_process(follower->stream);
}

static bool has_moved_idly(const pia_follower_t *follower, int64_t now)
{
    return follower->state == SUBSCRIBED && follower->kept.count == 0 &&
           now - follower->stored_ms >= IDLE_STORE_MS &&
           strcmp(follower->posted, follower->covered) != 0;
}

static void renew(pia_follower_t *follower)
{
    uint8_t token[PIA_TOKEN_MAX];
    size_t size = pia_own_token_get(follower->options.own_token, token);
    pia_stream_renew(follower->stream, STREAM, token, size);
    pia_watch_renew(follower->watch, token, size);
}

static void tick(void *arg)
{
    pia_follower_t *follower = arg;
    int64_t now = pia_clock_monotonic();
    pia_stream_tick(follower->stream);
    renew(follower);
    pia_watch_tick(follower->watch, now);
    if (follower->state == PAUSED && now >= follower->until_ms)
        load_cursor(follower, NULL);
    else if (has_moved_idly(follower, now))
        post_apply(follower);
}

pia_follower_t *pia_follower_new(const pia_follower_options_t *options)
{
    pia_follower_t *follower = pia_alloc(sizeof *follower);
    follower->options = *options;
    follower->pause_ms = PAUSE_MS;
    if (options->service->follow) {
        follower->filter = json_loads(options->service->follow, 0, NULL);
        assert(follower->filter && options->service->on_event);
    }
    follower->stream = pia_stream_new(options->endpoint, handle_message, follower);
    pia_watch_options_t watch = {.stream = follower->stream,
                                 .executor = options->executor,
                                 .own_token = options->own_token,
                                 .verifier = options->verifier};
    follower->watch = pia_watch_new(&watch);
    pia_loop_add_descriptor(options->loop, pia_stream_descriptor(follower->stream), process,
                            follower);
    follower->timer_id = pia_loop_add_timer(options->loop, TIMER_MS, tick, follower);
    return follower;
}

void pia_follower_stop(pia_follower_t *follower)
{
    if (follower->stopped)
        return;
    follower->stopped = true;
    follower->state = OFF;
    pia_watch_stop(follower->watch);
    pia_loop_remove_timer(follower->options.loop, follower->timer_id);
    pia_loop_remove_descriptor(follower->options.loop, pia_stream_descriptor(follower->stream));
    pia_stream_destroy(&follower->stream);
}

void pia_follower_destroy(pia_follower_t **follower_p)
{
    pia_follower_t *follower = *follower_p;
    if (!follower)
        return;
    pia_follower_stop(follower);
    assert(follower->jobs == 0);
    pia_watch_destroy(&follower->watch);
    pia_kept_clear(&follower->kept);
    json_decref(follower->filter);
    free(follower);
    *follower_p = NULL;
}

void pia_follower_lead(pia_follower_t *follower, bool leading)
{
    if (!follower->filter || follower->stopped)
        return;
    if (leading && follower->state == OFF) {
        follower->pause_ms = PAUSE_MS;
        follower->state = PAUSED;
        follower->until_ms = 0;
    } else if (!leading && follower->state != OFF) {
        pia_stream_unsubscribe(follower->stream, STREAM);
        pia_kept_clear(&follower->kept);
        follower->state = OFF;
    }
}

const pia_follower_stats_t *pia_follower_stats(const pia_follower_t *follower)
{
    return &follower->stats;
}
