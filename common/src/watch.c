/* watch.c - revoked principals and the legal clock. */
#include "watch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "follower_store.h"
#include "own_token.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pia/memory.h"

static const char CURSOR_NAME[] = "common";
static const char META_SHIFT[] = "clock_shift";

enum {
    STREAM = 2,
    CREDIT = 256,
    PAUSE_MS = 1000,
    KEPT_MS = PIA_TOKEN_LIFE_MS + 10000, /* a revocation is needed so long, clocks apart included */
};

typedef enum { BEGINNING, LOADING, READY, SUBSCRIBED, STOPPED } state_t;

struct pia_watch {
    pia_job_t job; /* first; the only one */
    pia_watch_options_t options;
    state_t state;
    bool storing;                 /* the job is in the store thread to store */
    bool dirty;                   /* the shift has changed since the last store */
    char cursor[PIA_CURSOR_SIZE]; /* how far it has seen */
    /* Where a restart begins: the verifier then knows nothing of whom it has refused, so it must
     * see again every revocation that a living token may be older than. */
    char settled[PIA_CURSOR_SIZE];
    char aging[PIA_CURSOR_SIZE]; /* settles KEPT_MS after aging_ms, when it was reached */
    char stored[PIA_CURSOR_SIZE];
    char job_cursor[PIA_CURSOR_SIZE]; /* the job's */
    int64_t job_shift;                /* the job's */
    int64_t until_ms;                 /* monotonic: not before then anything new */
    int64_t aging_ms;                 /* monotonic */
};

static pia_status_t run_load(pia_job_t *job, pia_db_t *db)
{
    pia_watch_t *watch = (pia_watch_t *)job;
    char shift[PIA_META_SIZE];
    pia_status_t status = pia_cursor_load(db, CURSOR_NAME, watch->job_cursor);
    if (status == PIA_OK)
        status = pia_meta_get(db, META_SHIFT, shift);
    if (status == PIA_OK)
        watch->job_shift = strtoll(shift, NULL, 10);
    return status;
}

/* Another instance on the same store may have seen a larger shift: it never goes back. */
static pia_status_t run_store(pia_job_t *job, pia_db_t *db)
{
    pia_watch_t *watch = (pia_watch_t *)job;
    char shift[PIA_META_SIZE];
    pia_status_t status = pia_cursor_set(db, CURSOR_NAME, watch->job_cursor);
    if (status == PIA_OK)
        status = pia_meta_get(db, META_SHIFT, shift);
    if (status != PIA_OK || strtoll(shift, NULL, 10) >= watch->job_shift)
        return status;
    (void)snprintf(shift, sizeof shift, "%" PRId64, watch->job_shift);
    return pia_meta_set(db, META_SHIFT, shift);
}

static void wait_a_moment(pia_watch_t *watch)
{
    watch->until_ms = pia_clock_monotonic() + PAUSE_MS;
}

static void load_done(pia_job_t *job, pia_status_t status)
{
    pia_watch_t *watch = (pia_watch_t *)job;
    if (watch->state == STOPPED)
        return;
    watch->state = status == PIA_OK ? READY : BEGINNING;
    if (status != PIA_OK) {
        wait_a_moment(watch);
        return;
    }
    memcpy(watch->cursor, watch->job_cursor, PIA_CURSOR_SIZE);
    memcpy(watch->settled, watch->job_cursor, PIA_CURSOR_SIZE);
    memcpy(watch->aging, watch->job_cursor, PIA_CURSOR_SIZE);
    memcpy(watch->stored, watch->job_cursor, PIA_CURSOR_SIZE);
    watch->aging_ms = pia_clock_monotonic();
    pia_clock_set_shift(watch->job_shift);
}

static void store_done(pia_job_t *job, pia_status_t status)
{
    pia_watch_t *watch = (pia_watch_t *)job;
    watch->storing = false;
    if (status == PIA_OK)
        memcpy(watch->stored, watch->job_cursor, PIA_CURSOR_SIZE);
    else
        watch->dirty = true;
    if (status != PIA_OK)
        wait_a_moment(watch);
}

static bool post(pia_watch_t *watch,
                 pia_status_t (*run)(pia_job_t *, pia_db_t *),
                 void (*done)(pia_job_t *, pia_status_t))
{
    watch->job.run = run;
    watch->job.done = done;
    return pia_executor_post(watch->options.executor, &watch->job) == PIA_OK;
}

static void load(pia_watch_t *watch)
{
    watch->state = LOADING;
    if (!post(watch, run_load, load_done)) {
        watch->state = BEGINNING;
        wait_a_moment(watch);
    }
}

