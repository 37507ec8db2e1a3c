/* server_feed.c - new batches on their way to streams and to the live feed. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/log.h"
#include "pia/memory.h"

#include "backups.h"
#include "marker.h"
#include "revocations.h"
#include "server_private.h"

enum { RETRY_MS = 10 };

static void retry(void *arg)
{
    server_t *self = arg;
    pia_loop_remove_timer(self->diffusion->context->loop, self->retry_timer);
    self->retry_timer = 0;
    streams_retry(self->streams);
    server_run_streams(self);
}

/* What is left goes on in the next round of the loop, after the sockets. */
void server_run_streams(void *arg)
{
    server_t *self = arg;
    uint64_t one = 1;
    bool more = !self->draining && streams_run(self->streams);
    if (groups_run(self->groups) || more) {
        ssize_t written = write(self->wake, &one, sizeof one);
        assert(written == (ssize_t)sizeof one || errno == EAGAIN);
    }
    if (!self->draining && !self->retry_timer && streams_are_blocked(self->streams))
        self->retry_timer =
            pia_loop_add_timer(self->diffusion->context->loop, RETRY_MS, retry, self);
}

void server_go_on(void *arg)
{
    server_t *self = arg;
    uint64_t count = 0;
    ssize_t got = read(self->wake, &count, sizeof count);
    assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
    server_run_streams(self);
}

void server_drained(void *arg)
{
    server_t *self = arg;
    streams_drained(self->streams);
    server_run_streams(self);
}

/* A principal that lost its rights loses its streams, and its tokens are refused from now on. */
static void apply_revocation(server_t *self, const record_t *record)
{
    revocation_t revocation;
    pia_problem_t problem;
    json_t *event = json_loadb((const char *)record->event, record->event_size, 0, NULL);
    if (revocation_read(json_object_get(event, "data"), &revocation, &problem) == PIA_OK) {
        pia_verifier_revoke(self->diffusion->context->verifier, revocation.subject,
                            revocation.at_ms);
        streams_revoke(self->streams, revocation.subject);
        groups_revoke(self->groups, revocation.subject);
    }
    json_decref(event);
}

/* What is in memory of the events that were removed is as it was: it goes. */
static void apply_marker(server_t *self, const record_t *record)
{
    marker_t *marker = pia_alloc(sizeof *marker);
    if (marker_read(record->event, record->event_size, marker)) {
        ring_forget(self->ring, marker->ranges[marker->range_count - 1].last);
        reader_forget(self->reader);
        streams_forget(self->streams);
        groups_forget_pages(self->groups);
    }
    free(marker);
}

static bool is_revocation(const attributes_t *attributes)
{
    return strcmp(attributes->value[ATTRIBUTE_TYPE], "principal.revoked") == 0 &&
           strcmp(attributes->value[ATTRIBUTE_SOURCE], "/services/registry") == 0;
}

static void observe_one(server_t *self, const record_t *record, const attributes_t *attributes)
{
    if (is_revocation(attributes))
        apply_revocation(self, record);
    if (record->event && marker_is(attributes))
        apply_marker(self, record);
    if (self->live && record->cursor.sequence > self->live_after)
        live_publish(self->live, record, attributes);
}

/* Events with the same attributes are looked at once, unless it is for each of them. */
static void observe(server_t *self, const batch_t *batch)
{
    record_t record;
    record_run_t last = {0};
    attributes_t attributes = record_removed_attributes;
    bool heard = self->live && live_is_heard(self->live);
    bool each = false;
    for (uint64_t i = 0; i < batch->good; i++) {
        record_run_t run = batch_run(batch, batch->first + i);
        if (run.bytes != last.bytes) {
            batch_attributes(batch, batch->first + i, &attributes);
            each = heard || is_revocation(&attributes) || marker_is(&attributes);
        }
        last = run;
        if (each && batch_find(batch, batch->first + i, &record))
            observe_one(self, &record, &attributes);
    }
}

/* Rights first: a revocation ends streams before they can get what follows it. */
static void add_batch(server_t *self, batch_t *batch)
{
    if (ring_add(self->ring, batch)) {
        observe(self, batch);
        streams_wake(self->streams);
    } else if (batch->first == ring_head(self->ring)->sequence + 1) {
        pia_log(PIA_LOG_ERROR, "the journal is damaged from event %llu on: run journal verify",
                (unsigned long long)batch->first);
    } else if (batch->first > ring_head(self->ring)->sequence) {
        server_ask_tail(self); /* another instance wrote what comes before */
    }
}

void server_take_feed(server_t *self)
{
    batch_t *batch = NULL;
    while ((batch = feed_take(self->diffusion->feed))) {
        add_batch(self, batch);
        batch_release(&batch);
    }
    server_run_streams(self);
}

static void tail_read(void *arg, read_t *read)
{
    server_t *self = arg;
    self->tail = NULL;
    for (size_t i = 0; i < read->count; i++)
        add_batch(self, read->batches[i]);
    bool more = read->count == READ_BATCHES_MAX;
    read_destroy(&read);
    if (self->draining)
        return;
    if (more)
        server_ask_tail(self);
    server_run_streams(self);
}

void server_ask_tail(void *arg)
{
    server_t *self = arg;
    if (self->tail || self->draining)
        return;
    read_t *read = pia_alloc(sizeof *read);
    read->done = tail_read;
    read->arg = self;
    read->after = *ring_head(self->ring);
    self->tail = read;
    reader_ask(self->reader, read);
}

void server_look_for_tail(void *arg)
{
    server_take_feed(arg);
    server_ask_tail(arg);
}

static server_t *looking(pia_job_t *job)
{
    return (server_t *)(void *)((char *)job - offsetof(server_t, backups.job));
}

static pia_status_t run_backups(pia_job_t *job, pia_db_t *db)
{
    server_t *self = looking(job);
    pia_status_t status = backups_covered(db, &self->backups.found);
    self->backups.known = status == PIA_OK;
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* What cannot be read now is asked again. */
static void backups_done(pia_job_t *job, pia_status_t status)
{
    server_t *self = looking(job);
    char text[CURSOR_TEXT_SIZE];
    self->backups.busy = false;
    if (status != PIA_OK || !self->backups.known || self->draining)
        return;
    cursor_format(&self->backups.found, text);
    if (strcmp(text, self->backups.told) == 0)
        return;
    memcpy(self->backups.told, text, sizeof text);
    server_welcome_again(self);
}

void server_look_for_backups(void *arg)
{
    server_t *self = arg;
    bool reads_only = damage_is_known(guard_damage(self->diffusion->guard), NULL);
    if (self->backups.busy || self->draining || reads_only)
        return;
    self->backups.job = (pia_job_t){.run = run_backups, .done = backups_done};
    self->backups.busy =
        pia_executor_post(self->diffusion->context->executor, &self->backups.job) == PIA_OK;
}
