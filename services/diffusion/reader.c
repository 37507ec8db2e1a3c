/* reader.c - reads the journal for streams that are behind. */
#include "reader.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pia/db.h"
#include "pia/memory.h"

#include "epoch.h"
#include "journal_head.h"
#include "journal_read.h"

enum {
    PAGE_SIZE_MAX = 256 * 1024,
    RECENT_MAX = 32, /* rows: at most about 10 MiB */
};

typedef struct {
    read_t *first, *last;
} list_t;

struct reader {
    pia_loop_t *loop;            /* not owned */
    pia_db_t *db;                /* the thread's */
    damage_t *damage;            /* not owned */
    batch_t *recent[RECENT_MAX]; /* the thread's: rows it has read last; NULL: none */
    size_t next_recent;          /* to be replaced */
    atomic_bool forget;          /* `recent` is not to be used any more */
    atomic_ullong rows;          /* read from disk for somebody */
    pthread_t thread;
    int wake;               /* eventfd: something is in `finished` */
    pthread_mutex_t mutex;  /* guards all that follows */
    pthread_cond_t arrived; /* something is in `waiting`, or stopping */
    list_t waiting;
    list_t finished;
    bool stopping;
};

static void list_append(list_t *list, read_t *read)
{
    read->next = NULL;
    if (list->last)
        list->last->next = read;
    else
        list->first = read;
    list->last = read;
}

static read_t *list_take(list_t *list)
{
    read_t *read = list->first;
    if (!read)
        return NULL;
    list->first = read->next;
    if (!list->first)
        list->last = NULL;
    return read;
}

void read_destroy(read_t **read_p)
{
    read_t *read = *read_p;
    for (size_t i = 0; i < read->count; i++)
        batch_release(&read->batches[i]);
    free(read);
    *read_p = NULL;
}

static void forget_recent(reader_t *self)
{
    for (size_t i = 0; i < RECENT_MAX; i++)
        batch_release(&self->recent[i]);
}

/* Those who replay the journal at the same time are never far from each other: a row that one has
 * asked for is given to the others without reading it again (measured: 100 streams over 28 MB, 1.0
 * s of the thread without it). */
static batch_t *find_recent(reader_t *self, uint64_t sequence)
{
    for (size_t i = 0; i < RECENT_MAX; i++) {
        batch_t *batch = self->recent[i];
        if (batch && batch->first <= sequence && sequence - batch->first < batch->good)
            return batch_retain(batch);
    }
    return NULL;
}

static pia_status_t
read_row(reader_t *self, const read_t *read, uint64_t sequence, batch_t **ret_batch)
{
    *ret_batch = find_recent(self, sequence);
    if (*ret_batch)
        return PIA_OK;
    pia_status_t status = journal_read_batch(self->db, sequence, ret_batch);
    if (status != PIA_OK)
        return status;
    if (read->counted)
        atomic_fetch_add(&self->rows, 1);
    batch_t **place = &self->recent[self->next_recent++ % RECENT_MAX];
    batch_release(place);
    *place = batch_retain(*ret_batch);
    return PIA_OK;
}

/* Whether the journal's head says that there is such an event. */
static bool is_missing(pia_db_t *db, uint64_t sequence)
{
    receipt_t end;
    return journal_read_end(db, &end) == PIA_OK && sequence <= end.sequence;
}

/* Where several instances write, an idle one learns here what another has found damaged: it looks
 * for their events all the time. */
static void learn(const reader_t *self)
{
    damage_note_t note;
    if (pia_db_is_shared(self->db) && journal_head_read_note(self->db, &note) == PIA_OK &&
        note.known)
        damage_found(self->damage, note.good, note.detail);
}

static void read_page(reader_t *self, read_t *read)
{
    uint64_t sequence = read->after.sequence + 1;
    size_t size = 0;
    while (read->count < READ_BATCHES_MAX && size < PAGE_SIZE_MAX) {
        batch_t *batch = NULL;
        read->status = read_row(self, read, sequence, &batch);
        if (read->status != PIA_OK)
            break;
        size += batch->memory;
        sequence = batch_last(batch) + 1;
        read->batches[read->count++] = batch;
    }
    if (read->status == PIA_NOT_FOUND)
        learn(self);
    if (read->status == PIA_NOT_FOUND && is_missing(self->db, sequence))
        read->status = PIA_INTERNAL;
    if (read->status == PIA_INTERNAL)
        damage_look(self->damage, self->db, sequence);
    if (read->count)
        read->status = PIA_OK;
}

/* Whether the answer says no more than that the database has to follow: the place is of the present
 * epoch and lies between what it has and what is committed, or what comes next does. */
