/* journal_log.h - the short way to durable, for what SQLite alone keeps: a commit that changes
 * nothing but the journal is written to the commit file (commit_file.h) and can be acknowledged;
 * SQLite follows behind on a second thread, many commits in one transaction, so that neither its
 * commits nor its checkpoints stand between a publish and its receipt.
 *
 * Whoever reads or changes anything in the database has it complete: journal_recall takes the
 * connection back from the second thread and puts in what was still missing. What is logged and not
 * there yet is in memory (dedup.h, ring.h) and in the file, from which it is replayed at the next
 * start (replay.h). Everything else goes SQLite's own way, as everything does where it stands in
 * PostgreSQL. Store thread, but for journal_behind. */
#ifndef DIFFUSION_JOURNAL_LOG_H
#define DIFFUSION_JOURNAL_LOG_H

#include "journal.h"

typedef struct {
    const char *path;  /* of the commit file */
    const char *url;   /* of the database, to be read while its writer is lent */
    size_t memory_max; /* of rows that SQLite does not have: who follows reads them from the ring */
    pia_db_t *db;      /* the writer; not owned */
    /* In either thread: the database's disk failed, or it is damaged. Does not return. */
    void (*on_fatal)(void *arg, const char *reason);
    void *arg;
} journal_log_options_t;

/* From now on commits may be logged; the journal is whole. PIA_UNAVAILABLE: there is no space. */
pia_status_t
journal_start_log(journal_t *self, const journal_log_options_t *options, pia_problem_t *problem);

/* Before the first job of a batch that might be logged; false: it has to be a transaction. If too
 * much waits for SQLite, it waits, too, or is false if it must not wait (`here`: on the loop's
 * thread). */
bool journal_may_log(journal_t *self, bool here);

/* What is done now cannot be done without the database: journal_log will refuse. */
void journal_need_store(journal_t *self);
bool journal_needs_store(const journal_t *self);

/* Writes what was appended since journal_may_log, and moves the journal's head behind it; if
 * `later`, on a third thread, so that the next events can be appended meanwhile. PIA_CONFLICT: it
 * cannot be logged, and was undone; PIA_UNAVAILABLE: the disk failed, *ret_reason says how. */
pia_status_t journal_log(journal_t *self, bool later, const char **ret_reason);
/* Waits until that is durable, and tells of it; *ret_wrote: there was something. Before the next
 * journal_log, and before journal_recall. PIA_UNAVAILABLE as above. */
pia_status_t journal_logged(journal_t *self, bool *ret_wrote, const char **ret_reason);

/* The connection is the store thread's again, and the database has all that is committed; if not,
 * journal_began says so. */
void journal_recall(journal_t *self);

/* After journal_recall: nothing of what the commit file held can be read from it any more.
 * PIA_UNAVAILABLE: the disk failed. */
pia_status_t journal_wipe_log(journal_t *self);

/* The next journal_logged lets SQLite follow, however little there is. */
void journal_follow(journal_t *self);
/* Whether SQLite does not have all yet. Any thread. */
bool journal_is_behind(const journal_t *self);

/* What journal.c needs of it. */
void journal_stop_log(journal_t *self);
pia_db_t *journal_log_reader(const journal_t *self);

#endif
