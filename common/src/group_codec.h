/* group_codec.h - reading what members of groups are sent: every size is checked. */
#ifndef PIA_GROUP_CODEC_H
#define PIA_GROUP_CODEC_H

#include "pia/group.h"
#include "pia/record.h"

/* One of a WORK frame; the record's bytes are borrowed from it. */
typedef struct {
    uint64_t fence;
    uint32_t attempt;
    pia_stream_record_t record;
} pia_work_t;

/* Reads the item at *offset and moves it on. False: the frame is broken there (or ended). */
bool pia_work_read(const void *items, size_t size, size_t *offset, pia_work_t *ret_work);

/* One of a SETTLED frame. False as above. */
typedef struct {
    uint64_t sequence, fence;
    pia_task_outcome_t outcome;
} pia_settled_t;
bool pia_settled_read(const void *outcomes,
                      size_t size,
                      size_t *offset,
                      pia_settled_t *ret_settled);

/* The JSON of a JOIN; the caller owns it. */
json_t *pia_join_make(const pia_member_options_t *options);

/* Writes a pair of an ACK frame, 16 bytes. */
void pia_ack_write(uint8_t *at, uint64_t sequence, uint64_t fence);

#endif
