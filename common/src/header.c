/* header.c - the 32 bytes in front of our own requests and answers. */
#include "pia/header.h"

#include <string.h>

static const uint8_t magic[4] = {'P', 'I', 'A', '1'};

void pia_header_write(const pia_header_t *header, uint8_t ret_bytes[PIA_HEADER_SIZE])
{
    memcpy(ret_bytes, magic, sizeof magic);
    ret_bytes[4] = PIA_HEADER_VERSION;
    ret_bytes[5] = header->flags;
    ret_bytes[6] = (uint8_t)(header->number >> 8);
    ret_bytes[7] = (uint8_t)header->number;
    memcpy(ret_bytes + 8, header->id, sizeof header->id);
    for (int i = 0; i < 8; i++) {
        ret_bytes[24 + i] = (uint8_t)(header->value >> (56 - 8 * i));
    }
}

bool pia_header_read(const void *bytes, size_t size, pia_header_t *ret_header)
{
    const uint8_t *in = bytes;
    if (size != PIA_HEADER_SIZE || memcmp(in, magic, sizeof magic) != 0 ||
        in[4] != PIA_HEADER_VERSION) {
        return false;
    }
    ret_header->flags = in[5];
    ret_header->number = (uint16_t)(in[6] << 8 | in[7]);
    memcpy(ret_header->id, in + 8, sizeof ret_header->id);
    ret_header->value = 0;
    for (int i = 0; i < 8; i++) {
        ret_header->value = ret_header->value << 8 | in[24 + i];
    }
    return true;
}
