/* server.h - the diffusion's own sockets: PIAD01, and the live feed. Loop thread. */
#ifndef DIFFUSION_SERVER_H
#define DIFFUSION_SERVER_H

#include <jansson.h>

#include "pia/problem.h"

#include "cursor.h"

typedef struct server server_t;
typedef struct diffusion diffusion_t;

/* Settings of the server, read from the configuration. */
typedef struct {
    const char *endpoint; /* "ipc://run/diffusion.sock"; a further instance takes the next number */
    const char *live;     /* "ipc://run/live.sock" */
    const char *database; /* URL, for the reader */
    size_t ring_size;     /* bytes */
    cursor_t ring_start;  /* the feed goes on from here */
    cursor_t head;        /* what is not behind it is not new: it is not sent live */
    bool shared;          /* other instances may write to the journal */
} server_options_t;

/* Binds the sockets and joins the loop. */
pia_status_t server_new(diffusion_t *diffusion,
                        const server_options_t *options,
                        server_t **ret_server,
                        pia_problem_t *problem);

/* Passes on what has become durable: after each batch of the executor. */
void server_take_feed(server_t *self);

/* Tells every peer to connect again, takes no more of them, and keeps sending receipts. */
void server_drain(server_t *self);

/* Leaves the loop and closes the sockets; nothing of ours is in the store thread any more. */
void server_destroy(server_t **self_p);

/* Where it is bound; any thread. */
const char *server_endpoint(const server_t *self);

/* Adds its counters; any thread. */
void server_stats(server_t *self, json_t *stats);

#endif
