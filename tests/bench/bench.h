/* bench.h - what the client programs of all systems share: one event, one pacing, one clock. A
 * system is only how an event is sent, how its acknowledgement is awaited, and how events are
 * followed, so that what is compared differs in nothing else. */
#ifndef BENCH_H
#define BENCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENT_SIZE = 256, FOLLOWERS_MAX = 128, PUBLISHERS_MAX = 64 };

typedef struct {
    const char *endpoint;   /* of the system under test: a URL or the path of a socket */
    const char *broker;     /* PIA: where tokens are asked for */
    const char *key;        /* PIA: the file with the API key */
    const char *cursor;     /* replay: from where; "": the beginning */
    unsigned publishers;    /* connections, a thread each */
    unsigned window;        /* events of a publisher without an acknowledgement */
    unsigned followers;     /* connections, one thread for all */
    unsigned lead;          /* fan-out: events the publisher may be ahead of the slowest follower */
    uint64_t count;         /* events at most, over all publishers */
    double seconds;         /* at most */
    double rate;            /* latency: events a second */
    const char *subscriber; /* core, stream: which of the system's ways out is followed */
} options_t;

/* Events that are not acknowledged or not delivered for so long are lost: the run fails. */
#define PATIENCE_NS (20LL * 1000 * 1000 * 1000)

/* Fills EVENT_SIZE bytes of CloudEvents JSON with an id never used before, a number and a time that
 * event_read gives back. */
typedef struct {
    uint64_t random[2]; /* state */
} generator_t;
void generator_init(generator_t *generator, unsigned index);
void event_write(generator_t *generator, char *bytes, uint64_t number, int64_t time_ns);
/* False: not an event of ours. */
bool event_read(const char *bytes, size_t size, uint64_t *ret_number, int64_t *ret_time_ns);

int64_t clock_ns(void); /* monotonic, the same in all processes */
void wait_until(int64_t time_ns);

/* Prints why on stderr and exits 1. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Times in ns, as many as come. */
typedef struct {
    int64_t *value;
    size_t count, room;
} samples_t;
void samples_add(samples_t *samples, int64_t value);
/* Takes what `more` has. */
void samples_append(samples_t *samples, samples_t *more);
void samples_clear(samples_t *samples);
/* The value below which `share` (0..1) of all lie, in us; 0 if there is none. Sorts. */
double samples_us(samples_t *samples, double share);

/* The receiving side of a run, shared by its thread and the publisher's. */
typedef struct {
    const options_t *options;
    unsigned count;
    bool timed;                              /* keep latencies */
    atomic_bool ready;                       /* all follow: what is published from now on counts */
    atomic_uint_fast64_t target;             /* events that each is to get; UINT64_MAX: not known */
    atomic_uint_fast64_t got[FOLLOWERS_MAX]; /* events, in order from number 0 */
    uint64_t seen;                           /* the slowest's count at the last followers_done */
    int64_t last_ns;                         /* when that grew last; these two are the thread's */
    samples_t latency;                       /* from the event's time to the callback */
} followers_t;

/* Counts an event for one follower; dies unless it is the very next one. */
void followers_event(followers_t *followers, unsigned index, const char *bytes, size_t size);
/* Whether every follower has got its target: to be asked after every reading. Dies when nothing has
 * come for too long. */
bool followers_done(followers_t *followers);
uint64_t followers_slowest(followers_t *followers);

typedef struct {
    const char *name;
    /* Once, before any other: makes the stream. NULL: nothing to make. */
    void (*prepare)(const options_t *options);
    void *(*publisher_new)(const options_t *options, unsigned index);
    /* Sends `count` events of EVENT_SIZE bytes, one after the other in `bytes`. */
    void (*publisher_send)(void *publisher, const char *bytes, size_t count);
    /* Events acknowledged since the last call; with `block` waits for one at least. */
    uint64_t (*publisher_acknowledged)(void *publisher, bool block);
    /* Returns when all that was sent is acknowledged; how many were since the last call. */
    uint64_t (*publisher_drain)(void *publisher);
    void (*publisher_destroy)(void *publisher);
    /* Follows until followers_done; sets `ready` once all subscriptions stand. */
    void (*follow)(followers_t *followers);
    /* Loads `count` subscriptions, matches `window` events, prints the times. */
    void (*match)(const options_t *options);
} system_t;

/* The program's main: reads the command line, runs the operation, prints one line of JSON. */
int bench_main(const system_t *system, int argc, char **argv);

/* The operations; each needs its part of the system. */
void operation_publish(const system_t *system, const options_t *options);
void operation_fanout(const system_t *system, const options_t *options);
void operation_latency(const system_t *system, const options_t *options);
void operation_replay(const system_t *system, const options_t *options);
void operation_match(const system_t *system, const options_t *options);

#endif
