/* publication.h - what pôles publish: a projection of publication.* events; drafts are rows only.
 * A publication's resource is the JSON of proto/publication.schema.json. Store thread. */
#ifndef DIFFUSION_PUBLICATION_H
#define DIFFUSION_PUBLICATION_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/db.h"
#include "pia/fresh.h"
#include "pia/principal.h"

#include "entry.h"
#include "publishers.h"

/* A new draft from the body of diffusion.publication.create: id, version 1, dates, and the pôle's
 * own territory if none is named. The caller owns the result. */
json_t *publication_draft(const json_t *body, const publisher_t *publisher);

/* The resource with the content members of `changes` in place of its own; the caller owns it. */
json_t *publication_changed(json_t *resource, const json_t *changes);

/* Whether what begins ends later: PIA_INVALID pointing at /ends_at. */
pia_status_t publication_check(const json_t *resource, pia_problem_t *problem);

/* Moves the resource to where an event of this type brings it at `now_ms`: version, state, dates.
 * `present` is what was there, NULL if nothing. */
void publication_advance(json_t *resource, const char *type, const json_t *present, int64_t now_ms);

/* The event (publication.published, .changed or .cancelled) that tells of the resource. */
json_t *publication_event(const char *type, const json_t *resource);

/* An event, as it is appended. */
typedef struct {
    const entry_t *entry;
    int64_t now_ms;
    uint64_t sequence;
} publication_step_t;

/* Applies a publication.* event; the cache is to be told in `fresh`. PIA_INVALID, PIA_NOT_FOUND,
 * PIA_FORBIDDEN (another pôle's) or PIA_CONFLICT (not in a state for that). */
pia_status_t publication_apply(pia_db_t *db,
                               pia_fresh_t *fresh,
                               const publication_step_t *step,
                               pia_problem_t *problem);

/* What an event says of its publication, without what the life of that adds; the caller owns it.
 * PIA_INVALID. */
pia_status_t publication_of(const entry_t *entry, json_t **ret_resource, pia_problem_t *problem);

/* A publication was `present` (NULL: not there) and is now `resource`: what the cache is to be
 * told. */
void publication_refresh(pia_fresh_t *fresh, const json_t *present, const json_t *resource);

/* Keeps the resource for the cache, if everyone is shown it, and the same. */
void publication_keep(pia_fresh_t *fresh, const json_t *resource);
/* Keeps the first page of the public list, with nothing filtered, in this version. */
void publication_keep_list(pia_fresh_t *fresh, int64_t version, const json_t *page);

#endif
