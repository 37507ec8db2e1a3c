/* auth.h - from an API key to a token: asks the registry once, and remembers the answer under the
 * key's hash until shortly before the token ends; a refused key for a moment. Loop's thread. */
#ifndef GATEWAY_AUTH_H
#define GATEWAY_AUTH_H

#include "bus.h"
#include "pia/problem.h"

typedef struct auth auth_t;

/* PIA_OK with a token (borrowed for the call); else a problem. */
typedef void auth_fn(void *arg, const pia_problem_t *problem, const void *token, size_t token_size);

auth_t *auth_new(bus_t *bus);
/* Nobody may wait any more: destroy the bus first. */
void auth_destroy(auth_t **auth_p);

/* Asks for the token of an API key. `told` is called exactly once, perhaps from within; its
 * problem's status is PIA_OK, PIA_UNAUTHENTICATED or why the registry could not be asked. */
void auth_ask(auth_t *auth, const char *key, auth_fn *told, void *arg);

/* The token of this key was refused: do not use it again. */
void auth_forget(auth_t *auth, const char *key);

/* The key of an Authorization header ("Bearer KEY"), or NULL. */
const char *auth_bearer(const char *authorization);

#endif
