/* listeners.c - what the story's receivers remember, and the one loop that feeds them. */
#include "listeners.h"
#include "listeners_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

listener_t *listeners_add(listeners_t *self, listener_kind_t kind)
{
    assert(self->count < LISTENERS_MAX);
    listener_t *listener = &self->listeners[self->count];
    *listener = (listener_t){.kind = kind, .number = self->count, .owner = self};
    self->count++;
    return listener;
}

/* The sequence in a cursor "epoch.sequence.chain"; 0 if it is not one. */
uint64_t listener_sequence(const char *cursor)
{
    const char *dot = strchr(cursor, '.');
    return dot ? strtoull(dot + 1, NULL, 10) : 0;
}

void listener_cover(listener_t *listener, const char *cursor)
{
    uint64_t sequence = listener_sequence(cursor);
    if (sequence > listener->covered)
        listener->covered = sequence;
}

void listener_remember(listener_t *listener, const json_t *event)
{
    const json_t *data = json_object_get(event, "data");
    const char *title = pia_json_text(data, "title");
    const char *kind = pia_json_text(event, "kind");
    if (!title)
        title = pia_json_text(event, "type");
    if (listener->item_count == LISTENER_ITEMS_MAX || !title)
        return;
    remembered_t *item = &listener->items[listener->item_count++];
    item->title = pia_strdup(title);
    item->kind = pia_strdup(kind ? kind : "");
}

pia_status_t listeners_new(const char *diffusion,
                           const char *web,
                           listeners_t **ret_listeners,
                           pia_problem_t *problem)
{
    listeners_t *self = pia_alloc(sizeof *self);
    self->web = pia_strdup(web);
    self->stream = pia_stream_new(diffusion, listeners_on_stream, self);
    self->curl = curl_multi_init();
    assert(self->curl);
    if (!listeners_open_receiver(self)) {
        listeners_destroy(&self);
        return pia_problem_set(problem, PIA_UNAVAILABLE, NULL,
                               "No loopback port for the webhook receiver.");
    }
    *ret_listeners = self;
    return PIA_OK;
}

static void listener_clear(listener_t *listener)
{
    if (listener->easy) {
        curl_multi_remove_handle(listener->owner->curl, listener->easy);
        curl_easy_cleanup(listener->easy);
    }
    for (size_t i = 0; i < listener->item_count; i++) {
        free(listener->items[i].title);
        free(listener->items[i].kind);
    }
    json_decref(listener->filter);
    free(listener->line);
    free(listener->url);
    free(listener->secret);
}

void listeners_destroy(listeners_t **self_p)
{
    listeners_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        listener_clear(&self->listeners[i]);
    pia_stream_destroy(&self->stream);
    curl_multi_cleanup(self->curl);
    if (self->http)
        evhttp_free(self->http);
    if (self->base)
        event_base_free(self->base);
    free(self->web);
    free(self);
    *self_p = NULL;
}

void listeners_on_stream(void *arg, const pia_stream_message_t *message)
{
    listeners_t *self = arg;
    if (message->kind == PIA_STREAM_LOST) {
        listeners_resubscribe(self);
        return;
    }
    if (message->stream == 0 || message->stream > self->count)
        return;
    listener_t *listener = &self->listeners[message->stream - 1];
    if (message->kind == PIA_STREAM_EVENT) {
        listener_remember(listener, message->event->json);
        pia_stream_credit(self->stream, message->stream, 1);
    }
    if (message->kind == PIA_STREAM_EVENT || message->kind == PIA_STREAM_PROGRESS) {
        const char *cursor = message->event ? message->event->cursor : message->cursor;
        (void)snprintf(listener->cursor, sizeof listener->cursor, "%s", cursor);
        listener_cover(listener, cursor);
        listener->ready = true;
    }
}

static void subscribe(listener_t *listener)
{
    pia_subscribe_t options = {
        .cursor = listener->cursor[0] ? listener->cursor : "head",
        .filter = listener->filter,
        .credit = 100,
    };
    pia_stream_subscribe(listener->owner->stream, (uint32_t)listener->number + 1, &options);
}

void listeners_resubscribe(listeners_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->listeners[i].kind == LISTENER_STREAM)
            subscribe(&self->listeners[i]);
}

size_t listeners_add_stream(listeners_t *self, const json_t *filter)
{
    listener_t *listener = listeners_add(self, LISTENER_STREAM);
    listener->filter = json_deep_copy(filter);
    subscribe(listener);
    return listener->number;
}

bool listeners_ready(const listeners_t *self, size_t listener)
{
    return self->listeners[listener].ready;
}

uint64_t listeners_covered(const listeners_t *self, size_t listener)
{
    return self->listeners[listener].covered;
}

size_t listeners_count(const listeners_t *self, size_t listener)
{
    return self->listeners[listener].item_count;
}

listener_item_t listeners_item(const listeners_t *self, size_t listener, size_t index)
{
    assert(index < self->listeners[listener].item_count);
    const remembered_t *item = &self->listeners[listener].items[index];
    return (listener_item_t){.kind = item->kind, .title = item->title};
}

void listeners_pump(listeners_t *self, int timeout_ms)
{
    struct curl_waitfd wait[2] = {
        {.fd = pia_stream_descriptor(self->stream), .events = CURL_WAIT_POLLIN},
        {.fd = self->receiver_descriptor, .events = CURL_WAIT_POLLIN},
    };
    curl_multi_poll(self->curl, wait, 2, timeout_ms, NULL);
    pia_stream_process(self->stream);
    pia_stream_tick(self->stream);
    int running = 0;
    curl_multi_perform(self->curl, &running);
    listeners_reconnect(self);
    event_base_loop(self->base, EVLOOP_NONBLOCK);
}
