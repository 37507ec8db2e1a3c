/* own_token.h - the service's own token: from the registry, by the service's API key, renewed at
 * half of its life; or from the service itself (the registry signs its own). Loop thread. */
#ifndef PIA_OWN_TOKEN_H
#define PIA_OWN_TOKEN_H

#include "pia/service.h"

typedef struct {
    pia_loop_t *loop;
    void *zmq;
    const char *broker;   /* endpoint */
    const char *key_file; /* read anew at each renewal */
    const pia_service_t *service;
} pia_own_token_options_t;

/* Begins to ask at once. Keeps pointers to the options' texts. */
pia_own_token_t *pia_own_token_new(const pia_own_token_options_t *options);
void pia_own_token_destroy(pia_own_token_t **own_p);

/* The present token; 0 if there is none (yet). */
size_t pia_own_token_get(pia_own_token_t *own, uint8_t ret_token[PIA_TOKEN_MAX]);

#endif
