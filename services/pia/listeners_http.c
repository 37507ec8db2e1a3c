/* listeners_http.c - SSE clients (libcurl) and a webhook receiver (evhttp) for the story. */
#include "listeners_internal.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { SSE_LINE_MAX = 256 * 1024, WEBHOOK_BODY_MAX = 256 * 1024 };

/* One line of the event stream (WHATWG HTML, 9.2): only what our gateway sends. */
static void on_line(listener_t *listener, const char *line)
{
    if (strncmp(line, "id: ", 4) == 0) {
        (void)snprintf(listener->cursor, sizeof listener->cursor, "%s", line + 4);
        listener_cover(listener, listener->cursor);
    } else if (strncmp(line, "data: ", 6) == 0) {
        json_t *event = json_loads(line + 6, 0, NULL);
        if (event)
            listener_remember(listener, event);
        json_decref(event);
    }
    listener->ready = true;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    listener_t *listener = arg;
    size_t total = size * count;
    if (listener->line_size + total > SSE_LINE_MAX)
        return 0;
    listener->line = pia_realloc(listener->line, listener->line_size + total + 1);
    memcpy(listener->line + listener->line_size, bytes, total);
    listener->line_size += total;
    listener->line[listener->line_size] = '\0';

    char *start = listener->line;
    char *end = NULL;
    while ((end = strchr(start, '\n'))) {
        *end = '\0';
        on_line(listener, start);
        start = end + 1;
    }
    listener->line_size -= (size_t)(start - listener->line);
    memmove(listener->line, start, listener->line_size + 1);
    return total;
}

static void get(listener_t *listener)
{
    char url[1024];
    if (listener->cursor[0])
        (void)snprintf(url, sizeof url, "%s&last_event_id=%s", listener->url, listener->cursor);
    else
        (void)snprintf(url, sizeof url, "%s", listener->url);
    listener->line_size = 0;
    listener->easy = curl_easy_init();
    assert(listener->easy);
    curl_easy_setopt(listener->easy, CURLOPT_URL, url);
    curl_easy_setopt(listener->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(listener->easy, CURLOPT_WRITEDATA, listener);
    curl_easy_setopt(listener->easy, CURLOPT_FAILONERROR, 1L);
    curl_multi_add_handle(listener->owner->curl, listener->easy);
}

size_t listeners_add_sse(listeners_t *self, const char *query)
{
    char url[512];
    (void)snprintf(url, sizeof url, "%s/v1/stream?%s", self->web, query);
    listener_t *listener = listeners_add(self, LISTENER_SSE);
    listener->url = pia_strdup(url);
    get(listener);
    return listener->number;
}

/* A stream that ended (a gateway was restarted) goes on behind the last id. */
void listeners_reconnect(listeners_t *self)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(self->curl, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        for (size_t i = 0; i < self->count; i++) {
            listener_t *listener = &self->listeners[i];
            if (listener->easy != message->easy_handle)
                continue;
            curl_multi_remove_handle(self->curl, listener->easy);
            curl_easy_cleanup(listener->easy);
            get(listener);
            break;
        }
    }
}

/* Standard Webhooks: base64(HMAC-SHA256(secret, id "." timestamp "." body)), after "v1,". */
static bool is_signed(const listener_t *listener, struct evkeyvalq *headers, const char *body)
{
    const char *id = evhttp_find_header(headers, "webhook-id");
    const char *timestamp = evhttp_find_header(headers, "webhook-timestamp");
    const char *signature = evhttp_find_header(headers, "webhook-signature");
    if (!id || !timestamp || !signature || !listener->secret)
        return false;

    unsigned char key[64];
    size_t key_size = 0;
    const char *encoded = listener->secret + strlen("whsec_");
    if (sodium_base642bin(key, sizeof key, encoded, strlen(encoded), NULL, &key_size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, key, key_size);
    const char *parts[] = {id, ".", timestamp, ".", body};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i], strlen(parts[i]));
    crypto_auth_hmacsha256_final(&state, mac);

    char expected[64] = "v1,";
    sodium_bin2base64(expected + 3, sizeof expected - 3, mac, sizeof mac,
                      sodium_base64_VARIANT_ORIGINAL);
    return strstr(signature, expected) != NULL;
}

/* A repeat (its sender died before it recorded our answer) carries the same webhook-id. */
static void remember_once(listener_t *listener, const char *id, const char *body)
{
    for (size_t i = 0; i < listener->item_count; i++)
        if (strcmp(listener->items[i].id, id) == 0)
            return;
    json_t *json = json_loads(body, 0, NULL);
    size_t before = listener->item_count;
    if (json)
        listener_remember(listener, json);
    if (listener->item_count > before)
        (void)snprintf(listener->items[before].id, sizeof listener->items[before].id, "%s", id);
    json_decref(json);
}

static void on_webhook(struct evhttp_request *request, void *arg)
{
    listener_t *listener = arg;
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    struct evbuffer *input = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(input);
    char *body = pia_alloc(size + 1);
    evbuffer_remove(input, body, size);
    if (!is_signed(listener, headers, body)) {
        evhttp_send_reply(request, 401, "Unauthorized", NULL);
    } else {
        remember_once(listener, evhttp_find_header(headers, "webhook-id"), body);
        evhttp_send_reply(request, 204, "No Content", NULL);
    }
    free(body);
}

size_t listeners_add_webhook(listeners_t *self)
{
    listener_t *listener = listeners_add(self, LISTENER_WEBHOOK);
    char path[32];
    char url[96];
    (void)snprintf(path, sizeof path, "/webhook/%zu", listener->number);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", self->receiver_port, path);
    listener->url = pia_strdup(url);
    listener->ready = true;
    evhttp_set_cb(self->http, path, on_webhook, listener);
    return listener->number;
}

const char *listeners_url(const listeners_t *self, size_t listener)
{
    return self->listeners[listener].url;
}

void listeners_trust(listeners_t *self, size_t listener, const char *secret)
{
    free(self->listeners[listener].secret);
    self->listeners[listener].secret = pia_strdup(secret);
}

bool listeners_open_receiver(listeners_t *self)
{
    self->base = event_base_new();
    assert(self->base);
    self->http = evhttp_new(self->base);
    assert(self->http);
    evhttp_set_max_body_size(self->http, WEBHOOK_BODY_MAX);
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(self->http, "127.0.0.1", 0);
    if (!bound)
        return false;
    self->receiver_descriptor = evhttp_bound_socket_get_fd(bound);
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    if (getsockname(self->receiver_descriptor, (struct sockaddr *)&address, &size) != 0)
        return false;
    self->receiver_port = ntohs(address.sin_port);
    return true;
}
