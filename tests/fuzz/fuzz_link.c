/* fuzz_link.c - a connection from anybody: any bytes, in any pieces, with a good greeting or not.
 */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "link_codec.h"

enum { FRAME_SIZE_MAX = 4096, PIECE_MAX = 512 };

/* False: the link is lost. */
static bool read_all(pia_link_t *link)
{
    pia_frames_t frames;
    pia_status_t status = PIA_OK;
    pia_link_wake(link);
    while (status == PIA_OK || status == PIA_TOO_LARGE) {
        pia_frames_init(&frames);
        status = pia_link_recv(link, &frames);
        FUZZ_CHECK(status == PIA_OK ? frames.count > 0 : frames.count == 0);
        for (size_t i = 0; i < frames.count; i++)
            FUZZ_CHECK(pia_frames_size(&frames, i) <= FRAME_SIZE_MAX);
        if (status == PIA_OK) /* back, as an answer */
            status = pia_link_send(link, &frames, 0);
        pia_frames_clear(&frames);
    }
    return status != PIA_UNAVAILABLE && pia_link_flush(link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    uint8_t hello[PIA_ZMTP_HELLO_MAX];
    uint8_t scrap[PIECE_MAX];
    int pair[2] = {-1, -1};
    bool good = socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0;
    FUZZ_CHECK(good);
    uint8_t kind = fuzz_byte(&fuzz);
    pia_link_side_t side = kind & 1 ? PIA_LINK_ROUTER : PIA_LINK_DEALER;
    pia_link_side_t other = kind & 1 ? PIA_LINK_DEALER : PIA_LINK_ROUTER;
    pia_link_t *link = pia_link_new(side, FRAME_SIZE_MAX);
    pia_link_attach(link, pair[0]);
    size_t greeting = kind & 2 ? pia_zmtp_hello(other, hello) : 0;
    FUZZ_CHECK(write(pair[1], hello, greeting) == (ssize_t)greeting);
    while (good && fuzz.left > 0) {
        size_t piece = 0;
        uint8_t *bytes = fuzz_block(&fuzz, fuzz_byte(&fuzz) * 2 + 1, &piece);
        good = write(pair[1], bytes, piece) == (ssize_t)piece && read_all(link);
        free(bytes);
        while (read(pair[1], scrap, sizeof scrap) > 0)
            continue;
    }
    pia_link_destroy(&link);
    (void)close(pair[1]);
    return 0;
}
