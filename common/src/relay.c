/* relay.c - one step at a time: look, send, wait for the receipt, record it, look again; on a new
 * connection first ask whether the journal's history is still the one that took the last event. */
#include "relay.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_token.h"
#include "pia/clock.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "relay_store.h"

enum {
    TIMER_MS = 200,         /* also how late what nobody has announced by a kick is seen */
    ANSWER_WAIT_MS = 30000, /* then it is asked or sent again */
    PAUSE_MS = 200,         /* doubling */
    PAUSE_MAX_MS = 5000,
    CHECK_STREAM = 1, /* asks whether the last receipt is still in the journal's history */
};

typedef enum {
    IDLE,
    STORING, /* the job is in the store thread */
    ASKING,  /* for the journal's history: what it lost goes before what is new */
    SENDING, /* a parcel is on its way */
    PAUSED,
} state_t;

typedef enum { STEP_UNPARK, STEP_RESEND, STEP_PURGE, STEP_FETCH, STEP_RECORD, STEP_PARK } step_t;

struct pia_relay {
    pia_job_t job; /* first; the only one, in state STORING */
    pia_relay_options_t options;
    pia_stream_t *stream;
    int timer_id;
    state_t state;
    bool leading, stopped;
    bool wanted;    /* something may be waiting */
    bool unparked;  /* done once a process */
    bool checked;   /* the journal's history was compared on this connection */
    size_t singles; /* so many are sent one by one, to find the one that is refused */
    step_t step;
    pia_parcel_t parcel;
    pia_stream_receipt_t *receipts; /* owned, in STEP_RECORD */
    size_t receipt_count;
    char common[PIA_CURSOR_SIZE];    /* for STEP_RESEND; "" if there is nothing to send again */
    char refusal[PIA_DETAIL_MAX];    /* for STEP_PARK */
    int64_t repeated;                /* of STEP_RESEND */
    bool lacks;                      /* of STEP_RESEND: not all of them are here any more */
    char backed_up[PIA_CURSOR_SIZE]; /* two backups hold the journal so far; "": not said yet */
    char purge_to[PIA_CURSOR_SIZE];  /* the same, for STEP_PURGE */
    int64_t purged;                  /* of STEP_PURGE */
    bool purge_due;                  /* something up to there may be left … */
    bool purge_next;                 /* … and it is its turn: one slice between two looks */
    uint64_t request;                /* the last publish */
    int64_t since_ms;                /* monotonic: when it was asked, or the parcel sent */
    int64_t until_ms, pause_ms;      /* of PAUSED */
    pia_relay_stats_t stats;
};

static void advance(pia_relay_t *relay);

static void pause_relay(pia_relay_t *relay, int64_t pause_ms)
{
    relay->state = PAUSED;
    relay->until_ms = pia_clock_monotonic() + pause_ms;
}

/* Something failed that may be better later. */
static void back_off(pia_relay_t *relay)
{
    pause_relay(relay, relay->pause_ms);
    relay->pause_ms *= 2;
    if (relay->pause_ms > PAUSE_MAX_MS)
        relay->pause_ms = PAUSE_MAX_MS;
}

/* Store thread. */
static pia_status_t resend(pia_relay_t *relay, pia_db_t *db)
{
    pia_status_t status = pia_outbox_lacks(db, relay->common, &relay->lacks);
    return status == PIA_OK ? pia_outbox_resend(db, relay->common, &relay->repeated) : status;
}

