/* attachment.h - files of a dossier's pieces. Store thread. */
#ifndef ATTACHMENT_H
#define ATTACHMENT_H

#include <jansson.h>

#include "upload.h"

typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    char piece[UPLOAD_PIECE_SIZE];
    char name[UPLOAD_NAME_SIZE];
    char type[128];
    char hash[BLOB_HASH_SIZE];
    int64_t size, added_ms;
    int64_t filed; /* number in the history; 0: not filed */
} attachment_t;

pia_status_t attachment_insert(pia_db_t *db, const char *dossier, const attachment_t *attachment);
/* PIA_NOT_FOUND: no such attachment in this dossier. */
pia_status_t
attachment_find(pia_db_t *db, const char *dossier, const char *id, attachment_t *ret_attachment);
pia_status_t attachment_remove(pia_db_t *db, const char *id);
json_t *attachment_json(const attachment_t *attachment);

/* Proto's attachments of a dossier, oldest first; the caller owns the array. */
pia_status_t attachment_list(pia_db_t *db, const char *dossier, json_t **ret_attachments);

/* Marks what is not filed as filed with entry `number`. */
pia_status_t attachment_file(pia_db_t *db, const char *dossier, int64_t number);

/* Whether a piece has a file that was added after an instant (0: any). */
pia_status_t attachment_has(
    pia_db_t *db, const char *dossier, const char *piece, int64_t after_ms, bool *ret_has);

#endif
