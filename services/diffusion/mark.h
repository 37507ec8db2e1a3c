/* mark.h - a note beside the database of the last event and the last change that were acknowledged,
 * so that a tail that was lost is noticed: a log of SQLite's that was cut or damaged, an old copy
 * put in place, a replica that was behind. Its loss costs nothing but this.
 *
 * It is overwritten after each commit and never synced: a power cut may leave an older one, never
 * one that is ahead of what is durable. */
#ifndef DIFFUSION_MARK_H
#define DIFFUSION_MARK_H

#include "pia/problem.h"
#include "pia/uuid.h"

#include "journal.h"

typedef struct {
    char journal[PIA_UUID_TEXT_SIZE];
    receipt_t head; /* without `duplicate` */
    uint64_t turn;  /* journal_turn */
} mark_t;

/* PIA_NOT_FOUND: there is no such file, or it is not whole. */
pia_status_t mark_read(const char *path, mark_t *ret_mark);

typedef struct mark_file mark_file_t;

/* Opens it for writing, made with mode 0600. PIA_UNAVAILABLE. */
pia_status_t mark_open(const char *path, mark_file_t **ret_file, pia_problem_t *problem);
void mark_close(mark_file_t **file_p);

/* Store thread. A failure is of no consequence. */
void mark_write(mark_file_t *file, const mark_t *mark);

#endif
