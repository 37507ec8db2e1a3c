/* upload.h - files on their way into a dossier, part after part; and how much a dossier holds.
 * Store thread. */
#ifndef UPLOAD_H
#define UPLOAD_H

#include <jansson.h>
#include <sodium.h>

#include "blob.h"
#include "pia/problem.h"
#include "pia/uuid.h"

enum { UPLOADS_MAX = 16 /* of a dossier */, UPLOAD_NAME_SIZE = 201, UPLOAD_PIECE_SIZE = 65 };

typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    char dossier[PIA_UUID_TEXT_SIZE];
    char piece[UPLOAD_PIECE_SIZE];
    char name[UPLOAD_NAME_SIZE];
    char sha256[BLOB_HASH_SIZE]; /* announced, or "" */
    int64_t size, held;
    crypto_hash_sha256_state hashing; /* over what is held */
    int64_t touched_ms;               /* wall clock */
} upload_t;

/* Whether a file may be called so: no folder, nothing that a screen would not show. */
bool upload_is_name(const char *name);
/* Whether it is 64 hexadecimal digits in lower case. */
bool upload_is_hash(const char *text);

/* The bytes of a part from their base64, for the caller to free. NULL: they are no base64 (RFC
 * 4648, with padding), or more than BLOB_PART_MAX. */
void *upload_decode(const char *content, size_t *ret_size);

/* How much of a part is new. */
typedef struct {
    size_t skip, take; /* bytes */
} upload_plan_t;

/* PIA_CONFLICT at /offset: it begins beyond what is held. PIA_INVALID at /content: it ends beyond
 * the file, or has no bytes. Pure. */
pia_status_t upload_plan(const upload_t *upload,
                         int64_t offset,
                         size_t size,
                         upload_plan_t *ret_plan,
                         pia_problem_t *problem);

pia_status_t upload_insert(pia_db_t *db, const upload_t *upload);
/* PIA_NOT_FOUND: no such upload in this dossier. */
pia_status_t upload_find(pia_db_t *db, const char *dossier, const char *id, upload_t *ret_upload);
/* Takes the bytes of a part that the store has written, and stores how far it is. */
pia_status_t upload_advance(pia_db_t *db, upload_t *upload, const void *bytes, size_t size);
pia_status_t upload_remove(pia_db_t *db, const char *id);

/* Proto's uploads of a piece, in order; the caller owns the array. */
pia_status_t upload_list(
    pia_db_t *db, const char *dossier, const char *piece, int64_t kept_ms, json_t **ret_uploads);
json_t *upload_json(const upload_t *upload, int64_t kept_ms);

typedef struct {
    int64_t bytes;   /* of all attachments and announced uploads */
    int64_t uploads; /* open */
    int64_t files;   /* of the piece: attachments and uploads */
} upload_use_t;
pia_status_t
upload_use(pia_db_t *db, const char *dossier, const char *piece, upload_use_t *ret_use);

/* Throws away some of what nobody has touched since `before_ms` (wall clock). */
pia_status_t upload_expire(pia_db_t *db, blob_store_t *blobs, int64_t before_ms);

#endif
