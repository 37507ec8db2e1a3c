/* peers.h - who talks to us: by identity, with the time they were last heard. Loop thread. */
#ifndef DIFFUSION_PEERS_H
#define DIFFUSION_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "links.h"
#include "piad.h"

enum { PEERS_MAX = 4096, PEER_IDENTITY_MAX = 255 };

typedef struct stream stream_t;
typedef struct membership membership_t;
typedef struct peer peer_t;

struct peer {
    uint8_t identity[PEER_IDENTITY_MAX];
    size_t identity_size;
    int64_t heard_ms; /* monotonic */
    int64_t sent_ms;
    size_t publishing; /* publishes that wait for the store */
    bool greeted;      /* it has said hello */
    bool located;      /* what it publishes after is in this history */
    bool lost;         /* it is gone, or a receipt could not be sent: to be dropped */
    stream_t *streams; /* a list, kept by streams.c */
    size_t stream_count;
    membership_t *memberships; /* a list, kept by group_server.c */
    size_t membership_count;
    peer_t *next; /* in its bucket */
};

typedef struct peers peers_t;

/* `links` is not owned. */
peers_t *peers_new(links_t *links);
/* The peers have no streams any more. */
void peers_destroy(peers_t **self_p);

peer_t *peers_find(const peers_t *self, const void *identity, size_t size);

/* Finds it or makes it; NULL if there are PEERS_MAX. */
peer_t *peers_get(peers_t *self, const void *identity, size_t size);

/* Forgets a peer, which has no streams any more; nulls the pointer. */
void peers_remove(peers_t *self, peer_t **peer_p);

size_t peers_count(const peers_t *self);

/* Calls `visit` for each; it may remove the peer that it is given. */
void peers_each(peers_t *self, void (*visit)(void *arg, peer_t *peer), void *arg);

/* Starts a message of ours to a peer: identity, magic, command. */
void peer_begin(pia_frames_t *frames, const peer_t *peer, piad_command_t command);
void peers_begin(pia_frames_t *frames, const void *identity, size_t size, piad_command_t command);
void peer_add_u32(pia_frames_t *frames, uint32_t value);
void peer_add_u64(pia_frames_t *frames, uint64_t value);
void peer_add_cursor(pia_frames_t *frames, const cursor_t *cursor);
void peer_add_json(pia_frames_t *frames, json_t *json); /* takes */

/* Takes the frames. False if the peer is gone or its queue is full: nothing of it was sent. */
bool peer_send(peers_t *self, peer_t *peer, pia_frames_t *frames);

/* ERROR on a stream, or with 0 on the connection. */
bool peer_send_error(peers_t *self, peer_t *peer, uint32_t stream, const pia_problem_t *problem);

#endif
