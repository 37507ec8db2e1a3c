/* auth.c - tokens by key: a bounded cache, one question a key at a time. */
#include "auth.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "pia/clock.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "pia/token.h"
#include "proto/key.h"

enum {
    SETS = 1024, /* of WAYS entries: keys beyond that push each other out */
    WAYS = 4,
    HASH_SIZE = 32,
    KEY_MAX = 256,
    MARGIN_MS = 10000, /* a token is not handed out in its last seconds */
    REFUSED_MS = 2000, /* how long a refused key is not asked for again */
    ASK_MS = 5000,
};

typedef struct {
    uint8_t hash[HASH_SIZE];
    int64_t until_ms; /* monotonic; 0: empty */
    size_t size;      /* of the token; 0: the key was refused */
    uint8_t token[PIA_TOKEN_MAX];
} entry_t;

typedef struct waiter {
    SLIST_ENTRY(waiter) link;
    auth_fn *told;
    void *arg;
} waiter_t;

/* A key that the registry is asked about now, and who wants to know. */
typedef struct question {
    LIST_ENTRY(question) link;
    auth_t *auth;
    uint8_t hash[HASH_SIZE];
    SLIST_HEAD(, waiter) waiters;
} question_t;

struct auth {
    bus_t *bus; /* not owned */
    LIST_HEAD(, question) questions;
    uint8_t secret[crypto_generichash_KEYBYTES]; /* so that nobody can choose colliding keys */
    entry_t *sets[SETS];                         /* WAYS entries each, made when needed */
};

auth_t *auth_new(bus_t *bus)
{
    auth_t *self = pia_alloc(sizeof *self);
    self->bus = bus;
    LIST_INIT(&self->questions);
    randombytes_buf(self->secret, sizeof self->secret);
    return self;
}

void auth_destroy(auth_t **auth_p)
{
    auth_t *self = *auth_p;
    *auth_p = NULL;
    if (self == NULL)
        return;
    assert(LIST_EMPTY(&self->questions));
    for (size_t i = 0; i < SETS; i++)
        free(self->sets[i]);
    free(self);
}

static void hash_key(const auth_t *self, const char *key, uint8_t ret_hash[HASH_SIZE])
{
    (void)crypto_generichash(ret_hash, HASH_SIZE, (const uint8_t *)key, strlen(key), self->secret,
                             sizeof self->secret);
}

static entry_t **set_of(auth_t *self, const uint8_t *hash)
{
    return &self->sets[(hash[0] | hash[1] << 8) % SETS];
}

/* The entry of this hash that is still good, or NULL. */
static entry_t *find(auth_t *self, const uint8_t *hash)
{
    entry_t *set = *set_of(self, hash);
    for (size_t i = 0; set != NULL && i < WAYS; i++)
        if (set[i].until_ms > pia_clock_monotonic() && memcmp(set[i].hash, hash, HASH_SIZE) == 0)
            return &set[i];
    return NULL;
}

/* Remembers a token (size 0: refused) in the place of what ends first. */
static void
remember(auth_t *self, const uint8_t *hash, const uint8_t *token, size_t size, int64_t life_ms)
{
    entry_t **set = set_of(self, hash);
    if (*set == NULL)
        *set = pia_alloc(WAYS * sizeof **set);
    entry_t *entry = &(*set)[0];
    for (size_t i = 1; i < WAYS; i++)
        if ((*set)[i].until_ms < entry->until_ms)
            entry = &(*set)[i];
    memcpy(entry->hash, hash, HASH_SIZE);
    entry->until_ms = pia_clock_monotonic() + life_ms;
    entry->size = size;
    memcpy(entry->token, token, size);
}

/* Reads the registry's answer and remembers it; the token's size, or 0 with the problem set. */
static size_t read_answer(question_t *question,
                          const pia_answer_t *answer,
                          uint8_t token[PIA_TOKEN_MAX],
                          pia_problem_t *problem)
{
    size_t size = 0;
    *problem = answer->problem;
    if (answer->status == PIA_UNAUTHENTICATED)
        remember(question->auth, question->hash, token, 0, REFUSED_MS);
    if (answer->status != PIA_OK)
        return 0;
    const char *text = pia_json_text(answer->body, "token");
    int64_t life_ms = pia_json_integer(answer->body, "expires_in_ms");
    if (text == NULL ||
        sodium_base642bin(token, PIA_TOKEN_MAX, text, strlen(text), NULL, &size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        size == 0) {
        (void)pia_problem_set(problem, PIA_INTERNAL, NULL, "the registry's token is not one");
        return 0;
    }
    if (life_ms > MARGIN_MS)
        remember(question->auth, question->hash, token, size, life_ms - MARGIN_MS);
    return size;
}

static void on_answer(void *arg, const pia_answer_t *answer)
{
    question_t *question = arg;
    uint8_t token[PIA_TOKEN_MAX] = {0};
    pia_problem_t problem = {0};
    size_t size = read_answer(question, answer, token, &problem);
    LIST_REMOVE(question, link);
    waiter_t *waiter;
    while ((waiter = SLIST_FIRST(&question->waiters)) != NULL) {
        SLIST_REMOVE_HEAD(&question->waiters, link);
        waiter->told(waiter->arg, &problem, token, size);
        free(waiter);
    }
    free(question);
}

static question_t *ask_registry(auth_t *self, const char *key, const uint8_t *hash)
{
    question_t *question = pia_alloc(sizeof *question);
    question->auth = self;
    memcpy(question->hash, hash, HASH_SIZE);
    SLIST_INIT(&question->waiters);
    LIST_INSERT_HEAD(&self->questions, question, link);
    pia_call_t call = {.message = &pia_msg_registry_authenticate, .timeout_ms = ASK_MS};
    json_t *body = json_pack("{s:s}", "key", key);
    assert(body != NULL);
    bus_ask(self->bus, &call, body, on_answer, question);
    json_decref(body);
    return question;
}

static void refuse(auth_fn *told, void *arg)
{
    pia_problem_t problem;
    (void)pia_problem_set(&problem, PIA_UNAUTHENTICATED, NULL, "the API key is not valid");
    told(arg, &problem, NULL, 0);
}

static bool is_plausible(const char *key)
{
    size_t size = strlen(key);
    for (const char *at = key; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return size > 0 && size <= KEY_MAX;
}

void auth_ask(auth_t *auth, const char *key, auth_fn *told, void *arg)
{
    uint8_t hash[HASH_SIZE];
    hash_key(auth, key, hash);
    const entry_t *entry = find(auth, hash);
    if (!is_plausible(key) || (entry != NULL && entry->size == 0)) {
        refuse(told, arg);
        return;
    }
    if (entry != NULL) {
        pia_problem_t none = {.status = PIA_OK};
        told(arg, &none, entry->token, entry->size);
        return;
    }
    question_t *question;
    LIST_FOREACH(question, &auth->questions, link)
    if (memcmp(question->hash, hash, HASH_SIZE) == 0)
        break;
    if (question == NULL)
        question = ask_registry(auth, key, hash);
    waiter_t *waiter = pia_alloc(sizeof *waiter);
    waiter->told = told;
    waiter->arg = arg;
    SLIST_INSERT_HEAD(&question->waiters, waiter, link);
}

void auth_forget(auth_t *auth, const char *key)
{
    uint8_t hash[HASH_SIZE];
    hash_key(auth, key, hash);
    entry_t *entry = find(auth, hash);
    if (entry != NULL)
        entry->until_ms = 0;
}

const char *auth_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return NULL;
    const char *key = authorization + sizeof scheme - 1;
    return key + strspn(key, " ");
}