static void store(pia_watch_t *watch)
{
    memcpy(watch->job_cursor, watch->settled, PIA_CURSOR_SIZE);
    watch->job_shift = pia_clock_shift();
    watch->storing = post(watch, run_store, store_done);
    watch->dirty = !watch->storing;
}

static void subscribe(pia_watch_t *watch)
{
    uint8_t token[PIA_TOKEN_MAX];
    size_t size = pia_own_token_get(watch->options.own_token, token);
    if (size == 0)
        return;
    json_t *filter = json_pack("{s:[ss]}", "types", "principal.revoked", "clock.advanced");
    assert(filter);
    pia_subscribe_t options = {.token = token,
                               .token_size = size,
                               .cursor = watch->cursor,
                               .filter = filter,
                               .credit = CREDIT};
    pia_stream_subscribe(watch->options.stream, STREAM, &options);
    json_decref(filter);
    watch->state = SUBSCRIBED;
}

/* `at` is wall-clock time; without it, all that was made until now is refused. */
static void handle_revoked(pia_watch_t *watch, const pia_event_t *event)
{
    const char *subject = pia_json_text(event->data, "subject");
    const char *text = pia_json_text(event->data, "at");
    int64_t at = 0;
    if (!text || !pia_time_parse(text, &at))
        at = pia_clock_wall();
    if (subject)
        pia_verifier_revoke(watch->options.verifier, subject, at);
}

static void handle_event(pia_watch_t *watch, const pia_event_t *event)
{
    if (strncmp(event->source, "/services/", 10) != 0)
        return; /* only services say such things */
    if (strcmp(event->type, "principal.revoked") == 0) {
        handle_revoked(watch, event);
    } else if (strcmp(event->type, "clock.advanced") == 0) {
        const json_t *shift = json_object_get(event->data, "shift_ms");
        if (json_is_integer(shift))
            pia_clock_set_shift(json_integer_value(shift));
        watch->dirty = true;
    }
}

static void see(pia_watch_t *watch, const char *cursor)
{
    memset(watch->cursor, 0, PIA_CURSOR_SIZE);
    strncpy(watch->cursor, cursor, PIA_CURSOR_SIZE - 1);
}

void pia_watch_message(pia_watch_t *watch, const pia_stream_message_t *message)
{
    if (watch->state != SUBSCRIBED || message->stream != STREAM)
        return;
    switch (message->kind) {
    case PIA_STREAM_EVENT:
        handle_event(watch, message->event);
        pia_stream_credit(watch->options.stream, STREAM, 1);
        break;
    case PIA_STREAM_PROGRESS:
    case PIA_STREAM_GAP:
        see(watch, message->cursor);
        break;
    case PIA_STREAM_EPOCH:
        see(watch, message->cursor);
        watch->state = READY;
        break;
    case PIA_STREAM_ERROR:
        pia_log(PIA_LOG_DEBUG, "the watching stream has ended: %s", message->problem->detail);
        pia_watch_lost(watch);
        break;
    default:
        break;
    }
}

void pia_watch_lost(pia_watch_t *watch)
{
    if (watch->state != SUBSCRIBED)
        return;
    watch->state = READY;
    wait_a_moment(watch);
}

static void settle(pia_watch_t *watch, int64_t now)
{
    if (now - watch->aging_ms < KEPT_MS)
        return;
    memcpy(watch->settled, watch->aging, PIA_CURSOR_SIZE);
    memcpy(watch->aging, watch->cursor, PIA_CURSOR_SIZE);
    watch->aging_ms = now;
}

static bool has_news(const pia_watch_t *watch)
{
    return watch->dirty || strcmp(watch->stored, watch->settled) != 0;
}

void pia_watch_renew(pia_watch_t *watch, const void *token, size_t size)
{
    pia_stream_renew(watch->options.stream, STREAM, token, size);
}

void pia_watch_tick(pia_watch_t *watch, int64_t monotonic_ms)
{
    if (monotonic_ms < watch->until_ms)
        return;
    if (watch->state == SUBSCRIBED)
        settle(watch, monotonic_ms);
    if (watch->state == BEGINNING)
        load(watch);
    else if (watch->state == READY)
        subscribe(watch);
    else if (watch->state == SUBSCRIBED && !watch->storing && has_news(watch))
        store(watch);
}

pia_watch_t *pia_watch_new(const pia_watch_options_t *options)
{
    pia_watch_t *watch = pia_alloc(sizeof *watch);
    watch->options = *options;
    return watch;
}

void pia_watch_stop(pia_watch_t *watch)
{
    watch->state = STOPPED;
}

void pia_watch_destroy(pia_watch_t **watch_p)
{
    free(*watch_p);
    *watch_p = NULL;
}
