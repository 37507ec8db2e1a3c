/* server_private.h - what server.c (what peers say), server_feed.c (what they are told of the
 * journal) and server_life.c (beginning and end) share. */
#ifndef DIFFUSION_SERVER_PRIVATE_H
#define DIFFUSION_SERVER_PRIVATE_H

#include <stdatomic.h>

#include "pia/lock.h"

#include "diffusion.h"
#include "groups.h"
#include "live.h"
#include "publish.h"
#include "streams.h"

enum { ENDPOINT_SIZE = 256 };

struct server {
    diffusion_t *diffusion;       /* not owned */
    char endpoint[ENDPOINT_SIZE]; /* of the links, as bound */
    pia_lock_t *lock;             /* of its path; NULL if it has none */
    links_t *links;
    peers_t *peers;
    publisher_queue_t *queue;
    ring_t *ring;
    reader_t *reader;
    streams_t *streams;
    groups_t *groups;
    char live_endpoint[ENDPOINT_SIZE];
    pia_lock_t *live_lock;
    live_t *live;        /* NULL: another instance has it */
    uint64_t live_after; /* what was there before we were is not sent live */
    read_t *tail;        /* a question for what other instances wrote; NULL: none */
    int wake;            /* eventfd: streams wait for another round */
    int timers[6];       /* ids */
    int retry_timer;     /* id while streams are blocked; 0 */
    bool shared;         /* other instances may write to the journal */
    bool draining;
    uint64_t damage_good; /* what streams were told of the damage */
    struct {
        pia_job_t job; /* notes it for other instances */
        uint64_t good; /* what is noted */
        bool busy;
    } note;
    struct {
        pia_job_t job; /* SQLite follows what was logged */
        bool busy;
    } follow;
    struct {
        pia_job_t job;
        cursor_t found;              /* by the job */
        bool known;                  /* by the job: there are two backups */
        char told[CURSOR_TEXT_SIZE]; /* "": nothing */
        bool busy;
    } backups;
    struct {
        atomic_ullong received, nonsense, dropped;
        atomic_ullong peers, streams; /* now; for stats in another thread */
        live_counters_t live;
    } counters;
};

/* server.c */
/* `arg` is the server. */
void server_receive(void *arg);
void server_look_after_peers(server_t *self);
/* Every peer that has said hello is told again what holds for all. */
void server_welcome_again(server_t *self);

/* server_feed.c */
void server_look_for_backups(void *arg); /* peers are told how far two of them hold the journal */
void server_run_streams(void *arg);
void server_go_on(void *arg);         /* the wake is readable */
void server_drained(void *arg);       /* frames have left */
void server_ask_tail(void *arg);      /* looks for batches of other instances … */
void server_look_for_tail(void *arg); /* … when all that the feed has is taken */

#endif
