/* fuzz_marker.c - an event that says that it is a marker of removed events. */
#include "fuzz.h"

#include "marker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    marker_t *marker = calloc(1, sizeof *marker);
    if (marker && marker_read(bytes, taken, marker)) {
        FUZZ_CHECK(marker->range_count >= 1 && marker->range_count <= MARKER_RANGES_MAX);
        for (size_t i = 0; i < marker->range_count; i++) {
            FUZZ_CHECK(marker->ranges[i].first <= marker->ranges[i].last);
            FUZZ_CHECK(marker_has(marker, marker->ranges[i].first));
            FUZZ_CHECK(marker_has(marker, marker->ranges[i].last));
            FUZZ_CHECK(!i || marker->ranges[i - 1].last < marker->ranges[i].first);
        }
        FUZZ_CHECK(!marker_has(marker, 0));
        (void)marker_is_signed(marker);
    }
    free(marker);
    free(bytes);
    return 0;
}
