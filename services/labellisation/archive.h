/* archive.h - files that become a zip, always the same bytes for the same files. Any thread. */
#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

typedef struct archive archive_t;

archive_t *archive_new(void);
void archive_destroy(archive_t **archive_p);

/* Adds a file; the name is copied, the bytes are taken. */
void archive_add(archive_t *archive, const char *name, void *bytes, size_t size);
/* Adds a text, which is copied; a JSON value, indented, members sorted. */
void archive_add_text(archive_t *archive, const char *name, const char *text);
void archive_add_json(archive_t *archive, const char *name, const json_t *json);

/* [{"name", "size", "sha256"}] of the files so far; the caller owns it. */
json_t *archive_list(const archive_t *archive);

/* The zip, for the caller to free. PIA_INTERNAL. */
pia_status_t archive_zip(const archive_t *archive, uint8_t **ret_bytes, size_t *ret_size);

#endif
