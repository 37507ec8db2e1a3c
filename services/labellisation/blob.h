/* blob.h - bytes of files: of uploads while they come, then of blobs, which are named by their
 * SHA-256 and never change. Beside SQLite they are files (FOLDER/uploads/ID, FOLDER/ab/HASH), in
 * PostgreSQL rows of blob_chunk. Which uploads and blobs there are stands in the tables `upload`
 * and `blob` alone; what no row names is swept away. Store thread. */
#ifndef BLOB_H
#define BLOB_H

#include <stdint.h>

#include "pia/db.h"

enum { BLOB_HASH_SIZE = 65 /* hexadecimal, with its NUL */, BLOB_PART_MAX = 512 * 1024 };

typedef struct blob_store blob_store_t;

/* Files in `folder` (made, mode 0700) if the database is SQLite, else rows. PIA_UNAVAILABLE: the
 * folder cannot be made. Keeps a pointer to `db` and `folder`. */
pia_status_t
blob_store_new(pia_db_t *db, const char *folder, blob_store_t **ret_store, pia_problem_t *problem);
void blob_store_destroy(blob_store_t **store_p);

/* Appends bytes to an upload of which `start` bytes are held; they are durable when the
 * transaction is. PIA_GONE: fewer are held. PIA_UNAVAILABLE: no space, or the disk failed. */
pia_status_t
blob_write(blob_store_t *store, const char *upload, int64_t start, const void *bytes, size_t size);

/* Reads up to `size` bytes of an upload or a blob (by its hash) from `start` on; *ret_size is less
 * only at its end. PIA_INTERNAL: it is not there. */
pia_status_t blob_read(blob_store_t *store,
                       const char *name,
                       int64_t start,
                       void *ret_bytes,
                       size_t size,
                       size_t *ret_size);

/* Makes a whole upload of `size` bytes the blob of this hash: its row in `blob`, durable bytes
 * first. One that is there already is used, never overwritten. */
pia_status_t blob_keep(blob_store_t *store, const char *upload, const char *hash, int64_t size);

/* An attachment of this blob was removed: if it was the last, the blob goes after a day. */
pia_status_t blob_release(blob_store_t *store, const char *hash);

/* The bytes of an upload whose row is removed. */
pia_status_t blob_drop(blob_store_t *store, const char *upload);

/* In a transaction, now and then: removes the rows of blobs that nothing has used for a day. */
pia_status_t blob_expire(blob_store_t *store, int64_t wall_ms);

/* Outside any transaction, just after one: removes some files that no row names. A file is linked
 * and its row committed without this thread coming here between, so none is removed too early. */
void blob_sweep(blob_store_t *store);

#endif
