/* frame.h - the records of one DATA frame, built once: whoever stands at the same place with the
 * same filter and the same rights is given the same one. */
#ifndef DIFFUSION_FRAME_H
#define DIFFUSION_FRAME_H

#include <stdatomic.h>

#include "pia/principal.h"

#include "batch.h"
#include "filter.h"

/* For whom a frame is. Borrowed. */
typedef struct {
    const filter_t *filter;
    const pia_principal_t *principal;
    uint8_t visible; /* BATCH_*: the visibilities that it sees whole */
} frame_view_t;

/* Shared by reference. */
typedef struct {
    atomic_uint references;
    atomic_uint messages; /* that carry it and are on their way */
    cursor_t after, to;   /* it covers (after, to] of the journal */
    uint32_t count;       /* of records; 0: the view hides all of them */
    const uint8_t *bytes;
    size_t size;
    batch_t *batch; /* holds the bytes; NULL: they are `own` */
    uint8_t own[];
} frame_t;

frame_view_t frame_view(const filter_t *filter, const pia_principal_t *principal);

/* A frame of records `after` + 1 to `to` of the batch, without a copy; or of these bytes, copied.
 */
frame_t *frame_of_batch(batch_t *batch, const cursor_t *after, const cursor_t *to);
frame_t *
frame_of_bytes(const buffer_t *records, uint32_t count, const cursor_t *after, const cursor_t *to);

frame_t *frame_retain(frame_t *self);
/* Any thread. */
void frame_release(frame_t *self);

/* The last frames that were built. Loop thread. */
typedef struct frame_cache frame_cache_t;
frame_cache_t *frame_cache_new(void);
void frame_cache_destroy(frame_cache_t **self_p);

/* Forgets them all: what they hold has changed. */
void frame_cache_clear(frame_cache_t *self);

/* A frame that begins after this place for this view with at most `count_max` records; NULL: none.
 * Borrowed until the next call. */
frame_t *frame_cache_find(frame_cache_t *self,
                          const cursor_t *after,
                          const frame_view_t *view,
                          uint32_t count_max);

/* Keeps the frame, by a reference of its own. `restricted`: it depends on more of the principal
 * than what it sees whole. */
void frame_cache_add(frame_cache_t *self,
                     frame_t *frame,
                     const frame_view_t *view,
                     bool restricted);

#endif
