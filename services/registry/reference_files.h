/* reference_files.h - the reference files' bytes: in the binary, or from a directory. */
#ifndef REGISTRY_REFERENCE_FILES_H
#define REGISTRY_REFERENCE_FILES_H

#include <stddef.h>

#include "pia/problem.h"

typedef struct {
    const char *bytes;
    size_t size;
    char *owned; /* NULL for bytes in the binary */
} reference_file_t;

/* Finds "poles.json", "communes.tsv" … in `directory`, or in the binary if that is "".
 * PIA_NOT_FOUND with the path. Release what was found. */
pia_status_t reference_file_read(const char *directory,
                                 const char *name,
                                 reference_file_t *ret_file,
                                 pia_problem_t *problem);
void reference_file_release(reference_file_t *file);

#endif
