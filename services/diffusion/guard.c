/* guard.c - opening, marking, beginning anew. */
#include "guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pia/log.h"
#include "pia/memory.h"

#include "backups.h"
#include "epoch.h"
#include "journal_head.h"
#include "mark.h"
#include "opening.h"

enum { NAME_SIZE = 512 };

static const char SQLITE[] = "sqlite:";

struct guard {
    char name[NAME_SIZE]; /* of the files, without their endings */
    bool embedded;        /* the database is the file of that name */
    char mark_name[NAME_SIZE];
    damage_t *damage;
    signer_t signer;
    mark_t mark; /* what was found at the beginning */
    bool marked;
    mark_file_t *mark_file; /* store thread; NULL until it is open */
    uint64_t written;       /* the sequence in it … */
    uint64_t written_turn;  /* … and the turn */
};

guard_t *guard_new(const pia_config_t *config)
{
    guard_t *self = pia_alloc(sizeof *self);
    char file[NAME_SIZE];
    const char *url = pia_config_text(config, "service", "database");
    const char *schema = strrchr(url, '#');
    self->embedded = strncmp(url, SQLITE, sizeof SQLITE - 1) == 0;
    if (self->embedded)
        (void)snprintf(self->name, sizeof self->name, "%.480s", url + sizeof SQLITE - 1);
    else
        (void)snprintf(self->name, sizeof self->name, "journal-%.64s", schema ? schema + 1 : "");
    (void)snprintf(self->mark_name, sizeof self->mark_name, "%.490s.mark", self->name);
    (void)snprintf(file, sizeof file, "%.490s.damaged", self->name);
    self->damage = damage_new(file, !self->embedded);
    self->marked = mark_read(self->mark_name, &self->mark) == PIA_OK;
    return self;
}

void guard_destroy(guard_t **self_p)
{
    guard_t *self = *self_p;
    if (!self)
        return;
    mark_close(&self->mark_file);
    damage_destroy(&self->damage);
    free(self);
    *self_p = NULL;
}

pia_status_t guard_look(guard_t *self, pia_problem_t *problem)
{
    struct stat file = {.st_size = 0};
    bool empty = self->embedded && (stat(self->name, &file) != 0 || file.st_size == 0);
    if (empty && self->marked && (self->mark.head.sequence > 0 || self->mark.turn > 0))
        return pia_problem_set(
            problem, PIA_UNAVAILABLE, "",
            "%s is gone or empty, and %s says that %" PRIu64 " events and %" PRIu64
            " changes were acknowledged: restore a backup, or remove that file "
            "for a journal that begins anew",
            self->name, self->mark_name, self->mark.head.sequence, self->mark.turn);
    if (damage_is_of_database(self->damage)) {
        (void)damage_is_known(self->damage, problem);
        return problem->status = PIA_INTERNAL;
    }
    return PIA_OK;
}

static pia_status_t
check_name(const guard_t *self, const journal_t *journal, pia_problem_t *problem)
{
    if (!self->marked || strcmp(self->mark.journal, journal_id(journal)) == 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, "",
                           "the database holds journal %s, and %s that of %s: remove that file if "
                           "this is meant",
                           journal_id(journal), self->mark_name, self->mark.journal);
}

static pia_status_t
open_signer(guard_t *self, pia_db_t *db, bool reads_only, pia_problem_t *problem)
{
    char path[NAME_SIZE];
    (void)snprintf(path, sizeof path, "%.490s.key", self->name);
    pia_status_t status = pia_signing_key_open(path, &self->signer, problem);
    if (status != PIA_OK || reads_only || signer_is_known(db, self->signer.public_key))
        return status;
    status = pia_db_begin(db);
    if (status == PIA_OK) {
        status = signer_note(db, self->signer.public_key);
        if (status == PIA_OK)
            status = pia_db_commit(db);
        else
            pia_db_rollback(db);
    }
    return status == PIA_OK
               ? PIA_OK
               : pia_problem_set(problem, status, "", "The journal's key cannot be noted.");
}

pia_status_t guard_note(guard_t *self, pia_db_t *db)
{
    damage_note_t note;
    damage_note(self->damage, &note);
    return note.known && pia_db_is_shared(db) ? journal_head_note(db, &note) : PIA_OK;
}

/* What other instances have found before this one was there. A head that cannot be read is found
 * by the look at the journal's end. */
static void learn(guard_t *self, pia_db_t *db, journal_t *journal)
{
    damage_note_t note = {.known = false};
    journal_learn_damage(journal, self->damage);
    if (journal_head_read_note(db, &note) == PIA_OK && note.known)
        damage_found(self->damage, note.good, note.detail);
}

/* What was found at the opening is noted before anybody is served. */
static pia_status_t note_alone(guard_t *self, pia_db_t *db, pia_problem_t *problem)
{
    if (!pia_db_is_shared(db))
        return PIA_OK;
    pia_status_t status = pia_db_begin(db);
    if (status == PIA_OK) {
        status = guard_note(self, db);
        if (status == PIA_OK)
            status = pia_db_commit(db);
        else
            pia_db_rollback(db);
    }
    return status == PIA_OK
               ? PIA_OK
               : pia_problem_set(problem, status, "", "The journal's damage cannot be noted: %s",
                                 pia_db_error(db));
}

