/* section.h - the texts of a dossier, version after version. Store thread. */
#ifndef SECTION_H
#define SECTION_H

#include <jansson.h>

#include "content.h"
#include "matter.h"
#include "text.h"

enum { SECTION_VERSIONS_MAX = 200 }; /* kept of each, beside those that were filed */

/* A version as stored. */
typedef struct {
    int64_t version, size, saved_ms;
    bool filed;
    char text_hash[TEXT_HASH_SIZE];
    char author[64];
} section_t;

/* The newest version, or version `wanted` (> 0). PIA_NOT_FOUND: there is none. */
pia_status_t section_find(
    pia_db_t *db, const char *dossier, const char *name, int64_t wanted, section_t *ret_section);

typedef struct {
    const char *dossier, *name, *text, *author;
    int64_t base; /* the version that the writer has seen */
    int64_t saved_ms;
} section_save_t;

/* Stores the next version, unless the text is the same. PIA_CONFLICT (and not pia_db_is_retryable):
 * `base` is not the newest. */
pia_status_t section_save(pia_db_t *db, const section_save_t *save);

typedef struct {
    const char *dossier, *name;
    int64_t before; /* version; 0: from the newest */
    int64_t limit;
    bool authors; /* whether the reader may know them */
} section_query_t;

/* Versions, newest first, at most `limit` + 1, as proto's section_version; the caller owns the
 * array. */
pia_status_t section_versions(pia_db_t *db, const section_query_t *query, json_t **ret_items);

/* Marks the present versions as filed. On success the caller owns *ret_texts: section name ->
 * {"version", "blake2b"}. */
pia_status_t section_file(pia_db_t *db, const matter_t *dossier, json_t **ret_texts);

/* The names of required sections without a text; the caller owns the array. */
pia_status_t section_missing(pia_db_t *db, const matter_t *dossier, json_t **ret_names);

/* What differs between two texts as proto's section_change: the lines between what both begin and
 * end with. NULL if nothing does; the caller owns it. */
json_t *section_change(const char *before, const char *after);

#endif
