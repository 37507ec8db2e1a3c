/* fuzz_member.c - a member of a group whose server answers with anything: what it is told makes
 * sense, and it is never told of work while it is not in. */
#include "fuzz_server.h"

#include "pia/group.h"
#include "pia/log.h"

enum { MESSAGES_MAX = 20, FRAMES_MAX = 6, FRAME_MAX = 2000 };

typedef struct {
    pia_member_t *member;
    bool in, over;
} worker_t;

/* What often stands in a frame. */
static const struct {
    const char *bytes;
    size_t size;
} WORDS[] = {
    {"PIAD01", 6},
    {"\x90", 1},
    {"\x91", 1},
    {"\x92", 1},
    {"\x93", 1},
    {"\x94", 1},
    {"\x87", 1},
    {"\x88", 1},
    {"\x89", 1},
    {"\0\0\0\1", 4},
    {"{}", 2},
    {"", 0},
    {"{\"endpoint\":\"\"}", 15},
    {"{\"endpoint\":\"inproc://member\"}", 30},
    {"{\"status\":\"gone\",\"detail\":\"x\"}", 30},
    {"{\"status\":\"conflict\",\"detail\":\"x\"}", 34},
    {"\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0", 17},
    {"\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\1", 17},
};

static void settle(worker_t *self, const pia_task_t *task)
{
    FUZZ_CHECK(task->event->json != NULL && task->event->type != NULL);
    if (task->attempt % 2 == 0)
        pia_member_ack(self->member, task->sequence, task->fence);
    else
        pia_member_nack(self->member, task->sequence, task->fence, task->attempt, "no");
}

static void on_message(void *arg, const pia_member_message_t *message)
{
    worker_t *self = arg;
    FUZZ_CHECK(!self->over);
    switch (message->kind) {
    case PIA_MEMBER_JOINED:
        FUZZ_CHECK(!self->in && message->json != NULL);
        self->in = true;
        break;
    case PIA_MEMBER_TASK:
        FUZZ_CHECK(self->in);
        settle(self, message->task);
        break;
    case PIA_MEMBER_SETTLED:
        FUZZ_CHECK(message->outcome <= PIA_TASK_PARKED);
        break;
    case PIA_MEMBER_LOST:
        FUZZ_CHECK(self->in && message->problem != NULL);
        self->in = false;
        break;
    case PIA_MEMBER_REFUSED:
    case PIA_MEMBER_LEFT:
        self->over = true;
        break;
    }
}

static size_t token(void *arg, uint8_t ret_token[PIA_TOKEN_MAX])
{
    (void)arg;
    ret_token[0] = 't';
    return 1;
}

/* Adds what the fuzzer chooses: a word, an item of work, or bytes. */
static void add_frame(fuzz_t *fuzz, pia_frames_t *message)
{
    static const char item[] = "\0\0\0\0\0\0\0\3\0\1"
                               "\0\0\0\1"
                               "\0\0\0\0\0\0\0\2"
                               "\0\0\0\0\0\0\0\1"
                               "\0\0\0\2"
                               "\0\0\0\x50"
                               "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"/poles/"
                               "A\",\"type\":\"a.b\",\"data\":{\"x\":1}}  ";
    uint8_t choice = fuzz_byte(fuzz);
    if (choice < sizeof WORDS / sizeof WORDS[0]) {
        pia_frames_add(message, WORDS[choice].bytes, WORDS[choice].size);
    } else if (choice < 48) {
        pia_frames_add(message, item, 38 + 0x50);
    } else {
        size_t size = 0;
        uint8_t *bytes = fuzz_block(fuzz, fuzz_word(fuzz) % FRAME_MAX, &size);
        pia_frames_add(message, bytes, size);
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void *zmq;
    static void *server;
    if (zmq == NULL) {
        pia_log_init("fuzz", "fuzz", PIA_LOG_ERROR, false);
        zmq = zmq_ctx_new();
        server = zmq_socket(zmq, ZMQ_ROUTER);
        FUZZ_CHECK(zmq_bind(server, "inproc://member") == 0);
    }
    fuzz_t fuzz = {data, size};
    worker_t self = {.member = NULL};
    pia_member_options_t options = {.zmq = zmq,
                                    .endpoint = "inproc://member",
                                    .group = "g",
                                    .credit = 10,
                                    .token = token,
                                    .on_message = on_message,
                                    .arg = &self};
    self.member = pia_member_new(&options);
    pia_member_tick(self.member);
    pia_frames_t peer;
    pia_frames_init(&peer);
    fuzz_server_greet(server, &peer);
    for (int i = 0; i < MESSAGES_MAX && fuzz.left > 0; i++) {
        fuzz_server_send(&fuzz, server, &peer, FRAMES_MAX, add_frame);
        pia_member_process(self.member);
    }
    pia_member_tick(self.member);
    pia_frames_clear(&peer);
    pia_member_destroy(&self.member);
    fuzz_server_drain(server);
    return 0;
}
