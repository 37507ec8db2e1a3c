/* link.h - one connection of ZMTP 3 (rfc.zeromq.org/spec/23), the wire of ZeroMQ, read and written
 * by the thread that uses it. libzmq hands each message to a thread of its own and back, on both
 * sides: four wake-ups for a publish and its receipt (measured on one core, 1 in flight, until the
 * receipt is there: 104 us and 73 us of CPU; without them 77 us and 45 us, 36 of them the disk's).
 *
 * The other side may be libzmq: a DEALER's for a ROUTER's link, and the other way. One thread. */
#ifndef PIA_LINK_H
#define PIA_LINK_H

#include "pia/frames.h"
#include "pia/problem.h"

enum {
    PIA_LINK_MESSAGES_MAX = 4096,          /* that wait to be written */
    PIA_LINK_BYTES_MAX = 64 * 1024 * 1024, /* so many may wait for one of a ROUTER's peers */
    PIA_LINK_HANDSHAKE_MS = 5000, /* who connects and says nothing for so long is dropped */
};

typedef struct pia_link pia_link_t;

/* What the socket of libzmq would be. */
typedef enum { PIA_LINK_DEALER, PIA_LINK_ROUTER } pia_link_side_t;

/* Not attached yet: what is sent waits. Frames from the other side have at most `frame_max` bytes,
 * and those of a message 64 KiB more in all, else it is lost. */
pia_link_t *pia_link_new(pia_link_side_t side, size_t frame_max);
/* Closes the socket; what was not written is dropped. */
void pia_link_destroy(pia_link_t **link_p);

/* Takes a stream socket that does not block, connected or on its way; greets. */
void pia_link_attach(pia_link_t *link, int descriptor);
/* Closes the socket, and keeps what waits. Not once the link has been open. */
void pia_link_detach(pia_link_t *link);
int pia_link_descriptor(const pia_link_t *link); /* -1: not attached */
/* Whether both sides have greeted. */
bool pia_link_is_open(const pia_link_t *link);

/* Lets a message wait: the frames from `first` on; takes them all. PIA_UNAVAILABLE: too many wait.
 * Of an open link whose other side takes nothing any more they are dropped. */
pia_status_t pia_link_send(pia_link_t *link, pia_frames_t *frames, size_t first);
/* Writes what the socket takes. False: the connection is lost, before it was open; later
 * pia_link_recv tells, after what was received. */
bool pia_link_flush(pia_link_t *link);
/* Whether something waits to be written: also after pia_link_recv, which answers a ping. */
bool pia_link_has_output(const pia_link_t *link);
/* Whether it has to be flushed again when the socket is writable. */
bool pia_link_is_blocked(const pia_link_t *link);

/* The socket may be readable: before the first pia_link_recv of a round. */
void pia_link_wake(pia_link_t *link);
/* Until the next wake only what was read already is handed over: the end of a round. */
void pia_link_pause(pia_link_t *link);
/* Appends the frames of the next message. PIA_TIMEOUT: there is none yet, or none was whole within
 * a megabyte (the socket, still readable, tells of the rest); PIA_TOO_LARGE: it had more than
 * PIA_FRAMES_MAX, and is dropped; PIA_UNAVAILABLE: the connection is lost, or makes no sense. */
pia_status_t pia_link_recv(pia_link_t *link, pia_frames_t *frames);
/* Whether bytes were read that no pia_link_recv has looked at: the socket does not tell of them. */
bool pia_link_has_more(const pia_link_t *link);

/* A socket on its way to an endpoint ("ipc://path", "tcp://host:port"), or -1: not now. A host of
 * several addresses is tried at another with each `attempt`. Its name is asked for in the caller's
 * thread, which waits: it should be an address, or be in /etc/hosts. */
int pia_link_connect(const char *endpoint, unsigned attempt);
/* A socket that listens there; the host * is all, of IPv6 and IPv4. An ipc path is taken over: who
 * binds holds its lock (lock.h). */
pia_status_t pia_link_listen(const char *endpoint, int *ret_descriptor, pia_problem_t *problem);
/* The next one that has connected to it, or -1; *ret_full: for want of descriptors. */
int pia_link_accept(int listener, bool *ret_full);

#endif
