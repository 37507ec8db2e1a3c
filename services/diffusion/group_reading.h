/* group_reading.h - the journal, batch by batch, for a group's scan or lane: from memory, or else
 * from the reader. Loop thread. */
#ifndef DIFFUSION_GROUP_READING_H
#define DIFFUSION_GROUP_READING_H

#include "reader.h"
#include "ring.h"

typedef struct {
    reader_t *reader; /* not owned, as the ring */
    ring_t *ring;
    void (*on_ready)(void *arg); /* what was asked for is there */
    void *arg;
    read_t *reading;                 /* a question on its way */
    batch_t *page[READ_BATCHES_MAX]; /* from disk */
    size_t page_count, page_next;
    bool damaged; /* the journal is, behind what was given last */
} group_reading_t;

/* The batch that holds event `sequence`, borrowed until the next call. NULL: it is asked for, or it
 * is behind the end of what this instance has seen, or damaged. */
const batch_t *group_reading_batch(group_reading_t *self, uint64_t sequence);

/* Forgets what it has and what it asked for. */
void group_reading_close(group_reading_t *self);

#endif
