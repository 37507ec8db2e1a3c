/* fuzz_header.c - the 32 bytes of a request: what is read is what is written. */
#include "fuzz.h"

#include "pia/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    pia_header_t header = {.flags = 0};
    if (pia_header_read(bytes, taken, &header)) {
        uint8_t written[PIA_HEADER_SIZE];
        pia_header_write(&header, written);
        FUZZ_CHECK(taken == PIA_HEADER_SIZE && memcmp(written, bytes, taken) == 0);
    }
    free(bytes);
    return 0;
}
