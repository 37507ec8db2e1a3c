/* feed.h - committed batches on their way from the store thread to the loop's thread. */
#ifndef DIFFUSION_FEED_H
#define DIFFUSION_FEED_H

#include "batch.h"

typedef struct feed feed_t;

feed_t *feed_new(void);
void feed_destroy(feed_t **self_p);

/* Any thread: hands a batch over, by a reference of its own. The loop's thread takes it when the
 * executor wakes it for the acknowledgements of the same commit: one waking instead of two. */
void feed_push(feed_t *self, batch_t *batch);

/* Loop thread: the oldest batch, which the caller releases; NULL when there are no more. */
batch_t *feed_take(feed_t *self);

#endif