static void tell_runs(guard_t *self, const journal_t *journal, const receipt_t *end)
{
    char detail[DAMAGE_DETAIL_SIZE] = "Its runs of fingerprints cannot be read.";
    if (journal_forgotten(journal))
        (void)snprintf(detail, sizeof detail,
                       "Runs of fingerprints are damaged: of %" PRIu64
                       " removed events nothing else knows that they were there.",
                       journal_forgotten(journal));
    damage_found(self->damage, end->sequence, detail);
}

pia_status_t guard_open(
    guard_t *self, pia_db_t *db, journal_t *journal, const char *reason, pia_problem_t *problem)
{
    receipt_t end = {.epoch = 1};
    pia_status_t status = check_name(self, journal, problem);
    if (status != PIA_OK)
        return status;
    if (reason)
        damage_found_in_database(self->damage, reason);
    learn(self, db, journal);
    status = opening_find_end(db, self->marked ? &self->mark : NULL, self->damage, &end);
    if (status == PIA_OK && !journal_is_whole(journal) && !damage_is_known(self->damage, NULL)) {
        tell_runs(self, journal, &end);
        status = opening_find_end(db, NULL, self->damage, &end);
    }
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The journal's end cannot be read: %s",
                               pia_db_error(db));
    if (status == PIA_OK)
        status = open_signer(self, db, reason != NULL, problem);
    if (status != PIA_OK)
        return status;
    if (damage_is_known(self->damage, NULL)) {
        mark_close(&self->mark_file);
        journal_end_at(journal, &end);
        return reason ? PIA_OK : note_alone(self, db, problem);
    }
    status = mark_open(self->mark_name, &self->mark_file, problem);
    if (status == PIA_OK)
        guard_committed(self, journal);
    return status;
}

void guard_committed(guard_t *self, const journal_t *journal)
{
    mark_t mark = {.turn = journal_turn(journal)};
    if (!self->mark_file)
        return;
    journal_committed_head(journal, &mark.head);
    if (mark.head.sequence == self->written && mark.turn == self->written_turn)
        return;
    self->written = mark.head.sequence;
    self->written_turn = mark.turn;
    (void)snprintf(mark.journal, sizeof mark.journal, "%s", journal_id(journal));
    mark_write(self->mark_file, &mark);
}

/* Nobody appends, or begins an epoch, from here to the commit; and nobody has begun one since this
 * instance looked. A head that cannot be read is what the new epoch mends. */
static pia_status_t lock_head(pia_db_t *db, const journal_t *journal, pia_problem_t *problem)
{
    receipt_t head = {.epoch = journal_epoch(journal)};
    receipt_t committed;
    damage_note_t note;
    pia_status_t status = journal_head_lock(db, &head, &note);
    if (status != PIA_OK && status != PIA_INTERNAL)
        return pia_problem_set(problem, status, "", "The journal is out of reach now.");
    if (status == PIA_OK && head.epoch != journal_epoch(journal))
        return pia_problem_set(problem, PIA_CONFLICT, "", "Epoch %" PRIu32 " has begun meanwhile.",
                               head.epoch);
    journal_committed_head(journal, &committed);
    if (journal_next(journal) != committed.sequence + 1)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "Events are being stored: try again.");
    return PIA_OK;
}

/* What services announced up to there may be gone from their outboxes. */
static void warn_of_backups(pia_db_t *db, const receipt_t *end)
{
    cursor_t covered;
    if (backups_covered(db, &covered) == PIA_OK && covered.sequence > end->sequence)
        pia_log(PIA_LOG_ERROR,
                "two backups hold the journal up to event %" PRIu64 ", and it ends at %" PRIu64
                ": announcements in between may be missing; restore one of them to have them",
                covered.sequence, end->sequence);
}

pia_status_t guard_begin_epoch(guard_t *self,
                               pia_db_t *db,
                               journal_t *journal,
                               const char *reason,
                               guard_begun_t *ret_begun,
                               pia_problem_t *problem)
{
    epoch_begin_t begin = {.above = self->marked ? self->mark.head.epoch : 0, .reason = reason};
    uint32_t epoch = 0;
    pia_status_t status = lock_head(db, journal, problem);
    if (status != PIA_OK)
        return status;
    if (damage_is_known(self->damage, NULL))
        status = opening_find_end(db, NULL, self->damage, &begin.end);
    else
        journal_committed_head(journal, &begin.end);
    if (status == PIA_OK) {
        warn_of_backups(db, &begin.end);
        status = epoch_begin(db, &begin, &epoch);
    }
    *ret_begun = (guard_begun_t){.end = begin.end};
    if (status == PIA_OK && !journal_is_whole(journal))
        status = journal_rebuild(journal, db, begin.end.sequence, &ret_begun->forgotten);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The epoch cannot begin: %s", pia_db_error(db));
    ret_begun->end.epoch = epoch;
    pia_log(PIA_LOG_WARN, "epoch %" PRIu32 " begins after event %" PRIu64 ": %s", epoch,
            begin.end.sequence, reason);
    if (ret_begun->forgotten)
        pia_log(PIA_LOG_WARN,
                "%" PRIu64 " removed events are not known any more: they could be published again",
                ret_begun->forgotten);
    return PIA_OK;
}

const signer_t *guard_signer(const guard_t *self)
{
    return &self->signer;
}

damage_t *guard_damage(guard_t *self)
{
    return self->damage;
}
