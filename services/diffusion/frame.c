/* frame.c - the records of one DATA frame. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

/* Streams with other filters or at other places come between: so more than one is kept. A frame
 * keeps at most a row, so this is a few MiB at most. */
enum { CACHE_SIZE = 16 };

typedef struct {
    frame_t *frame; /* NULL: free */
    filter_t *filter;
    pia_principal_t principal; /* of the first that it was for */
    uint8_t visible;
    bool restricted;
} place_t;

struct frame_cache {
    place_t places[CACHE_SIZE];
    size_t next; /* to be overwritten */
};

frame_view_t frame_view(const filter_t *filter, const pia_principal_t *principal)
{
    frame_view_t view = {.filter = filter, .principal = principal};
    if (pia_principal_sees(principal, "public", NULL))
        view.visible |= BATCH_PUBLIC;
    if (pia_principal_sees(principal, "network", NULL))
        view.visible |= BATCH_NETWORK;
    if (pia_principal_sees(principal, "restricted", NULL))
        view.visible |= BATCH_RESTRICTED;
    return view;
}

static frame_t *frame_new(const cursor_t *after, const cursor_t *to, size_t own)
{
    frame_t *self = malloc(sizeof *self + own);
    if (!self)
        abort();
    *self = (frame_t){.after = *after, .to = *to, .bytes = self->own, .size = own};
    atomic_init(&self->references, 1);
    atomic_init(&self->messages, 0);
    return self;
}

frame_t *frame_of_batch(batch_t *batch, const cursor_t *after, const cursor_t *to)
{
    frame_t *self = frame_new(after, to, 0);
    self->batch = batch_retain(batch);
    self->bytes = batch_bytes(batch, after->sequence + 1, to->sequence, &self->size);
    self->count = (uint32_t)(to->sequence - after->sequence);
    return self;
}

frame_t *
frame_of_bytes(const buffer_t *records, uint32_t count, const cursor_t *after, const cursor_t *to)
{
    frame_t *self = frame_new(after, to, records->size);
    self->count = count;
    if (records->size)
        memcpy(self->own, records->bytes, records->size);
    return self;
}

frame_t *frame_retain(frame_t *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

void frame_release(frame_t *self)
{
    if (atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel) != 1)
        return;
    batch_release(&self->batch);
    free(self);
}

frame_cache_t *frame_cache_new(void)
{
    return pia_alloc(sizeof(frame_cache_t));
}

static void clear(place_t *place)
{
    if (!place->frame)
        return;
    frame_release(place->frame);
    filter_destroy(&place->filter);
    place->frame = NULL;
}

void frame_cache_clear(frame_cache_t *self)
{
    for (size_t i = 0; i < CACHE_SIZE; i++)
        clear(&self->places[i]);
}

void frame_cache_destroy(frame_cache_t **self_p)
{
    frame_cache_t *self = *self_p;
    if (!self)
        return;
    frame_cache_clear(self);
    free(self);
    *self_p = NULL;
}

/* What a restriction may name: roles, a person, a structure. */
static bool same_rights(const pia_principal_t *a, const pia_principal_t *b)
{
    return a->roles == b->roles && strcmp(a->person, b->person) == 0 &&
           strcmp(a->structure, b->structure) == 0;
}

static bool is_for(const place_t *place, const cursor_t *after, const frame_view_t *view)
{
    return place->frame && cursor_equal(&place->frame->after, after) &&
           place->visible == view->visible && filter_equal(place->filter, view->filter) &&
           (!place->restricted || same_rights(&place->principal, view->principal));
}

frame_t *frame_cache_find(frame_cache_t *self,
                          const cursor_t *after,
                          const frame_view_t *view,
                          uint32_t count_max)
{
    for (size_t i = 0; i < CACHE_SIZE; i++) {
        const place_t *place = &self->places[i];
        if (is_for(place, after, view) && place->frame->count <= count_max)
            return place->frame;
    }
    return NULL;
}

void frame_cache_add(frame_cache_t *self, frame_t *frame, const frame_view_t *view, bool restricted)
{
    place_t *place = &self->places[self->next++ % CACHE_SIZE];
    clear(place);
    *place = (place_t){.frame = frame_retain(frame),
                       .filter = filter_copy(view->filter),
                       .principal = *view->principal,
                       .visible = view->visible,
                       .restricted = restricted};
}
