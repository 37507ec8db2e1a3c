/* blob_internal.h - between blob.c and its two ways to keep bytes. */
#ifndef BLOB_INTERNAL_H
#define BLOB_INTERNAL_H

#include "blob.h"

typedef struct {
    pia_status_t (*write)(
        blob_store_t *store, const char *upload, int64_t start, const void *bytes, size_t size);
    pia_status_t (*read)(blob_store_t *store,
                         const char *name,
                         int64_t start,
                         void *ret_bytes,
                         size_t size,
                         size_t *ret_size);
    /* `fresh`: the row of the blob was made now, so that its bytes are not here yet. */
    pia_status_t (*keep)(
        blob_store_t *store, const char *upload, const char *hash, int64_t size, bool fresh);
    pia_status_t (*drop)(blob_store_t *store, const char *name);
    void (*sweep)(blob_store_t *store);
} blob_ops_t;

struct blob_store {
    const blob_ops_t *ops;
    pia_db_t *db;
    const char *folder;
    unsigned swept; /* the next folder to look into */
};

extern const blob_ops_t blob_files, blob_rows;

/* Makes the folders. */
pia_status_t blob_files_prepare(blob_store_t *store, pia_problem_t *problem);

#endif