/* Store thread. Each step but the looking is fenced by the lease. */
static pia_status_t run_step(pia_job_t *job, pia_db_t *db)
{
    pia_relay_t *relay = (pia_relay_t *)job;
    pia_status_t status = pia_lease_check(db, relay->options.lease);
    if (status != PIA_OK)
        return status;
    switch (relay->step) {
    case STEP_UNPARK:
        return pia_outbox_unpark(db);
    case STEP_RESEND:
        return resend(relay, db);
    case STEP_PURGE:
        return pia_outbox_purge(db, relay->purge_to, &relay->purged);
    case STEP_FETCH:
        pia_parcel_clear(&relay->parcel);
        return pia_parcel_fill(db, relay->singles > 0 ? 1 : PIA_RELAY_BATCH_MAX, &relay->parcel);
    case STEP_RECORD:
        return pia_parcel_record(db, &relay->parcel, relay->receipts, relay->receipt_count);
    case STEP_PARK:
        return pia_parcel_park(db, &relay->parcel, relay->refusal);
    }
    return PIA_INTERNAL;
}

static void post(pia_relay_t *relay, step_t step)
{
    relay->step = step;
    relay->state = STORING;
    if (pia_executor_post(relay->options.executor, &relay->job) != PIA_OK)
        back_off(relay);
}

/* Asks the journal whether it still knows the last receipt: if not, it says EPOCH. */
static void ask_history(pia_relay_t *relay, const uint8_t *token, size_t size)
{
    relay->state = ASKING;
    relay->since_ms = pia_clock_monotonic();
    pia_stream_unsubscribe(relay->stream, CHECK_STREAM);
    pia_subscribe_t options = {
        .token = token, .token_size = size, .cursor = relay->parcel.last_cursor, .credit = 1};
    pia_stream_subscribe(relay->stream, CHECK_STREAM, &options);
}

static void send_parcel(pia_relay_t *relay, const uint8_t *token, size_t size)
{
    relay->state = SENDING;
    relay->since_ms = pia_clock_monotonic();
    pia_stream_publish_batch(relay->stream, ++relay->request, token, size,
                             relay->parcel.last_cursor, &relay->parcel.batch);
}

static void fetched(pia_relay_t *relay)
{
    uint8_t token[PIA_TOKEN_MAX];
    relay->checked = relay->checked || relay->parcel.last_cursor[0] == '\0';
    if (relay->checked && relay->parcel.count == 0) {
        relay->state = IDLE;
        relay->singles = 0;
        return;
    }
    size_t size = pia_own_token_get(relay->options.own_token, token);
    if (size == 0)
        pause_relay(relay, PAUSE_MS);
    else if (!relay->checked)
        ask_history(relay, token, size);
    else
        send_parcel(relay, token, size);
}

static void count_down_singles(pia_relay_t *relay)
{
    if (relay->singles > 0)
        relay->singles--;
}

static void resent(pia_relay_t *relay)
{
    pia_log(PIA_LOG_WARN, "the journal has a new epoch: %lld announcements after %s are sent again",
            (long long)relay->repeated, relay->common);
    if (relay->lacks)
        pia_log(PIA_LOG_ERROR,
                "the journal has lost what two backups held: announcements after %s may be "
                "missing, since they are not here any more; restore one of these to have them",
                relay->common);
    relay->stats.repeated += (uint64_t)relay->repeated;
    relay->common[0] = '\0';
    relay->wanted = true;
}

static void purged(pia_relay_t *relay)
{
    relay->stats.purged += (uint64_t)relay->purged;
    bool grew = strcmp(relay->purge_to, relay->backed_up) != 0;
    relay->purge_due = grew || relay->purged == PIA_OUTBOX_PURGE_MAX;
    relay->purge_next = false;
    relay->wanted = true;
}

/* On the loop's thread: a step has succeeded. */
static void step_succeeded(pia_relay_t *relay)
{
    relay->state = IDLE;
    switch (relay->step) {
    case STEP_UNPARK:
        relay->unparked = true;
        break;
    case STEP_RESEND:
        resent(relay);
        break;
    case STEP_PURGE:
        purged(relay);
        break;
    case STEP_FETCH:
        relay->purge_next = true;
        fetched(relay);
        break;
    case STEP_RECORD:
        relay->stats.sent += relay->parcel.count;
        count_down_singles(relay);
        relay->wanted = true;
        break;
    case STEP_PARK:
        relay->stats.refused++;
        count_down_singles(relay);
        relay->wanted = true;
        break;
    }
}