static bool has_to_follow(reader_t *self, const read_t *read)
{
    receipt_t end;
    uint64_t needed = read->after.sequence + (read->status == PIA_NOT_FOUND);
    if (read->status != PIA_GONE && read->status != PIA_NOT_FOUND)
        return false;
    return needed <= read->committed && journal_read_end(self->db, &end) == PIA_OK &&
           end.sequence < needed && (read->status != PIA_GONE || end.epoch == read->after.epoch);
}

/* One snapshot for the whole answer. */
static void answer(reader_t *self, read_t *read)
{
    if (atomic_exchange(&self->forget, false))
        forget_recent(self);
    read->status = pia_db_begin(self->db);
    if (read->status != PIA_OK) {
        read->status = PIA_UNAVAILABLE;
        return;
    }
    if (read->locate)
        read->status = journal_locate(self->db, &read->after, &read->common);
    if (read->status == PIA_OK)
        read_page(self, read);
    else if (read->status == PIA_INTERNAL)
        damage_look(self->damage, self->db, read->after.sequence);
    if (has_to_follow(self, read))
        read->status = PIA_UNAVAILABLE;
    pia_db_rollback(self->db);
}

static void hand_over(reader_t *self, read_t *read)
{
    pthread_mutex_lock(&self->mutex);
    list_append(&self->finished, read);
    pthread_mutex_unlock(&self->mutex);
    uint64_t one = 1;
    ssize_t written = write(self->wake, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

static void *reader_thread(void *arg)
{
    reader_t *self = arg;
    pthread_mutex_lock(&self->mutex);
    while (!self->stopping) {
        read_t *read = list_take(&self->waiting);
        if (!read) {
            pthread_cond_wait(&self->arrived, &self->mutex);
            continue;
        }
        bool wanted = !read->cancelled;
        pthread_mutex_unlock(&self->mutex);
        read->status = PIA_UNAVAILABLE;
        if (wanted)
            answer(self, read);
        hand_over(self, read);
        pthread_mutex_lock(&self->mutex);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

static void finish_reads(void *arg)
{
    reader_t *self = arg;
    uint64_t count = 0;
    ssize_t got = read(self->wake, &count, sizeof count);
    assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
    pthread_mutex_lock(&self->mutex);
    list_t finished = self->finished;
    self->finished = (list_t){0};
    pthread_mutex_unlock(&self->mutex);
    read_t *done = NULL;
    while ((done = list_take(&finished)))
        done->done(done->arg, done);
}

pia_status_t reader_new(const char *url,
                        pia_loop_t *loop,
                        damage_t *damage,
                        reader_t **ret_reader,
                        pia_problem_t *problem)
{
    pia_db_t *db = NULL;
    pia_status_t status = pia_db_open(url, PIA_DB_READER, &db, problem);
    if (status != PIA_OK)
        return status;
    reader_t *self = pia_alloc(sizeof *self);
    self->loop = loop;
    self->db = db;
    self->damage = damage;
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(self->wake >= 0);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->arrived, NULL);
    pia_loop_add_descriptor(loop, self->wake, finish_reads, self);
    int rc = pthread_create(&self->thread, NULL, reader_thread, self);
    assert(rc == 0);
    *ret_reader = self;
    return PIA_OK;
}

void reader_destroy(reader_t **self_p)
{
    reader_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock(&self->mutex);
    self->stopping = true;
    pthread_cond_signal(&self->arrived);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
    read_t *read = NULL;
    while ((read = list_take(&self->waiting))) {
        read->status = PIA_UNAVAILABLE;
        list_append(&self->finished, read);
    }
    finish_reads(self);
    pia_loop_remove_descriptor(self->loop, self->wake);
    close(self->wake);
    forget_recent(self);
    pia_db_close(&self->db);
    pthread_cond_destroy(&self->arrived);
    pthread_mutex_destroy(&self->mutex);
    free(self);
    *self_p = NULL;
}

void reader_forget(reader_t *self)
{
    atomic_store(&self->forget, true);
}

uint64_t reader_rows(reader_t *self)
{
    return atomic_load(&self->rows);
}

void reader_ask(reader_t *self, read_t *read)
{
    read->counted = read->asker != NULL; /* which a cancel may change while the thread looks */
    pthread_mutex_lock(&self->mutex);
    list_append(&self->waiting, read);
    pthread_cond_signal(&self->arrived);
    pthread_mutex_unlock(&self->mutex);
}

void reader_cancel(reader_t *self, read_t *read)
{
    read->asker = NULL;
    pthread_mutex_lock(&self->mutex);
    read->cancelled = true;
    pthread_mutex_unlock(&self->mutex);
}
