/* publication_store.h - the table of publications. Store thread. */
#ifndef DIFFUSION_PUBLICATION_STORE_H
#define DIFFUSION_PUBLICATION_STORE_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/db.h"
#include "proto/publication.h"

/* Reads a resource by id; the caller owns it. PIA_NOT_FOUND. */
pia_status_t publication_read(pia_db_t *db, const char *id, json_t **ret_resource);

/* Writes a resource over what is there; a new one is listed at `now_ms`, as is a draft that is
 * published. `sequence`: the event's that makes it so, 0 for a draft. */
pia_status_t
publication_write(pia_db_t *db, const json_t *resource, int64_t now_ms, uint64_t sequence);

/* Adds up to `limit` resources that events after `sequence` have written, by their ids. */
pia_status_t publication_after(pia_db_t *db, uint64_t sequence, int64_t limit, json_t *resources);

pia_status_t publication_remove(pia_db_t *db, const char *id);

/* A page, newest first: {"items", "next"}; the caller owns it. `network`: also what only the
 * network sees. PIA_INVALID: `after` is none of ours. */
pia_status_t publication_list(pia_db_t *db,
                              const pia_diffusion_publication_list_t *query,
                              bool network,
                              json_t **ret_page,
                              pia_problem_t *problem);

#endif
