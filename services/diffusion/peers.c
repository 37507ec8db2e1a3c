/* peers.c - who talks to us. */
#include "peers.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"

#include "buffer.h"

enum { BUCKETS = 1024 };

struct peers {
    links_t *links; /* not owned */
    size_t count;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* peers choose identities, so they may not know it */
    peer_t *buckets[BUCKETS];
};

peers_t *peers_new(links_t *links)
{
    peers_t *self = pia_alloc(sizeof *self);
    self->links = links;
    randombytes_buf(self->key, sizeof self->key);
    return self;
}

static void remove_visited(void *arg, peer_t *peer)
{
    peers_remove(arg, &peer);
}

void peers_destroy(peers_t **self_p)
{
    peers_t *self = *self_p;
    if (!self)
        return;
    peers_each(self, remove_visited, self);
    free(self);
    *self_p = NULL;
}

static size_t bucket_of(const peers_t *self, const void *identity, size_t size)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, identity, size, self->key);
    return bytes_get_u32(hash) % BUCKETS;
}

peer_t *peers_find(const peers_t *self, const void *identity, size_t size)
{
    peer_t *peer = self->buckets[bucket_of(self, identity, size)];
    while (peer && (peer->identity_size != size || memcmp(peer->identity, identity, size) != 0))
        peer = peer->next;
    return peer;
}

peer_t *peers_get(peers_t *self, const void *identity, size_t size)
{
    peer_t *peer = peers_find(self, identity, size);
    if (peer || self->count >= PEERS_MAX || size > PEER_IDENTITY_MAX)
        return peer;
    peer_t **bucket = &self->buckets[bucket_of(self, identity, size)];
    peer = pia_alloc(sizeof *peer);
    memcpy(peer->identity, identity, size);
    peer->identity_size = size;
    peer->heard_ms = peer->sent_ms = pia_clock_monotonic();
    peer->next = *bucket;
    *bucket = peer;
    self->count++;
    return peer;
}

void peers_remove(peers_t *self, peer_t **peer_p)
{
    peer_t *peer = *peer_p;
    assert(!peer->streams && !peer->memberships);
    peer_t **at = &self->buckets[bucket_of(self, peer->identity, peer->identity_size)];
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    self->count--;
    free(peer);
    *peer_p = NULL;
}

size_t peers_count(const peers_t *self)
{
    return self->count;
}

void peers_each(peers_t *self, void (*visit)(void *arg, peer_t *peer), void *arg)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        peer_t *peer = self->buckets[i];
        while (peer) {
            peer_t *next = peer->next;
            visit(arg, peer);
            peer = next;
        }
    }
}

void peers_begin(pia_frames_t *frames, const void *identity, size_t size, piad_command_t command)
{
    uint8_t byte = (uint8_t)command;
    pia_frames_init(frames);
    pia_frames_add(frames, identity, size);
    pia_frames_add_text(frames, "PIAD01");
    pia_frames_add(frames, &byte, 1);
}

void peer_begin(pia_frames_t *frames, const peer_t *peer, piad_command_t command)
{
    peers_begin(frames, peer->identity, peer->identity_size, command);
}

void peer_add_u32(pia_frames_t *frames, uint32_t value)
{
    uint8_t bytes[4];
    bytes_put_u32(bytes, value);
    pia_frames_add(frames, bytes, sizeof bytes);
}

void peer_add_u64(pia_frames_t *frames, uint64_t value)
{
    uint8_t bytes[8];
    bytes_put_u64(bytes, value);
    pia_frames_add(frames, bytes, sizeof bytes);
}

void peer_add_cursor(pia_frames_t *frames, const cursor_t *cursor)
{
    char text[CURSOR_TEXT_SIZE];
    cursor_format(cursor, text);
    pia_frames_add_text(frames, text);
}

void peer_add_json(pia_frames_t *frames, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    pia_frames_add_text(frames, text);
    free(text);
    json_decref(json);
}

bool peer_send(peers_t *self, peer_t *peer, pia_frames_t *frames)
{
    pia_status_t status = links_send(self->links, frames);
    if (status == PIA_NOT_FOUND)
        peer->lost = true;
    if (status != PIA_OK)
        return false;
    peer->sent_ms = pia_clock_monotonic();
    return true;
}

bool peer_send_error(peers_t *self, peer_t *peer, uint32_t stream, const pia_problem_t *problem)
{
    pia_frames_t frames;
    peer_begin(&frames, peer, PIAD_ERROR);
    peer_add_u32(&frames, stream);
    peer_add_json(&frames, pia_problem_json(problem));
    return peer_send(self, peer, &frames);
}
