/* play.c - asking and telling, for every act of the story. */
#include "play.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "pia/uuid.h"
#include "proto/key.h"

enum { PATIENCE_MS = 60000, CALL_TIMEOUT_MS = 10000, TOKEN_MARGIN_MS = 10000, PAUSE_MS = 200 };

void play_address(const play_t *play, const char *name, char ret_address[PLAY_ADDRESS_SIZE])
{
    (void)snprintf(ret_address, PLAY_ADDRESS_SIZE, "%s.%s@exemple.invalid", name, play->tag);
}

void play_tell(play_t *play, const char *format, ...)
{
    (void)fprintf(play->out, "%3u. ", ++play->step);
    va_list arguments;
    va_start(arguments, format);
    (void)vfprintf(play->out, format, arguments);
    va_end(arguments);
    (void)fputc('\n', play->out);
    (void)fflush(play->out);
}

static bool is_away(pia_status_t status)
{
    return status == PIA_UNAVAILABLE || status == PIA_TIMEOUT;
}

/* One call; the listeners are served between tries, so that nobody is dropped meanwhile. */
static pia_status_t call(play_t *play,
                         const pia_call_t *options,
                         const json_t *body,
                         json_t **ret_answer,
                         pia_problem_t *problem)
{
    int64_t until = pia_clock_monotonic() + PATIENCE_MS;
    pia_status_t status = pia_client_call(play->client, options, body, ret_answer, problem);
    while (is_away(status) && pia_clock_monotonic() < until) {
        if (play->listeners)
            listeners_pump(play->listeners, PAUSE_MS);
        status = pia_client_call(play->client, options, body, ret_answer, problem);
    }
    return status;
}

static void keep_token(actor_t *actor, const json_t *answer)
{
    const char *text = pia_json_text(answer, "token");
    json_int_t life = pia_json_integer(answer, "expires_in_ms");
    if (!text || sodium_base642bin(actor->token, sizeof actor->token, text, strlen(text), NULL,
                                   &actor->token_size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        actor->token_size = 0;
    actor->token_until = pia_clock_monotonic() + life - TOKEN_MARGIN_MS;
}

/* Exchanges the actor's key for a token, unless it still has one. */
static pia_status_t prove(play_t *play, actor_t *actor, pia_problem_t *problem)
{
    if (actor->token_size > 0 && pia_clock_monotonic() < actor->token_until)
        return PIA_OK;
    pia_call_t options = {.message = &pia_msg_registry_authenticate, .timeout_ms = CALL_TIMEOUT_MS};
    json_t *body = json_pack("{s:s}", "key", actor->key);
    json_t *answer = NULL;
    pia_status_t status = call(play, &options, body, &answer, problem);
    if (status == PIA_OK)
        keep_token(actor, answer);
    json_decref(answer);
    json_decref(body);
    return status;
}

static pia_status_t ask(play_t *play,
                        actor_t *actor,
                        const pia_message_t *message,
                        json_t *body,
                        json_t **ret_answer,
                        pia_problem_t *problem)
{
    if (message->mutating && !json_object_get(body, "idempotency_key")) {
        char key[PIA_UUID_TEXT_SIZE];
        pia_uuid7_text(key);
        json_object_set_new(body, "idempotency_key", json_string(key));
    }
    pia_status_t status = prove(play, actor, problem);
    if (status != PIA_OK)
        return status;
    pia_call_t options = {
        .message = message,
        .token = actor->token,
        .token_size = actor->token_size,
        .timeout_ms = CALL_TIMEOUT_MS,
    };
    return call(play, &options, body, ret_answer, problem);
}

bool play_ask(
    play_t *play, actor_id_t actor, const pia_message_t *message, json_t *body, json_t **ret_answer)
{
    pia_problem_t problem = {.status = PIA_OK};
    json_t *answer = NULL;
    pia_status_t status = ask(play, &play->actors[actor], message, body, &answer, &problem);
    json_decref(body);
    if (status != PIA_OK) {
        (void)fprintf(play->out, "     échec de %s par %s : %s, %s %s\n", message->name,
                      play->actors[actor].label, pia_status_text(status), problem.detail,
                      problem.pointer);
        return false;
    }
    if (ret_answer)
        *ret_answer = answer;
    else
        json_decref(answer);
    return true;
}

bool play_refused(play_t *play,
                  actor_id_t actor,
                  const pia_message_t *message,
                  json_t *body,
                  pia_status_t expected)
{
    pia_problem_t problem = {.status = PIA_OK};
    json_t *answer = NULL;
    pia_status_t status = ask(play, &play->actors[actor], message, body, &answer, &problem);
    json_decref(body);
    json_decref(answer);
    if (status == expected)
        return true;
    (void)fprintf(play->out, "     %s par %s : attendu %s, reçu %s\n", message->name,
                  play->actors[actor].label, pia_status_text(expected), pia_status_text(status));
    return false;
}

bool play_wait(play_t *play,
               bool (*reached)(const play_t *play, const void *arg),
               const void *arg,
               int64_t timeout_ms,
               const char *what)
{
    int64_t until = pia_clock_monotonic() + timeout_ms;
    while (!reached(play, arg)) {
        if (pia_clock_monotonic() > until) {
            (void)fprintf(play->out, "     attendu en vain pendant %lld s : %s\n",
                          (long long)timeout_ms / 1000, what);
            return false;
        }
        listeners_pump(play->listeners, 50);
    }
    return true;
}
