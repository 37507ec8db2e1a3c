/* damage.c - what is known to be damaged. */
#include "damage.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/durable_file.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "journal_read.h"

enum { FILE_MAX = 1024 };

struct damage {
    char *path;  /* owned */
    bool shared; /* the head row is where it is kept */
    atomic_ullong good;
    pthread_mutex_t mutex; /* guards what follows, and writing `good` */
    bool known, of_database;
    char detail[DAMAGE_DETAIL_SIZE];
};

/* {"good": N, "of_database": …, "detail": …}; a file that is no such thing says that all may be
 * damaged: it is there because something was. */
static void read_file(damage_t *self)
{
    char text[FILE_MAX];
    pia_problem_t problem = {0};
    pia_status_t status = pia_file_read(self->path, text, sizeof text, &problem);
    if (status == PIA_NOT_FOUND)
        return;
    json_t *json = status == PIA_OK ? json_loads(text, 0, NULL) : NULL;
    const char *detail = json_string_value(json_object_get(json, "detail"));
    self->known = !self->shared || json_is_true(json_object_get(json, "of_database"));
    self->good = (uint64_t)json_integer_value(json_object_get(json, "good"));
    self->of_database = json_is_true(json_object_get(json, "of_database"));
    (void)snprintf(self->detail, sizeof self->detail, "%s",
                   detail ? detail : "It was found damaged before.");
    json_decref(json);
}

static void write_file(damage_t *self)
{
    pia_problem_t problem = {0};
    if (self->shared && !self->of_database)
        return;
    json_t *json = json_pack("{s:I, s:b, s:s}", "good", (json_int_t)damage_good(self),
                             "of_database", self->of_database, "detail", self->detail);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (text && pia_file_write(self->path, text, strlen(text), 0600, false, &problem) != PIA_OK)
        pia_log(PIA_LOG_ERROR, "a restart will not know that the journal is damaged: %s",
                problem.detail);
    free(text);
    json_decref(json);
}

damage_t *damage_new(const char *path, bool shared)
{
    damage_t *self = pia_alloc(sizeof *self);
    self->path = pia_strdup(path);
    self->shared = shared;
    self->good = UINT64_MAX;
    pthread_mutex_init(&self->mutex, NULL);
    read_file(self);
    if (self->known)
        pia_log(PIA_LOG_ERROR, "%s says that the journal is damaged: %s", path, self->detail);
    return self;
}

void damage_destroy(damage_t **self_p)
{
    damage_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy(&self->mutex);
    free(self->path);
    free(self);
    *self_p = NULL;
}

bool damage_is_known(damage_t *self, pia_problem_t *problem)
{
    pthread_mutex_lock(&self->mutex);
    bool known = self->known;
    if (known && self->of_database)
        (void)pia_problem_set(
            problem, PIA_UNAVAILABLE, "",
            "The journal's database is damaged, so it is only read; restore a backup: %s",
            self->detail);
    else if (known)
        (void)pia_problem_set(problem, PIA_UNAVAILABLE, "",
                              "The journal is damaged after event %" PRIu64
                              ", so it is only read: %s",
                              damage_good(self), self->detail);
    pthread_mutex_unlock(&self->mutex);
    return known;
}

bool damage_is_of_database(damage_t *self)
{
    pthread_mutex_lock(&self->mutex);
    bool of_database = self->known && self->of_database;
    pthread_mutex_unlock(&self->mutex);
    return of_database;
}

uint64_t damage_good(damage_t *self)
{
    return atomic_load_explicit(&self->good, memory_order_acquire);
}

/* Holding the mutex. */
static void keep(damage_t *self, uint64_t good, bool of_database, const char *detail)
{
    self->known = true;
    if (good < damage_good(self))
        self->good = good;
    self->of_database = self->of_database || of_database;
    (void)snprintf(self->detail, sizeof self->detail, "%s", detail);
    if (of_database)
        pia_log(PIA_LOG_ERROR, "the journal's database is damaged: %s", detail);
    else
        pia_log(PIA_LOG_ERROR, "the journal is damaged after event %" PRIu64 ": %s", good, detail);
    write_file(self);
}

void damage_found(damage_t *self, uint64_t good, const char *detail)
{
    pthread_mutex_lock(&self->mutex);
    if (!self->known || good < damage_good(self))
        keep(self, good, false, detail);
    pthread_mutex_unlock(&self->mutex);
}

void damage_note(damage_t *self, damage_note_t *ret_note)
{
    pthread_mutex_lock(&self->mutex);
    *ret_note =
        (damage_note_t){.known = self->known && !self->of_database, .good = damage_good(self)};
    memcpy(ret_note->detail, self->detail, sizeof ret_note->detail);
    pthread_mutex_unlock(&self->mutex);
}

void damage_found_in_database(damage_t *self, const char *detail)
{
    pthread_mutex_lock(&self->mutex);
    if (!self->of_database)
        keep(self, damage_good(self), true, detail);
    pthread_mutex_unlock(&self->mutex);
}

void damage_look(damage_t *self, pia_db_t *db, uint64_t sequence)
{
    batch_t *batch = NULL;
    uint64_t good = sequence - 1;
    const char *detail = "The stored row is missing.";
    pia_status_t status = journal_read_row(db, sequence, &batch);
    if (status == PIA_INTERNAL)
        detail = pia_db_is_damaged(db) ? pia_db_error(db) : "The stored row cannot be read.";
    else if (status != PIA_OK && status != PIA_NOT_FOUND)
        return; /* out of reach now: it will be looked at again */
    if (batch && batch->damage) {
        detail = batch->damage;
        good = batch->first + batch->good - 1;
    }
    damage_found(self, good < sequence ? good : sequence - 1, detail);
    batch_release(&batch);
}

void damage_resolve(damage_t *self)
{
    pthread_mutex_lock(&self->mutex);
    size_t size = strlen(self->path) + 32;
    char *kept = pia_alloc(size);
    (void)snprintf(kept, size, "%s.%" PRId64, self->path, pia_clock_wall());
    if (self->known && rename(self->path, kept) != 0 && errno != ENOENT)
        pia_log(PIA_LOG_ERROR, "%s cannot be renamed: the next start finds it again", self->path);
    free(kept);
    self->known = self->of_database = false;
    self->good = UINT64_MAX;
    pthread_mutex_unlock(&self->mutex);
}