static void step_done(pia_job_t *job, pia_status_t status)
{
    pia_relay_t *relay = (pia_relay_t *)job;
    free(relay->receipts);
    relay->receipts = NULL;
    if (relay->stopped) {
        relay->state = IDLE;
        return;
    }
    if (status == PIA_OK) {
        if (relay->step != STEP_FETCH || relay->parcel.count > 0)
            relay->pause_ms = PAUSE_MS;
        step_succeeded(relay);
    } else {
        if (status == PIA_INVALID)
            pia_log(PIA_LOG_ERROR,
                    "the journal's receipts make no sense: the parcel is sent again");
        back_off(relay);
    }
    advance(relay);
}

/* Only what was found to be in the journal's history goes. */
static bool may_purge(const pia_relay_t *relay)
{
    return relay->checked && relay->purge_due && relay->purge_next && relay->backed_up[0] != '\0';
}

static void post_purge(pia_relay_t *relay)
{
    memcpy(relay->purge_to, relay->backed_up, sizeof relay->purge_to);
    post(relay, STEP_PURGE);
}

/* What is to be done next, when nothing is being done. */
static void advance(pia_relay_t *relay)
{
    if (relay->stopped || !relay->leading || relay->state != IDLE)
        return;
    if (!relay->unparked)
        post(relay, STEP_UNPARK);
    else if (relay->common[0] != '\0')
        post(relay, STEP_RESEND);
    else if (may_purge(relay))
        post_purge(relay);
    else if (relay->wanted) {
        relay->wanted = false;
        post(relay, STEP_FETCH);
    }
}

/* Whether the event itself is at fault, so that sending it again is of no use. */
static bool is_final(pia_status_t status)
{
    return status == PIA_INVALID || status == PIA_CONFLICT || status == PIA_TOO_LARGE ||
           status == PIA_FORBIDDEN || status == PIA_NOT_FOUND || status == PIA_GONE;
}

static void handle_refusal(pia_relay_t *relay, pia_status_t status, const char *detail)
{
    if (!is_final(status)) {
        pia_log(PIA_LOG_WARN, "the journal takes nothing now: %s", detail);
        back_off(relay);
    } else if (relay->parcel.count > 1) {
        relay->singles = relay->parcel.count;
        relay->wanted = true;
        relay->state = IDLE;
        advance(relay);
    } else {
        pia_log(PIA_LOG_ERROR, "announcement %lld is refused and its aggregate parked: %s",
                (long long)relay->parcel.numbers[0], detail);
        (void)snprintf(relay->refusal, sizeof relay->refusal, "%s", detail);
        post(relay, STEP_PARK);
    }
}

/* Between the history's check and this parcel the journal began a new epoch: the socket may connect
 * again before the stream has seen that it was gone. */
static void look_again(pia_relay_t *relay)
{
    relay->checked = false;
    relay->state = IDLE;
    relay->wanted = true;
    advance(relay);
}

static void handle_receipt(pia_relay_t *relay, const pia_stream_message_t *message)
{
    if (relay->state != SENDING || message->request != relay->request)
        return;
    if (message->status == PIA_CONFLICT && strcmp(message->problem->pointer, "/after") == 0) {
        look_again(relay);
        return;
    }
    if (message->status != PIA_OK) {
        handle_refusal(relay, message->status, message->problem->detail);
        return;
    }
    size_t size = message->receipt_count * sizeof *relay->receipts;
    relay->receipt_count = message->receipt_count;
    relay->receipts = pia_alloc(size);
    memcpy(relay->receipts, message->receipts, size);
    post(relay, STEP_RECORD);
}

/* The journal has said what is with its history. */
static void history_checked(pia_relay_t *relay)
{
    relay->checked = true;
    if (relay->state != ASKING)
        return;
    relay->state = IDLE;
    relay->wanted = true;
    advance(relay);
}

