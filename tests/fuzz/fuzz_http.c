/* fuzz_http.c - the strict filter says the same however the bytes are cut, and never admits more
 * than it was given. */
#include "fuzz.h"

#include "strict.h"

enum { REQUESTS_MAX = 8 };

typedef struct {
    strict_verdict_t verdict;
    size_t admitted; /* of all requests */
    int status;
    int requests; /* whole ones */
} outcome_t;

/* Feeds `bytes` in pieces of at most `piece` bytes. */
static outcome_t feed(const uint8_t *bytes, size_t size, size_t piece)
{
    strict_t strict;
    outcome_t outcome = {.verdict = STRICT_MORE};
    strict_init(&strict);
    while (outcome.admitted < size && outcome.verdict != STRICT_REJECTED &&
           outcome.requests < REQUESTS_MAX) {
        size_t left = size - outcome.admitted;
        size_t given = piece < left ? piece : left;
        size_t admitted = 0;
        outcome.verdict = strict_feed(&strict, bytes + outcome.admitted, given, &admitted);
        FUZZ_CHECK(admitted <= given);
        FUZZ_CHECK(outcome.verdict != STRICT_MORE || admitted == given);
        outcome.admitted += admitted;
        if (outcome.verdict == STRICT_COMPLETE) {
            outcome.requests++;
            FUZZ_CHECK(admitted > 0);
            strict_next(&strict);
        }
    }
    outcome.status = strict.status;
    FUZZ_CHECK(outcome.verdict != STRICT_REJECTED || (strict.status >= 400 && strict.reason));
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t piece = (size_t)fuzz_byte(&fuzz) % 64 + 1;
    size_t taken = 0;
    uint8_t *bytes = fuzz_block(&fuzz, size, &taken);
    outcome_t whole = feed(bytes, taken, taken + 1);
    outcome_t pieces = feed(bytes, taken, piece);
    outcome_t single = feed(bytes, taken, 1);
    FUZZ_CHECK(whole.verdict == pieces.verdict && whole.verdict == single.verdict);
    FUZZ_CHECK(whole.admitted == pieces.admitted && whole.admitted == single.admitted);
    FUZZ_CHECK(whole.status == pieces.status && whole.status == single.status);
    FUZZ_CHECK(whole.requests == single.requests);
    free(bytes);
    return 0;
}
