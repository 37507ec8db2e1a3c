/* token.h - PIA's tokens, for those of the programs that need one. */
#ifndef BENCH_TOKEN_H
#define BENCH_TOKEN_H

#include "bench.h"

typedef struct {
    const char *broker; /* endpoint */
    const char *key;    /* the file with the API key */
    void *zmq;          /* owned */
    uint8_t bytes[1024];
    size_t size;
    int64_t renew_ns;
} token_t;

/* Asks the registry for one; dies when it gives none. */
void token_init(token_t *token, const char *broker, const char *key);
/* Asks again when half of its life has passed: before every use. Whether it is a new one. */
bool token_renew(token_t *token);
/* After all sockets of its context are closed. */
void token_clear(token_t *token);

#endif
