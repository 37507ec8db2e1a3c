/* own_token.c - registry.authenticate, in time. */
#include "own_token.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/client.h"
#include "pia/clock.h"
#include "pia/durable_file.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "proto/key.h"

enum {
    TIMER_MS = 100,
    ASK_TIMEOUT_MS = 5000,
    BACK_OFF_MS = 100, /* doubling */
    BACK_OFF_MAX_MS = 2000,
    MARGIN_MS = 2000, /* a token is not used in its last moments */
    KEY_MAX = 256,
};

struct pia_own_token {
    pia_own_token_options_t options;
    pia_client_t *client; /* NULL if the service signs itself */
    int timer_id;
    uint8_t token[PIA_TOKEN_MAX];
    size_t size;
    int64_t expires_ms; /* monotonic */
    int64_t renew_ms;   /* monotonic: ask from then on */
    int64_t back_off_ms;
    bool asking;
    bool complained; /* a failure was logged and nothing has succeeded since */
};

static void complain(pia_own_token_t *own, const char *why)
{
    pia_log(own->complained ? PIA_LOG_DEBUG : PIA_LOG_WARN, "no token of our own yet: %s", why);
    own->complained = true;
    own->renew_ms = pia_clock_monotonic() + own->back_off_ms;
    own->back_off_ms *= 2;
    if (own->back_off_ms > BACK_OFF_MAX_MS)
        own->back_off_ms = BACK_OFF_MAX_MS;
}

static void keep(pia_own_token_t *own, size_t size, int64_t life_ms)
{
    int64_t now = pia_clock_monotonic();
    if (own->complained || own->size == 0)
        pia_log(PIA_LOG_INFO, "has a token of its own");
    own->size = size;
    own->expires_ms = now + life_ms - MARGIN_MS;
    own->renew_ms = now + life_ms / 2;
    own->back_off_ms = BACK_OFF_MS;
    own->complained = false;
}

static bool keep_answer(pia_own_token_t *own, const json_t *body)
{
    const json_t *text = json_object_get(body, "token");
    const json_t *life = json_object_get(body, "expires_in_ms");
    size_t size = 0;
    if (!json_is_string(text) || !json_is_integer(life) || json_integer_value(life) <= MARGIN_MS ||
        json_integer_value(life) > PIA_TOKEN_LIFE_MS)
        return false;
    if (sodium_base642bin(own->token, sizeof own->token, json_string_value(text),
                          json_string_length(text), NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    keep(own, size, json_integer_value(life));
    return true;
}

static void answered(void *arg, const pia_answer_t *answer)
{
    pia_own_token_t *own = arg;
    own->asking = false;
    if (answer->status != PIA_OK)
        complain(own, answer->problem.detail);
    else if (!keep_answer(own, answer->body))
        complain(own, "the registry's answer holds no token");
}

/* The key's text without blanks around it; false if there is none. */
static bool read_key(pia_own_token_t *own, char ret_key[KEY_MAX])
{
    pia_problem_t problem = {0};
    if (pia_file_read(own->options.key_file, ret_key, KEY_MAX, &problem) != PIA_OK) {
        complain(own, problem.detail);
        return false;
    }
    ret_key[strcspn(ret_key, " \r\n\t")] = '\0';
    return true;
}

static void ask(pia_own_token_t *own)
{
    char key[KEY_MAX];
    if (!read_key(own, key))
        return;
    json_t *body = json_pack("{s:s}", "key", key);
    sodium_memzero(key, sizeof key);
    if (!body) {
        complain(own, "the key file holds no text");
        return;
    }
    pia_call_t call = {.message = &pia_msg_registry_authenticate, .timeout_ms = ASK_TIMEOUT_MS};
    own->asking = true;
    pia_client_send(own->client, &call, body, answered, own);
    json_decref(body);
}

static void sign(pia_own_token_t *own)
{
    size_t size = own->options.service->own_token(own->options.service->self, own->token);
    if (size == 0)
        complain(own, "the service has not signed one");
    else
        keep(own, size, PIA_TOKEN_LIFE_MS);
}

static void tick(void *arg)
{
    pia_own_token_t *own = arg;
    if (own->client)
        (void)pia_client_expire(own->client);
    if (own->asking || pia_clock_monotonic() < own->renew_ms)
        return;
    if (own->client)
        ask(own);
    else
        sign(own);
}

static void process(void *arg)
{
    pia_own_token_t *own = arg;
    pia_client_process(own->client);
}

pia_own_token_t *pia_own_token_new(const pia_own_token_options_t *options)
{
    pia_own_token_t *own = pia_alloc(sizeof *own);
    own->options = *options;
    own->back_off_ms = BACK_OFF_MS;
    own->renew_ms = pia_clock_monotonic();
    if (!options->service->own_token) {
        own->client = pia_client_new(options->zmq, options->broker);
        pia_loop_add_socket(options->loop, pia_client_socket(own->client), process, own);
    }
    own->timer_id = pia_loop_add_timer(options->loop, TIMER_MS, tick, own);
    tick(own);
    return own;
}

void pia_own_token_destroy(pia_own_token_t **own_p)
{
    pia_own_token_t *own = *own_p;
    if (!own)
        return;
    pia_loop_remove_timer(own->options.loop, own->timer_id);
    if (own->client)
        pia_loop_remove_socket(own->options.loop, pia_client_socket(own->client));
    pia_client_destroy(&own->client);
    sodium_memzero(own->token, sizeof own->token);
    free(own);
    *own_p = NULL;
}

size_t pia_own_token_get(pia_own_token_t *own, uint8_t ret_token[PIA_TOKEN_MAX])
{
    if (own->size == 0 || pia_clock_monotonic() >= own->expires_ms)
        return 0;
    memcpy(ret_token, own->token, own->size);
    return own->size;
}

size_t pia_context_token(const pia_context_t *context, uint8_t ret_token[PIA_TOKEN_MAX])
{
    return pia_own_token_get(context->own_token, ret_token);
}
