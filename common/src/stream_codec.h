/* stream_codec.h - reading PIAD01's frames: every size and count is checked, nothing is assumed. */
#ifndef PIA_STREAM_CODEC_H
#define PIA_STREAM_CODEC_H

#include <stdbool.h>

#include "pia/event.h"
#include "pia/frames.h"
#include "pia/stream.h"
#include "pia/uuid.h"

/* Copies frame `index` as a cursor; false if it is not 1*10DIGIT "." 1*20DIGIT "." 8HEXDIG. */
bool pia_cursor_read(const pia_frames_t *frames, size_t index, char ret_cursor[PIA_CURSOR_SIZE]);
bool pia_cursor_is(const char *text, size_t size);

/* Big-endian numbers; the reading ones are false if the frame has another size. */
bool pia_frame_read32(const pia_frames_t *frames, size_t index, uint32_t *ret_value);
bool pia_frame_read64(const pia_frames_t *frames, size_t index, uint64_t *ret_value);
void pia_frame_add32(pia_frames_t *frames, uint32_t value);
void pia_frame_add64(pia_frames_t *frames, uint64_t value);

/* The "status" of a problem's JSON (may be NULL); PIA_INTERNAL for a word of another version. */
pia_status_t pia_problem_status(const json_t *json);

/* Reads frame `index` as receipts, and the UUID of their journal. The caller frees them; NULL: the
 * frame is not 1 to 1000 of them. */
pia_stream_receipt_t *pia_receipts_read(const pia_frames_t *frames,
                                        size_t index,
                                        char ret_journal[PIA_UUID_TEXT_SIZE],
                                        size_t *ret_count);

/* What tells one token from another: the first bytes of its signature; 0: it is empty. */
uint64_t pia_token_mark(const void *token, size_t size);

/* Reads frame `index` as a JSON object; NULL if it is none. The caller owns it. */
json_t *pia_frame_json(const pia_frames_t *frames, size_t index);

#endif
