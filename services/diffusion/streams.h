/* streams.h - what subscribers follow: each stream has its cursor, filter, rights and credit, and
 * covers the journal range by range, from disk, from the ring, and live, without a seam: wherever
 * the next batch comes from, it is the one that holds the next sequence. Loop thread. */
#ifndef DIFFUSION_STREAMS_H
#define DIFFUSION_STREAMS_H

#include "pia/principal.h"

#include "filter.h"
#include "peers.h"
#include "reader.h"
#include "ring.h"
#include "tenure.h"

enum { STREAMS_PER_PEER_MAX = 64, STREAMS_MAX = 8192 };

typedef struct streams streams_t;

/* Keeps pointers to what it works with; not owned. `on_ready` is called when what the reader has
 * brought waits to be sent: time to call streams_run. */
streams_t *streams_new(peers_t *peers,
                       ring_t *ring,
                       reader_t *reader,
                       damage_t *damage,
                       void (*on_ready)(void *arg),
                       void *arg);
/* The reader has been destroyed, and no peer has streams any more. */
void streams_destroy(streams_t **self_p);

/* Opens a stream. Borrows the filter. Not OK: refused, with the problem that the
 * peer is to be told. */
pia_status_t streams_open(streams_t *self,
                          peer_t *peer,
                          uint32_t id,
                          const pia_principal_t *principal,
                          const piad_subscribe_t *subscribe,
                          pia_problem_t *problem);

/* Grants more events; false if the peer has no such stream. */
bool streams_credit(streams_t *self, peer_t *peer, uint32_t id, uint32_t amount);

/* Shows another token: the stream goes on to the end of that, or ends, where it is not good or has
 * other rights. False: the peer has no such stream. */
bool streams_renew(streams_t *self, const peer_t *peer, uint32_t id, tenure_t *tenure);

/* Ends a stream of the peer, if it has it, or all of them. */
void streams_close(streams_t *self, const peer_t *peer, uint32_t id);
void streams_close_all(streams_t *self, peer_t *peer);

/* The ring has grown: who has credit gets its part when streams_run is called. */
void streams_wake(streams_t *self);

/* Readable when frames of a stream that had too many have left; then streams_drained lets it go on
 * when streams_run is called. */
int streams_descriptor(const streams_t *self);
void streams_drained(streams_t *self);

/* Sends what is ready, up to a budget; true if something is left for the next round. */
bool streams_run(streams_t *self);

/* Whether a frame could not be sent, for a peer's queue was full: then streams_retry soon. */
bool streams_are_blocked(const streams_t *self);
void streams_retry(streams_t *self);

/* Every half second: ends those whose token has ended, progress of streams that have moved without
 * an event, and another try for those that could not read. */
void streams_tick(streams_t *self, int64_t now_ms);

/* Rows of the journal have changed: what streams hold of it, or have asked for, is read again. */
void streams_forget(streams_t *self);

/* Ends all streams of a subject whose rights were revoked. */
void streams_revoke(streams_t *self, const char *subject);

size_t streams_count(const streams_t *self);

/* Bytes of records on their way that are still in this process. Any thread. */
size_t streams_bytes(streams_t *self);

/* How often a stream waited because there was too much of all streams. Any thread. */
uint64_t streams_waits(streams_t *self);

#endif
