/* exchange.c - runs a route: identify, build, look into the cache, ask the service, answer. */
#include "exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "auth.h"
#include "bus.h"
#include "cached.h"
#include "download.h"
#include "link.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "pia/token.h"
#include "reply.h"

enum { READ_MS = 5000, WRITE_MS = 10000 }; /* how long a service may take */
enum { ENTITY_SIZE = 32 };

typedef struct {
    gateway_t *gateway;
    http_request_t *http;
    const route_t *route;
    target_t target;
    ask_t ask;
    const char *key; /* the API key, borrowed from the request; NULL: anonymous */
    json_t *body;    /* of the message */
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size;
    bool renewed;             /* a refused token has been replaced once */
    char entity[ENTITY_SIZE]; /* of `read` */
    cached_read_t read;
} exchange_t;

static void end(exchange_t *self)
{
    assert(self->http == NULL); /* answered */
    self->gateway->exchanges--;
    json_decref(self->body);
    target_clear(&self->target);
    free(self);
}

/* `body`: of the service's answer, which may say what is there now; or NULL. */
static void fail(exchange_t *self, const pia_problem_t *problem, const json_t *body)
{
    pia_problem_t shown = *problem;
    const char *parameter = NULL;
    bool stale = shown.status == PIA_CONFLICT && self->ask.if_match != NULL &&
                 strcmp(shown.pointer, "/version") == 0;
    int status = stale ? 412 : pia_status_http(shown.status);
    const json_t *present = json_object_get(body, "present");
    ask_locate(&self->ask, &shown, &parameter);
    reply_conflict(&self->http, status, shown.detail, shown.pointer, parameter, present);
    end(self);
}

static void add_location(exchange_t *self, const json_t *body)
{
    const char *id = pia_json_text(body, self->route->id);
    if (id == NULL)
        return;
    char *location = link_child(&self->target, id);
    http_reply_header(self->http, "Location", location);
    free(location);
}

static void add_link(exchange_t *self, const json_t *body)
{
    const char *next = pia_json_text(body, "next");
    if (next == NULL)
        return;
    char *link = link_next(&self->target, next);
    http_reply_header(self->http, "Link", link);
    free(link);
}

/* 200 or 201 with the representation; the tag is the version, or else the content's. */
static void succeed(exchange_t *self, int64_t version, const void *bytes, size_t size)
{
    char tag[REPLY_TAG_SIZE];
    if (version > 0)
        reply_tag_of_version(tag, version);
    else
        reply_tag_of_bytes(tag, bytes, size);
    bool shared = (self->route->flags & ROUTE_PUBLIC) && self->key == NULL;
    reply_t reply = {
        .status = self->route->flags & ROUTE_CREATES ? 201 : 200,
        .content_type = "application/json",
        .tag = version > 0 || strcmp(self->route->method, "GET") == 0 ? tag : NULL,
        .cache_control = shared ? "public, no-cache" : "private, no-cache",
        .body = bytes,
        .size = size,
    };
    http_reply_header(self->http, "Vary", "Authorization");
    reply_send(&self->http, &reply);
    end(self);
}

static pia_cache_async_fn on_cached;

/* Fills `read` with the owner of the route's answers, and with the entity and the id that its
 * `cache` names; false: it names none. */
static bool find_place(exchange_t *self)
{
    const char *cache = self->route->cache;
    size_t size = strcspn(cache, ":=");
    self->read = (cached_read_t){
        .owner = cached_owner(self->gateway->cached, self->route->message->name),
        .entity = self->entity,
        .got = on_cached,
        .arg = self,
    };
    if (cache[size] == '\0')
        return false;
    assert(size < sizeof self->entity);
    memcpy(self->entity, cache, size);
    self->entity[size] = '\0';
    const char *name = cache + size + 1;
    self->read.id = cache[size] == '=' ? name : pia_json_text(self->body, name);
    return self->read.id != NULL;
}

/* Whether the cache may answer: see routes.h. */
static bool may_be_cached(exchange_t *self)
{
    const route_t *route = self->route;
    if (route->cache == NULL || strcmp(route->method, "GET") != 0 || !find_place(self))
        return false;
    if (strchr(route->cache, ':') != NULL)
        return json_object_size(self->body) == 1;
    return json_object_size(self->body) == 0 &&
           (self->key == NULL || (route->flags & ROUTE_PUBLIC));
}

static bool has_event_of(const json_t *body, const char *word)
{
    size_t index, size = strlen(word);
    json_t *event;
    json_array_foreach(json_object_get(body, "events"), index, event)
    {
        const char *type = pia_json_text(event, "type");
        if (type != NULL && strncmp(type, word, size) == 0)
            return true;
    }
    return false;
}

