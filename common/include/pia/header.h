/* header.h - the 32 bytes in the first body frame of our own requests and answers
 * (proto/README.md).
 *
 *   magic "PIA1" 4 | version 1 | flags 1 | number 2 | request id 16 | time left ms 8   (big-endian)
 *
 * In a request `number` is the message's x-number; in an answer it is the HTTP status and the
 * last 8 bytes are the version of the resource, or 0. */
#ifndef PIA_HEADER_H
#define PIA_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIA_HEADER_SIZE = 32, PIA_HEADER_VERSION = 1 };
enum { PIA_FLAG_REDELIVER = 1, PIA_FLAG_ANSWER = 128 };

typedef struct {
    uint8_t flags;
    uint16_t number;
    uint8_t id[16];
    uint64_t value; /* request: time left in ms; answer: version of the resource or 0 */
} pia_header_t;

void pia_header_write(const pia_header_t *header, uint8_t ret_bytes[PIA_HEADER_SIZE]);

/* False if the size, magic or version is another: the body is then plain MDP. */
bool pia_header_read(const void *bytes, size_t size, pia_header_t *ret_header);

#endif
