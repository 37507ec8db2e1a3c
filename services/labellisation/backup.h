/* backup.h - all that the labellisation holds beside SQLite, as a folder: labellisation.db and the
 * attached files under pieces/, each read against the SHA-256 that names it. PostgreSQL holds the
 * files itself, and its own tools copy them. Any thread; nothing else uses the folder. */
#ifndef BACKUP_H
#define BACKUP_H

#include <stddef.h>

#include "pia/problem.h"

enum { BACKUP_PATH_SIZE = 640 };

/* Where the service keeps its things. */
typedef struct {
    const char *database; /* path of the SQLite file */
    const char *pieces;   /* folder of files */
} backup_place_t;

/* Makes the folder, whole or not at all (FOLDER.partial is what was begun), while the service
 * works. PIA_CONFLICT: there is such a folder; PIA_INTERNAL: a file is damaged or missing.
 * *ret_files: how many. */
pia_status_t backup_make(const backup_place_t *place,
                         const char *folder,
                         size_t *ret_files,
                         pia_problem_t *problem);

/* Whether every file that the database names is there and what its name says: PIA_INTERNAL. */
pia_status_t backup_check(const char *folder, size_t *ret_files, pia_problem_t *problem);

/* Puts a folder that is checked in the service's place, which must not run (PIA_CONFLICT). The
 * database that was there becomes DATABASE.before, its log DATABASE.before-wal. */
pia_status_t backup_restore(const backup_place_t *place,
                            const char *folder,
                            size_t *ret_files,
                            pia_problem_t *problem);

#endif
