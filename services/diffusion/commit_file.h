/* commit_file.h - the file that makes a commit of the journal durable, before SQLite has it: one
 * write and one fdatasync into blocks that are there already, so that nothing but the bytes
 * themselves has to become durable.
 *
 * Measured here (ext4), 4 KiB: SQLite's commit 70 us; this, through the page cache, 52 us, and past
 * it (O_DIRECT) 36 us, with half the CPU; 256 KiB: 129 us and 97 us.
 *
 * It is a ring of commits (commit_entry.h), each free to be overwritten when commit_file_release
 * says that SQLite holds it durably. Which of them count is seen from themselves when it is read
 * (replay.h): there is no head that could be torn. Store thread. */
#ifndef DIFFUSION_COMMIT_FILE_H
#define DIFFUSION_COMMIT_FILE_H

#include "commit_entry.h"

enum {
    COMMIT_FILE_SIZE = 1 << 20,      /* at first; it doubles when it is full */
    COMMIT_FILE_SIZE_MAX = 16 << 20, /* what may wait for SQLite; replayed in 0.1 s */
};

typedef struct commit_file commit_file_t;

/* Opens it for writing from its beginning on, made with mode 0600 if it is not there.
 * PIA_UNAVAILABLE: it cannot be, for want of space perhaps; then nothing of it is left. */
pia_status_t commit_file_open(const char *path, commit_file_t **ret_file, pia_problem_t *problem);
void commit_file_close(commit_file_t **file_p);

/* A place in memory for the next commit of `size` bytes, a multiple of COMMIT_BLOCK; NULL: it is
 * full. */
uint8_t *commit_file_begin(commit_file_t *self, size_t size);
/* Writes what was put there, durably; any thread, until the next begin. PIA_UNAVAILABLE: the disk
 * failed; *ret_reason says how. */
pia_status_t commit_file_write(const commit_file_t *self, const char **ret_reason);
/* It was written, and its blocks are in use. */
void commit_file_keep(commit_file_t *self);

/* The oldest `count` commits may be overwritten. */
void commit_file_release(commit_file_t *self, size_t count);

/* Zeros over all that was released, durably, if anything was written since the last time; nothing
 * waits. PIA_UNAVAILABLE: the disk failed. */
pia_status_t commit_file_wipe(commit_file_t *self);

/* What commits that were not released take. */
size_t commit_file_used(const commit_file_t *self);

/* How the disk failed when the file was to grow or be wiped, static; NULL: it did not. */
const char *commit_file_broken(const commit_file_t *self);

/* The whole file as bytes, or NULL if it is not there or empty; the caller frees it. *ret_bad: so
 * many blocks the disk does not give; they are zeros. PIA_UNAVAILABLE: it cannot be opened. */
pia_status_t
commit_file_read(const char *path, uint8_t **ret_bytes, size_t *ret_size, size_t *ret_bad);

#endif
