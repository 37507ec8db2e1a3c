/* gate.h - one connection's gate: the bufferevent filter between a socket and evhttp that admits
 * only what strict.h admits, keeps the deadlines, and writes to the socket.
 *
 * Why a filter and not nginx before a unix socket: nginx accepts bare LF and drops odd header names
 * silently, restarts its body timeout at each dripped byte, and would be one more process to
 * install, configure and supervise. Why not a relay over a second socket: two more descriptors and
 * two more copies for each SSE client.
 *
 * What a filter costs, with libevent 2.1.12: it hands output to the socket's buffer and reports it
 * as written, so that evhttp would close before the last bytes have left; it does not look at
 * waiting output or input when it is enabled. So the gate writes to the descriptor itself (evhttp
 * hears "written" when the kernel has all of it), and runs the filter again from an event of its
 * own. All calls on the loop's thread. */
#ifndef GATEWAY_GATE_H
#define GATEWAY_GATE_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gates gates_t; /* all connections of one server */
typedef struct gate gate_t;   /* one connection */

typedef struct {
    int64_t request_timeout_ms; /* from a request's first byte to its last, however it drips */
    int64_t answer_timeout_ms;  /* from an answer's first byte to its last */
    int64_t idle_timeout_ms;    /* between requests */
    unsigned connections_max;
    size_t requests_max; /* bytes of requests that have begun and are not answered, in all: large
                            ones beyond that are refused, small ones always pass */
    void (*on_room)(void *arg, bool room); /* no more may be accepted, or they may again */
    void *arg;
} gate_limits_t;

typedef struct {
    uint64_t accepted, refused, cut; /* connections; refused: by the filter; cut: by a deadline */
    unsigned open;
} gate_stats_t;

gates_t *gates_new(const gate_limits_t *limits);
/* Every connection must be gone. */
void gates_destroy(gates_t **gates_p);
const gate_stats_t *gates_stats(const gates_t *gates);
/* Closes the connections that wait for a request, now and from now on. */
void gates_drain(gates_t *gates);

/* For evhttp_set_bevcb: a new connection's bufferevent. `arg` is the gates_t. */
struct bufferevent *gates_accept(struct event_base *base, void *arg);

/* The gate of evhttp's bufferevent; asserts that it is one. */
gate_t *gates_find(gates_t *gates, struct bufferevent *bufferevent);

/* The answer is a stream, which has no deadline; or what is left of it has one again. */
void gate_stream(gate_t *gate, bool open);
/* The answer is written: the next request may pass. */
void gate_answered(gate_t *gate);
/* Bytes of output that the kernel has not taken yet. */
size_t gate_pending(const gate_t *gate);
/* Closes the connection soon, not from within this call. */
void gate_cut(gate_t *gate);

#endif
