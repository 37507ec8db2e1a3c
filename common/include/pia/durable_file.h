/* durable_file.h - small files that are there whole or not at all, also after a power cut. */
#ifndef PIA_DURABLE_FILE_H
#define PIA_DURABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "pia/problem.h"

/* Writes `size` bytes to `path` with `mode`: a temporary file, fsync, then a rename (an existing
 * file is replaced) or a link (`create`: PIA_CONFLICT if there is one already), fsync of the
 * folder. */
pia_status_t pia_file_write(const char *path,
                            const void *bytes,
                            size_t size,
                            mode_t mode,
                            bool create,
                            pia_problem_t *problem);

/* Gives a file that is durable itself another name, durably; what has that name is replaced. */
pia_status_t pia_file_rename(const char *from, const char *to, pia_problem_t *problem);

/* Reads a whole file of at most size_max - 1 bytes and ends it with a NUL. PIA_NOT_FOUND,
 * PIA_TOO_LARGE, PIA_UNAVAILABLE. */
pia_status_t
pia_file_read(const char *path, char *ret_text, size_t size_max, pia_problem_t *problem);

#endif
