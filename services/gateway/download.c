/* download.c - files to clients, in one answer or as a stream of parts. */
#include "download.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "auth.h"
#include "bus.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "reply.h"

enum { PART_MS = 10000, NAME_SIZE = 3 * 256 + 64, TAG_SIZE = REPLY_TAG_SIZE + 64 };

/* A stream under way. */
typedef struct {
    gateway_t *gateway;
    http_request_t *http;
    const pia_message_t *message;
    json_t *body;
    char *key;
    int64_t next, size; /* bytes written, and in all */
    bool asking, closed;
} stream_t;

/* The bytes of an answer, for the caller to free. */
static void *decode(const json_t *answer, size_t *ret_size)
{
    const char *content = pia_json_text(answer, "content");
    size_t room = content == NULL ? 0 : strlen(content);
    void *bytes = pia_alloc(room + 1);
    *ret_size = 0;
    if (content != NULL)
        (void)sodium_base642bin(bytes, room, content, room, NULL, ret_size, NULL,
                                sodium_base64_VARIANT_ORIGINAL);
    return bytes;
}

/* What the answer says of the file. */
static const json_t *file_of(const json_t *answer)
{
    const json_t *file = json_object_get(answer, "file");
    return file != NULL ? file : json_object_get(answer, "attachment");
}

/* RFC 6266 and 8187: the name in UTF-8, percent-encoded; always to be saved, never shown. */
static void add_disposition(http_request_t *request, const char *name)
{
    char text[NAME_SIZE] = "attachment; filename*=UTF-8''";
    size_t used = strlen(text);
    for (const char *at = name; *at != '\0' && used + 4 < sizeof text; at++) {
        bool plain =
            strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", *at);
        used += (size_t)snprintf(text + used, sizeof text - used, plain ? "%c" : "%%%02X",
                                 (unsigned char)*at);
    }
    http_reply_header(request, "Content-Disposition", text);
}

static void write_tag(const json_t *file, char ret_tag[TAG_SIZE])
{
    (void)snprintf(ret_tag, TAG_SIZE, "\"%s\"", pia_json_text(file, "sha256"));
}

static void add_headers(http_request_t *request, const json_t *file)
{
    http_reply_header(request, "Accept-Ranges", "bytes");
    http_reply_header(request, "Vary", "Authorization");
    add_disposition(request, pia_json_text(file, "name"));
}

static void add_range(http_request_t *request, int64_t first, size_t size, int64_t total)
{
    char text[96];
    (void)snprintf(text, sizeof text, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, first,
                   first + (int64_t)size - 1, total);
    http_reply_header(request, "Content-Range", text);
}

static void end_stream(stream_t *self)
{
    self->gateway->exchanges--;
    http_stream_end(&self->http);
    json_decref(self->body);
    free(self->key);
    free(self);
}

static void on_closed(void *arg)
{
    stream_t *self = arg;
    self->closed = true;
    if (!self->asking)
        end_stream(self);
}

static void on_part(void *arg, const pia_answer_t *answer)
{
    stream_t *self = arg;
    size_t size = 0;
    self->asking = false;
    if (self->closed) {
        end_stream(self);
        return;
    }
    void *bytes = answer->status == PIA_OK ? decode(answer->body, &size) : NULL;
    if (size == 0)
        http_stream_cut(self->http); /* the client sees that it is not whole, and may go on */
    else
        http_stream_write(self->http, bytes, size);
    self->next += (int64_t)size;
    free(bytes);
}

static void on_token(void *arg, const pia_problem_t *problem, const void *token, size_t size)
{
    stream_t *self = arg;
    pia_call_t call = {
        .message = self->message,
        .token = token,
        .token_size = size,
        .timeout_ms = PART_MS,
    };
    pia_answer_t failed = {.status = problem->status};
    if (problem->status != PIA_OK) {
        on_part(self, &failed);
        return;
    }
    json_t *body = json_copy(self->body);
    (void)json_object_set_new(body, "offset", json_integer(self->next));
    bus_ask(self->gateway->bus, &call, body, on_part, self);
    json_decref(body);
}

/* The kernel has taken all: the next part, or the end. */
static void on_drained(void *arg)
{
    stream_t *self = arg;
    if (self->asking || self->closed)
        return;
    if (self->next >= self->size) {
        end_stream(self);
        return;
    }
    self->asking = true;
    auth_ask(self->gateway->auth, self->key, on_token, self);
}

static void begin_stream(gateway_t *gateway,
                         http_request_t **request_p,
                         const download_t *download,
                         const json_t *answer)
{
    stream_t *self = pia_alloc(sizeof *self);
    size_t size;
    void *bytes = decode(answer, &size);
    gateway->exchanges++;
    self->gateway = gateway;
    self->http = *request_p;
    *request_p = NULL;
    self->message = download->route->message;
    self->body = json_deep_copy(download->body);
    self->key = pia_strdup(download->key);
    self->next = (int64_t)size;
    self->size = pia_json_integer(file_of(answer), "size");
    if (ask_field(self->message->request, "sha256") != NULL) /* all parts are of one file */
        (void)json_object_set(self->body, "sha256", json_object_get(file_of(answer), "sha256"));
    http_stream_start(self->http, on_closed, on_drained, self);
    http_stream_write(self->http, bytes, size);
    free(bytes);
}

/* The client's copy is this file already. */
static bool is_known(const http_request_t *request, const download_t *download, const char *tag)
{
    return !download->ranged &&
           reply_tag_matches(http_request_header(request, "If-None-Match"), tag);
}

void download_begin(gateway_t *gateway,
                    http_request_t **request_p,
                    const download_t *download,
                    const json_t *answer)
{
    const json_t *file = file_of(answer);
    int64_t total = pia_json_integer(file, "size");
    char tag[TAG_SIZE];
    bool head = strcmp(http_request_method(*request_p), "HEAD") == 0;
    write_tag(file, tag);
    add_headers(*request_p, file);
    if (!download->ranged && !download->partial && pia_json_integer(answer, "size") < total &&
        !head && !is_known(*request_p, download, tag)) {
        reply_add_safe_headers(*request_p);
        http_reply_header(*request_p, "ETag", tag);
        http_reply_header(*request_p, "Content-Type", pia_json_text(file, "type"));
        begin_stream(gateway, request_p, download, answer);
        return;
    }
    size_t size;
    void *bytes = decode(answer, &size);
    if (download->ranged && size > 0)
        add_range(*request_p, pia_json_integer(answer, "offset"), size, total);
    reply_t reply = {
        .status = download->ranged && size > 0 ? 206 : 200,
        .content_type = pia_json_text(file, "type"),
        .tag = tag,
        .cache_control = "private, no-cache",
        .body = bytes,
        .size = size,
    };
    reply_send(request_p, &reply);
    free(bytes);
}
