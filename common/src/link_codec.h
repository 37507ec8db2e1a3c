/* link_codec.h - the bytes of ZMTP 3.0 with the mechanism NULL. */
#ifndef PIA_LINK_CODEC_H
#define PIA_LINK_CODEC_H

#include "pia/link.h"

enum {
    PIA_ZMTP_GREETING_SIZE = 64,
    PIA_ZMTP_HELLO_MAX = 128,   /* our greeting and READY */
    PIA_ZMTP_HEAD_MAX = 9,      /* of a frame */
    PIA_ZMTP_COMMAND_MAX = 512, /* the body of one; longer ones make no sense here */
    PIA_ZMTP_MORE = 1,
    PIA_ZMTP_LONG = 2,
    PIA_ZMTP_COMMAND = 4,
};

/* What we say first; returns its size. */
size_t pia_zmtp_hello(pia_link_side_t side, uint8_t ret_bytes[PIA_ZMTP_HELLO_MAX]);

/* Whether the `size` bytes (1 to PIA_ZMTP_GREETING_SIZE) may begin a greeting. */
bool pia_zmtp_is_greeting(const uint8_t *bytes, size_t size);

/* Whether a command's body is READY of who may talk to `side`. */
bool pia_zmtp_is_ready(pia_link_side_t side, const uint8_t *body, size_t size);

/* If a command's body is PING, the body of its PONG, which is not longer; 0: it is not. */
size_t pia_zmtp_pong(const uint8_t *body, size_t size, uint8_t *ret_body);

/* The head of a frame of `size` bytes; returns its own size. */
size_t pia_zmtp_write_head(uint8_t flags, size_t size, uint8_t ret_head[PIA_ZMTP_HEAD_MAX]);

typedef struct {
    size_t head_size; /* 0: more bytes are needed */
    uint8_t flags;
    uint64_t size;
} pia_zmtp_head_t;

/* False: this begins no frame. */
bool pia_zmtp_read_head(const uint8_t *bytes, size_t size, pia_zmtp_head_t *ret_head);

#endif
