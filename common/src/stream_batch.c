/* stream_batch.c - the events of one publish, length-prefixed in one frame. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"
#include "stream_private.h"

void pia_batch_add(pia_batch_t *batch, const char *text, size_t size)
{
    assert(batch->count < PIA_BATCH_MAX && size > 0 && size <= PIA_EVENT_SIZE_MAX);
    if (batch->room - batch->size < size + 4) {
        batch->room = 2 * (batch->room + size + 4);
        batch->bytes = pia_realloc(batch->bytes, batch->room);
    }
    uint8_t *at = batch->bytes + batch->size;
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(size >> (24 - 8 * i));
    memcpy(at + 4, text, size);
    batch->size += size + 4;
    batch->count++;
}

void pia_batch_clear(pia_batch_t *batch)
{
    free(batch->bytes);
    *batch = (pia_batch_t){0};
}

static void free_bytes(void *bytes, void *hint)
{
    (void)hint;
    free(bytes);
}

void pia_batch_move(pia_batch_t *batch, zmq_msg_t *ret_message)
{
    int rc = zmq_msg_init_data(ret_message, batch->bytes, batch->size, free_bytes, NULL);
    assert(rc == 0);
    *batch = (pia_batch_t){0};
}

void pia_stream_publish_batch(pia_stream_t *stream,
                              uint64_t request,
                              const void *token,
                              size_t token_size,
                              const char *after,
                              const pia_batch_t *batch)
{
    zmq_msg_t message;
    int rc = zmq_msg_init_size(&message, batch->size);
    assert(rc == 0 && batch->count > 0);
    memcpy(zmq_msg_data(&message), batch->bytes, batch->size);
    pia_stream_publish_message(stream, request, token, token_size, after, &message);
    zmq_msg_close(&message);
}

void pia_stream_publish(pia_stream_t *stream,
                        uint64_t request,
                        const void *token,
                        size_t token_size,
                        const json_t *events)
{
    pia_batch_t batch = {0};
    size_t index;
    json_t *event;
    json_array_foreach((json_t *)events, index, event)
    {
        char *text = json_dumps(event, JSON_COMPACT);
        assert(text);
        pia_batch_add(&batch, text, strlen(text));
        free(text);
    }
    pia_stream_publish_batch(stream, request, token, token_size, NULL, &batch);
    pia_batch_clear(&batch);
}
