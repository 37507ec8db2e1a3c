/* stream_private.h - publishing texts that are JSON already, byte for byte (the relay: a repeat
 * must be the same bytes, or the journal takes it for another event). */
#ifndef PIA_STREAM_PRIVATE_H
#define PIA_STREAM_PRIVATE_H

#include <zmq.h>

#include "pia/stream.h"

/* A batch: the events' frame is made by adding 1 to 1000 texts. */
typedef struct {
    uint8_t *bytes; /* owned */
    size_t size, room;
    size_t count;
} pia_batch_t;

enum { PIA_BATCH_MAX = 1000 };

void pia_batch_add(pia_batch_t *batch, const char *text, size_t size);
void pia_batch_clear(pia_batch_t *batch);

/* `after`: a cursor of the history that it goes on from; in another one it is refused (CONFLICT at
 * "/after"). NULL or "": wherever. */
void pia_stream_publish_batch(pia_stream_t *stream,
                              uint64_t request,
                              const void *token,
                              size_t token_size,
                              const char *after,
                              const pia_batch_t *batch);

/* The same of a message that holds the events' frame, by reference: not copied, and it can be sent
 * again. */
void pia_stream_publish_message(pia_stream_t *stream,
                                uint64_t request,
                                const void *token,
                                size_t token_size,
                                const char *after,
                                zmq_msg_t *events);

/* Called with the cursor up to which two backups hold the journal, whenever a welcome names one:
 * at the beginning of a connection, and again when it has grown. */
typedef void pia_backed_up_fn(void *arg, const char *cursor);
void pia_stream_on_backed_up(pia_stream_t *stream, pia_backed_up_fn *fn, void *arg);

/* Moves the batch's bytes into a message, which the caller closes; the batch is empty again. */
void pia_batch_move(pia_batch_t *batch, zmq_msg_t *ret_message);

#endif
