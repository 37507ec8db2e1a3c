/* links.h - who is connected to the diffusion's own socket: it listens, reads and writes as a
 * ROUTER of libzmq would (frame 0 of a message names the peer), in the loop's thread (pia/link.h).
 */
#ifndef DIFFUSION_LINKS_H
#define DIFFUSION_LINKS_H

#include <stdint.h>

#include "pia/link.h"

enum { LINKS_MAX = 4096 + 64 }; /* connections; more than peers, of which some come anew */

typedef struct links links_t;

/* Listens at `endpoint`; frames have at most `frame_max` bytes. */
pia_status_t
links_new(const char *endpoint, size_t frame_max, links_t **ret_links, pia_problem_t *problem);
/* Waits at most `linger_ms` until what was sent is written. */
void links_destroy(links_t **self_p, int linger_ms);

/* Readable when there is something for links_recv. */
int links_descriptor(const links_t *self);

/* The next message of anybody, each in turn, into empty frames. PIA_TIMEOUT: there is none now;
 * PIA_TOO_LARGE: it had too many frames, and only its sender is named. */
pia_status_t links_recv(links_t *self, pia_frames_t *frames);
/* After the last links_recv of a round: what was left is for the next one. */
void links_rest(links_t *self);

/* Takes the frames. PIA_NOT_FOUND: the peer is gone; PIA_UNAVAILABLE: too much waits for it. */
pia_status_t links_send(links_t *self, pia_frames_t *frames);
/* Writes what was sent. */
void links_flush(links_t *self);

/* Every second or so: drops who has not greeted in time, and who has said nothing for half a
 * minute: the protocol wants a heartbeat each two seconds. */
void links_tick(links_t *self, int64_t now_ms);

#endif
