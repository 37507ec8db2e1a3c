/* reply.c - entity tags, safe headers, problem+json. */
#include "reply.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate_refusal.h"

enum { HASH_SIZE = 16 };

/* Everything comes from ourselves; nothing of ours stands in a frame. */
static const char CONTENT_SECURITY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

void reply_tag_of_bytes(char ret_tag[REPLY_TAG_SIZE], const void *bytes, size_t size)
{
    uint8_t hash[HASH_SIZE];
    char text[2 * HASH_SIZE + 1];
    (void)crypto_generichash(hash, sizeof hash, bytes, size, NULL, 0);
    (void)sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    (void)snprintf(ret_tag, REPLY_TAG_SIZE, "W/\"%s\"", text);
}

void reply_tag_of_version(char ret_tag[REPLY_TAG_SIZE], int64_t version)
{
    (void)snprintf(ret_tag, REPLY_TAG_SIZE, "\"%" PRId64 "\"", version);
}

static const char *opaque(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

bool reply_tag_matches(const char *if_none_match, const char *tag)
{
    if (if_none_match == NULL)
        return false;
    if (strcmp(if_none_match, "*") == 0)
        return true;
    const char *wanted = opaque(tag);
    size_t size = strlen(wanted);
    for (const char *at = if_none_match; *at != '\0';) {
        at += strspn(at, " \t,");
        const char *item = opaque(at);
        if (strncmp(item, wanted, size) == 0 && strchr(" \t,", item[size]) != NULL)
            return true; /* strchr also finds the end of the text */
        at += strcspn(at, ",");
    }
    return false;
}

static void add_safe_headers(http_request_t *request, const char *cache_control)
{
    http_reply_header(request, "Cache-Control", cache_control == NULL ? "no-store" : cache_control);
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    http_reply_header(request, "X-Frame-Options", "DENY");
    http_reply_header(request, "Referrer-Policy", "same-origin");
    http_reply_header(request, "Content-Security-Policy", CONTENT_SECURITY);
}

void reply_add_safe_headers(http_request_t *request)
{
    add_safe_headers(request, "private, no-cache");
}

static bool is_read(const http_request_t *request)
{
    const char *method = http_request_method(request);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void reply_send(http_request_t **request_p, const reply_t *reply)
{
    http_request_t *request = *request_p;
    add_safe_headers(request, reply->cache_control);
    if (reply->tag != NULL)
        http_reply_header(request, "ETag", reply->tag);
    if (reply->tag != NULL && reply->status == 200 && is_read(request) &&
        reply_tag_matches(http_request_header(request, "If-None-Match"), reply->tag)) {
        http_reply(request_p, 304, NULL, 0);
        return;
    }
    if (reply->content_type != NULL)
        http_reply_header(request, "Content-Type", reply->content_type);
    http_reply(request_p, reply->status, reply->body, reply->size);
}

static void set_text(json_t *json, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        (void)json_object_set_new(json, name, json_string(text));
}

void reply_text(http_request_t **request_p, int status, const char *text)
{
    char tag[REPLY_TAG_SIZE];
    reply_tag_of_bytes(tag, text, strlen(text));
    reply_t reply = {.status = status,
                     .content_type = "application/json",
                     .tag = status == 200 ? tag : NULL,
                     .cache_control = "no-cache",
                     .body = text,
                     .size = strlen(text)};
    reply_send(request_p, &reply);
}

void reply_problem(http_request_t **request_p,
                   int status,
                   const char *detail,
                   const char *pointer,
                   const char *parameter)
{
    reply_conflict(request_p, status, detail, pointer, parameter, NULL);
}

void reply_conflict(http_request_t **request_p,
                    int status,
                    const char *detail,
                    const char *pointer,
                    const char *parameter,
                    const json_t *present)
{
    json_t *json = json_object();
    set_text(json, "type", "about:blank");
    set_text(json, "title", gate_phrase(status));
    (void)json_object_set_new(json, "status", json_integer(status));
    set_text(json, "detail", detail);
    set_text(json, "pointer", pointer);
    set_text(json, "parameter", parameter);
    if (present != NULL)
        (void)json_object_set(json, "present", (json_t *)present);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    assert(text != NULL);
    if (status == 401)
        http_reply_header(*request_p, "WWW-Authenticate", "Bearer");
    if (status == 503)
        http_reply_header(*request_p, "Retry-After", "1");
    reply_t reply = {.status = status,
                     .content_type = "application/problem+json",
                     .body = text,
                     .size = strlen(text)};
    reply_send(request_p, &reply);
    free(text);
}

void reply_status(http_request_t **request_p, const pia_problem_t *problem)
{
    reply_problem(request_p, pia_status_http(problem->status), problem->detail, problem->pointer,
                  NULL);
}
