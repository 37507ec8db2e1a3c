/* token.c - asks the registry for a token. */
#include "token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "pia/client.h"
#include "proto/key.h"

enum { REQUEST_MS = 10000 };
#define RENEW_NS (30LL * 1000 * 1000 * 1000) /* tokens live for 60 s */

static void read_key(const char *path, char *key, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file || !fgets(key, (int)size, file))
        die("no key in %s", path);
    (void)fclose(file);
    key[strcspn(key, "\r\n")] = '\0';
}

bool token_renew(token_t *token)
{
    if (clock_ns() < token->renew_ns)
        return false;
    char key[512];
    read_key(token->key, key, sizeof key);
    pia_client_t *client = pia_client_new(token->zmq, token->broker);
    pia_call_t call = {.message = &pia_msg_registry_authenticate, .timeout_ms = REQUEST_MS};
    json_t *body = json_pack("{s:s}", "key", key);
    json_t *answer = NULL;
    pia_problem_t problem = {0};
    if (pia_client_call(client, &call, body, &answer, &problem) != PIA_OK)
        die("no token: %s", problem.detail);
    const char *text = json_string_value(json_object_get(answer, "token"));
    if (!text || sodium_base642bin(token->bytes, sizeof token->bytes, text, strlen(text), NULL,
                                   &token->size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        die("the registry's token is no base64");
    json_decref(answer);
    json_decref(body);
    pia_client_destroy(&client);
    token->renew_ns = clock_ns() + RENEW_NS;
    return true;
}

void token_init(token_t *token, const char *broker, const char *key)
{
    if (!broker || !key)
        die("PIA needs --broker and --key");
    *token = (token_t){.broker = broker, .key = key, .zmq = zmq_ctx_new()};
    (void)token_renew(token);
}

void token_clear(token_t *token)
{
    zmq_ctx_term(token->zmq);
}
