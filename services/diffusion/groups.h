/* groups.h - the groups that this instance has, their members, and what both say to each other
 * (proto/README.md, Groups). Loop thread. */
#ifndef DIFFUSION_GROUPS_H
#define DIFFUSION_GROUPS_H

#include "pia/principal.h"

#include "peers.h"
#include "reader.h"
#include "ring.h"
#include "tenure.h"

typedef struct diffusion diffusion_t;
typedef struct groups groups_t;

/* Pointers are kept, not owned. */
typedef struct {
    diffusion_t *diffusion;
    peers_t *peers;
    links_t *links;
    ring_t *ring;
    reader_t *reader;
    bool shared;                 /* other instances may take a group over */
    const char *endpoint;        /* ours, for members that ask elsewhere */
    void (*on_ready)(void *arg); /* time to call groups_run */
    void *arg;
} groups_options_t;

groups_t *groups_new(const groups_options_t *options);
/* Nothing is in the store thread any more, the reader has been destroyed. */
void groups_destroy(groups_t **self_p);

/* A peer's commands. Not OK: refused, with the problem that the peer is to be told. */
pia_status_t groups_join(groups_t *self,
                         peer_t *peer,
                         const piad_t *message,
                         const pia_principal_t *principal,
                         pia_problem_t *problem);
void groups_ack(groups_t *self, peer_t *peer, const piad_t *message);
void groups_nack(groups_t *self, peer_t *peer, const piad_t *message);
void groups_leave(groups_t *self, peer_t *peer, const piad_t *message);
/* As streams_renew. */
bool groups_renew(const peer_t *peer, uint32_t id, tenure_t *tenure);

/* What someone says of events who is not known any more is fenced. */
void groups_fence(groups_t *self, const void *identity, size_t size, const piad_t *message);

/* Whether this number of the peer is a membership. */
bool groups_have(const peer_t *peer, uint32_t id);
/* Ends a membership at once; its events are free. */
void groups_close(groups_t *self, peer_t *peer, uint32_t id);
/* The peer is gone. */
void groups_drop_peer(groups_t *self, peer_t *peer, const char *why);
/* Ends the memberships of a subject whose rights were revoked. */
void groups_revoke(groups_t *self, const char *subject);

/* Events were removed from the journal: pages that were read before are read again. */
void groups_forget_pages(groups_t *self);

/* Reads, gives out, stores, up to a budget; true if something is left for the next round. */
bool groups_run(groups_t *self);

/* About every 100 ms: leases of members and of groups, delays. */
void groups_tick(groups_t *self);

/* Lets go of all groups, so that other instances need not wait. Once. */
void groups_drain(groups_t *self);

/* Adds its counters; any thread. */
void groups_stats(groups_t *self, json_t *stats);

#endif