/* Who wrote sees the write, in the resource (this version at least) and in lists (asked anew). */
static void note_write(exchange_t *self, int64_t version)
{
    const char *cache = self->route->cache;
    if (cache == NULL || strcmp(self->route->method, "GET") == 0)
        return;
    bool found = find_place(self);
    if (cache[0] == '*' && has_event_of(self->body, cache + 1))
        cached_wrote_all(self->read.owner);
    else if (found && strchr(cache, ':') != NULL)
        cached_wrote(self->read.owner, self->entity, self->read.id, version);
    else if (found)
        cached_wrote_lists(self->read.owner);
}

static void identify(exchange_t *self);

static void give_bytes(exchange_t *self, const json_t *answer)
{
    int64_t first, last;
    const download_t download = {
        .route = self->route,
        .body = self->body,
        .key = self->key,
        .ranged = ask_range(&self->ask, &first, &last),
        .partial = self->target.parameters > 0,
    };
    download_begin(self->gateway, &self->http, &download, answer);
    end(self);
}

static void on_answer(void *arg, const pia_answer_t *answer)
{
    exchange_t *self = arg;
    if (answer->status == PIA_UNAUTHENTICATED && self->key != NULL && !self->renewed) {
        self->renewed = true;
        auth_forget(self->gateway->auth, self->key);
        identify(self);
        return;
    }
    if (answer->status != PIA_OK) {
        if (answer->status == PIA_CONFLICT)
            note_write(self, INT64_MAX); /* who is told of a newer version gets it */
        fail(self, &answer->problem, answer->body);
        return;
    }
    if ((self->route->flags & ROUTE_BYTES) && strcmp(self->route->method, "GET") == 0) {
        give_bytes(self, answer->body);
        return;
    }
    if (self->route->flags & ROUTE_CREATES)
        add_location(self, answer->body);
    add_link(self, answer->body);
    note_write(self, answer->version);
    char *text = json_dumps(answer->body, JSON_COMPACT);
    assert(text != NULL);
    succeed(self, answer->version, text, strlen(text));
    free(text);
}

static void ask_service(exchange_t *self)
{
    bool reads = strcmp(self->route->method, "GET") == 0;
    pia_call_t call = {
        .message = self->route->message,
        .token = self->token,
        .token_size = self->token_size,
        .timeout_ms = reads ? READ_MS : WRITE_MS,
    };
    bus_ask(self->gateway->bus, &call, self->body, on_answer, self);
}

/* A page from the cache is linked as one from the service. */
static void add_cached_link(exchange_t *self, const void *bytes, size_t size)
{
    static const char next[] = "\"next\":";
    if (memmem(bytes, size, next, sizeof next - 1) == NULL)
        return;
    json_t *body = json_loadb(bytes, size, 0, NULL);
    add_link(self, body);
    json_decref(body);
}

static void
on_cached(void *arg, pia_status_t status, int64_t version, const void *value, size_t size)
{
    exchange_t *self = arg;
    if (status != PIA_OK) {
        ask_service(self);
        return;
    }
    add_cached_link(self, value, size);
    succeed(self, self->route->flags & ROUTE_BARE ? 0 : version, value, size);
}

static void look_up(exchange_t *self)
{
    if (may_be_cached(self))
        cached_get(&self->read);
    else
        ask_service(self);
}

static void on_identity(void *arg, const pia_problem_t *problem, const void *token, size_t size)
{
    exchange_t *self = arg;
    if (problem->status != PIA_OK) {
        fail(self, problem, NULL);
        return;
    }
    memcpy(self->token, token, size);
    self->token_size = size;
    if (self->renewed)
        ask_service(self);
    else
        look_up(self);
}

static void identify(exchange_t *self)
{
    if (self->key == NULL)
        look_up(self);
    else
        auth_ask(self->gateway->auth, self->key, on_identity, self);
}

void exchange_begin(gateway_t *gateway,
                    const route_t *route,
                    target_t *target,
                    http_request_t **request_p)
{
    exchange_t *self = pia_alloc(sizeof *self);
    gateway->exchanges++;
    self->gateway = gateway;
    self->http = *request_p;
    *request_p = NULL;
    self->route = route;
    self->target = *target;
    *target = (target_t){0};
    const char *authorization = http_request_header(self->http, "Authorization");
    self->key = auth_bearer(authorization);
    self->ask = (ask_t){
        .route = route,
        .target = &self->target,
        .content_type = http_request_header(self->http, "Content-Type"),
        .if_match = http_request_header(self->http, "If-Match"),
        .idempotency_key = http_request_header(self->http, "Idempotency-Key"),
        .range = http_request_header(self->http, "Range"),
    };
    self->ask.body = http_request_body(self->http, &self->ask.body_size);
    if (authorization != NULL && self->key == NULL) {
        reply_problem(&self->http, 401, "Authorization is not Bearer KEY", NULL, NULL);
        end(self);
        return;
    }
    ask_problem_t problem;
    self->body = ask_build(&self->ask, &problem);
    if (self->body == NULL) {
        ask_locate(&self->ask, &problem.problem, &problem.parameter);
        reply_problem(&self->http, problem.status, problem.problem.detail, problem.problem.pointer,
                      problem.parameter);
        end(self);
        return;
    }
    identify(self);
}
