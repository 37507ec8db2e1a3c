/* fuzz_piad.c - a client's message to the journal: its frames, the events in it, the JSON of a
 * subscribe with its filter. */
#include "fuzz.h"

#include "filter.h"
#include "pia/token.h"
#include "piad.h"

enum { FRAMES_MAX = 8, FRAME_MAX = 65535 };

static void check_events(const piad_t *message)
{
    size_t offset = 0;
    size_t count = 0;
    piad_frame_t event;
    while (piad_next_event(message->events, &offset, &event)) {
        const char *end = (const char *)message->events.data + message->events.size;
        FUZZ_CHECK((const char *)event.data + event.size <= end);
        count++;
    }
    FUZZ_CHECK(count == message->event_count && count >= 1 && count <= PIAD_BATCH_MAX);
    FUZZ_CHECK(offset == message->events.size);
}

static void check_subscribe(const piad_t *message)
{
    piad_subscribe_t subscribe;
    filter_t *filter = NULL;
    pia_problem_t problem = {.detail = ""};
    if (piad_parse_subscribe(message->json, &subscribe, &problem) != PIA_OK) {
        FUZZ_CHECK(problem.detail[0] != '\0');
        return;
    }
    FUZZ_CHECK(subscribe.credit <= PIAD_CREDIT_MAX);
    if (subscribe.filter != NULL && filter_compile(subscribe.filter, &filter, NULL) == PIA_OK) {
        filter_destroy(&filter);
    }
    json_decref(subscribe.filter);
}

static void check_message(const piad_frame_t *frames, size_t count)
{
    piad_t message;
    if (piad_parse(frames, count, &message) != NULL) {
        return;
    }
    FUZZ_CHECK((message.command >= PIAD_HELLO && message.command <= PIAD_RENEW) ||
               (message.command >= PIAD_JOIN && message.command <= PIAD_LEAVE));
    if (message.command == PIAD_RENEW) {
        FUZZ_CHECK(message.token.size <= PIA_TOKEN_MAX);
    } else if (message.command == PIAD_ACK) {
        FUZZ_CHECK(message.acks.size >= PIAD_ACK_SIZE && message.acks.size % PIAD_ACK_SIZE == 0);
    } else if (message.command == PIAD_NACK) {
        FUZZ_CHECK(message.reason.size <= PIAD_REASON_MAX && message.delay_ms <= PIAD_DELAY_MAX);
    } else if (message.command == PIAD_PUBLISH) {
        check_events(&message);
    } else if (message.command == PIAD_SUBSCRIBE) {
        check_subscribe(&message);
    }
}

/* A frame is 0: the magic, 1 to 31: a byte of that value, or a block. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    piad_frame_t frames[FRAMES_MAX];
    void *blocks[FRAMES_MAX];
    size_t count = fuzz_byte(&fuzz) % (FRAMES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t choice = fuzz_byte(&fuzz);
        fuzz_t words[] = {{(const uint8_t *)"PIAD01", 6}, {&choice, 1}};
        if (choice < 32) {
            blocks[i] = fuzz_block(&words[choice > 0], 6, &frames[i].size);
        } else {
            blocks[i] = fuzz_block(&fuzz, fuzz_word(&fuzz) % FRAME_MAX, &frames[i].size);
        }
        frames[i].data = blocks[i];
    }
    check_message(frames, count);
    for (size_t i = 0; i < count; i++) {
        free(blocks[i]);
    }
    return 0;
}
