/* fuzz_request.c - a request's body frames at a service that has every message: whatever they are,
 * there is exactly one answer. */
#include "fuzz.h"

#include <zmq.h>

#include "dispatch.h"
#include "pia/frames.h"
#include "pia/header.h"
#include "pia/log.h"
#include "proto/messages.h"
#include "session.h"

enum { ROUTES_MAX = 1024, FRAMES_MAX = 5, FRAME_MAX = 65535 };

typedef struct {
    void *zmq;
    void *broker; /* a ROUTER that counts answers */
    pia_loop_t *loop;
    pia_session_t *session;
    pia_dispatch_t *dispatch;
} rig_t;

static void never(void *self, pia_request_t **request_p)
{
    (void)self;
    (void)request_p;
    FUZZ_CHECK(0); /* the service has no store */
}

static const pia_route_t *all_routes(void)
{
    static pia_route_t routes[ROUTES_MAX];
    size_t count = 0;
    for (; pia_messages[count] != NULL; count++) {
        FUZZ_CHECK(count < ROUTES_MAX - 1);
        routes[count] = (pia_route_t){pia_messages[count], PIA_ROLE_PUBLIC, never};
    }
    return routes;
}

static void ignore_request(void *arg, pia_session_t *session, pia_frames_t *message)
{
    (void)arg;
    (void)session;
    (void)message;
}

/* Takes what lies in the broker's socket; how many of these were answers. */
static int count_answers(rig_t *rig)
{
    int answers = 0;
    pia_frames_t message;
    pia_frames_init(&message);
    while (pia_frames_recv(&message, rig->broker) == PIA_OK) {
        answers += pia_frames_equal(&message, 2, "\x04", 1);
        pia_frames_clear(&message);
    }
    return answers;
}

static void open_rig(rig_t *rig)
{
    static pia_service_t service = {.name = "fuzz"};
    static const pia_route_t no_control[] = {{.message = NULL}};
    pia_log_init("fuzz", "fuzz", PIA_LOG_ERROR, false);
    service.routes = all_routes();
    rig->zmq = zmq_ctx_new();
    rig->broker = zmq_socket(rig->zmq, ZMQ_ROUTER);
    FUZZ_CHECK(zmq_bind(rig->broker, "inproc://broker") == 0);
    rig->loop = pia_loop_new();
    rig->session = pia_session_new(&(pia_session_options_t){.loop = rig->loop,
                                                            .zmq = rig->zmq,
                                                            .endpoint = "inproc://broker",
                                                            .name = "fuzz",
                                                            .window = 1,
                                                            .on_request = ignore_request});
    rig->dispatch = pia_dispatch_new(&(pia_dispatch_options_t){
        .service = &service, .verifier = pia_verifier_new("/nonexistent"), .control = no_control});
}

static void add_header(fuzz_t *fuzz, pia_frames_t *message)
{
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_t header = {.flags = fuzz_byte(fuzz)};
    header.number = (uint16_t)fuzz_word(fuzz);
    header.value = fuzz_word(fuzz);
    pia_header_write(&header, bytes);
    pia_frames_add(message, bytes, sizeof bytes);
}

static void add_block(fuzz_t *fuzz, pia_frames_t *message)
{
    size_t size = 0;
    uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_MAX, &size);
    pia_frames_add(message, bytes, size);
    free(bytes);
}

/* A header or a block, then blocks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rig_t rig;
    if (rig.zmq == NULL) {
        open_rig(&rig);
    }
    fuzz_t fuzz = {data, size};
    pia_frames_t message;
    pia_frames_init(&message);
    pia_frames_add(&message, "PIAW01", 6);
    pia_frames_add(&message, "\x02", 1);
    pia_frames_add(&message, "client", 6);
    pia_frames_add_empty(&message);
    size_t frames = fuzz_byte(&fuzz) % FRAMES_MAX;
    if ((fuzz_byte(&fuzz) & 1) == 0) {
        add_header(&fuzz, &message);
    } else {
        add_block(&fuzz, &message);
    }
    for (size_t i = 0; i < frames; i++) {
        add_block(&fuzz, &message);
    }
    pia_dispatch_receive(rig.dispatch, rig.session, &message);
    pia_frames_clear(&message);
    FUZZ_CHECK(count_answers(&rig) == 1);
    FUZZ_CHECK(pia_dispatch_in_flight(rig.dispatch) == 0);
    return 0;
}