static void handle_error(pia_relay_t *relay, const char *detail)
{
    pia_log(PIA_LOG_WARN, "the journal says: %s", detail);
    if (relay->state == ASKING)
        back_off(relay);
}

static void handle_backed_up(void *arg, const char *cursor)
{
    pia_relay_t *relay = arg;
    (void)snprintf(relay->backed_up, sizeof relay->backed_up, "%s", cursor);
    relay->purge_due = true;
    advance(relay);
}

static void handle_lost(pia_relay_t *relay)
{
    relay->checked = false;
    relay->backed_up[0] = '\0';
    if (relay->state == SENDING || relay->state == ASKING)
        pause_relay(relay, PAUSE_MS);
}

static void handle_message(void *arg, const pia_stream_message_t *message)
{
    pia_relay_t *relay = arg;
    switch (message->kind) {
    case PIA_STREAM_RECEIPT:
        handle_receipt(relay, message);
        break;
    case PIA_STREAM_EVENT:
    case PIA_STREAM_RECORDS:
    case PIA_STREAM_PROGRESS:
    case PIA_STREAM_GAP: /* the history goes on from our last receipt: that is all we asked */
        pia_stream_unsubscribe(relay->stream, message->stream);
        history_checked(relay);
        break;
    case PIA_STREAM_EPOCH:
        memcpy(relay->common, message->cursor, strlen(message->cursor) + 1);
        history_checked(relay);
        break;
    case PIA_STREAM_ERROR:
        handle_error(relay, message->problem->detail);
        break;
    case PIA_STREAM_LOST:
        handle_lost(relay);
        break;
    }
}

static void process(void *arg)
{
    pia_relay_t *relay = arg;
    pia_stream_process(relay->stream);
}

static void tick(void *arg)
{
    pia_relay_t *relay = arg;
    int64_t now = pia_clock_monotonic();
    pia_stream_tick(relay->stream);
    if (relay->state == PAUSED && now >= relay->until_ms)
        relay->state = IDLE;
    bool waits = relay->state == SENDING || relay->state == ASKING;
    if (waits && now - relay->since_ms > ANSWER_WAIT_MS)
        relay->state = IDLE;
    pia_relay_kick(relay);
}

pia_relay_t *pia_relay_new(const pia_relay_options_t *options)
{
    pia_relay_t *relay = pia_alloc(sizeof *relay);
    relay->options = *options;
    relay->job.run = run_step;
    relay->job.done = step_done;
    relay->pause_ms = PAUSE_MS;
    relay->stream = pia_stream_new(options->endpoint, handle_message, relay);
    pia_stream_on_backed_up(relay->stream, handle_backed_up, relay);
    pia_loop_add_descriptor(options->loop, pia_stream_descriptor(relay->stream), process, relay);
    relay->timer_id = pia_loop_add_timer(options->loop, TIMER_MS, tick, relay);
    return relay;
}

void pia_relay_stop(pia_relay_t *relay)
{
    if (relay->stopped)
        return;
    relay->stopped = true;
    pia_loop_remove_timer(relay->options.loop, relay->timer_id);
    pia_loop_remove_descriptor(relay->options.loop, pia_stream_descriptor(relay->stream));
    pia_stream_destroy(&relay->stream);
}

void pia_relay_destroy(pia_relay_t **relay_p)
{
    pia_relay_t *relay = *relay_p;
    if (!relay)
        return;
    pia_relay_stop(relay);
    assert(relay->state != STORING);
    free(relay->receipts);
    pia_parcel_clear(&relay->parcel);
    free(relay);
    *relay_p = NULL;
}

void pia_relay_lead(pia_relay_t *relay, bool leading)
{
    relay->leading = leading;
    advance(relay);
}

void pia_relay_kick(pia_relay_t *relay)
{
    relay->wanted = true;
    advance(relay);
}

const pia_relay_stats_t *pia_relay_stats(const pia_relay_t *relay)
{
    return &relay->stats;
}
