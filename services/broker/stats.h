/* stats.h - what the broker counts: outcomes, and what it dropped by reason. */
#ifndef BROKER_STATS_H
#define BROKER_STATS_H

#include <jansson.h>
#include <stdint.h>

/* Outcomes. */
#define STATS_MAP(X)                                                                               \
    X(REQUESTS, "requests")         /* MDPC02 requests, MMI included */                            \
    X(ANSWERS, "answers")           /* finals passed on to clients */                              \
    X(PARTIALS, "partials")         /* partials passed on to clients */                            \
    X(DELIVERED, "delivered")       /* requests given to a worker */                               \
    X(REDELIVERED, "redelivered")   /* of these: not for the first time */                         \
    X(TIMEOUTS, "timeouts")         /* answered `timeout` here */                                  \
    X(UNAVAILABLE, "unavailable")   /* answered `unavailable` here */                              \
    X(INVALID, "invalid")           /* answered `invalid` here */                                  \
    X(LATE, "late")                 /* worker's answers after the client was told `timeout` */     \
    X(CLIENT_GONE, "client_gone")   /* answers that could not be sent */                           \
    X(READY, "ready")               /* workers registered */                                       \
    X(LEFT, "left")                 /* workers that said goodbye */                                \
    X(LOST, "lost")                 /* workers silent for too long, or unreachable */              \
    X(DISCONNECTED, "disconnected") /* workers sent away */

/* Why a message was dropped: first the invalid ones, then the valid but unexpected. */
#define STATS_DROP_MAP(X)                                                                          \
    X(SHORT, "short")                                                                              \
    X(LONG, "long")                                                                                \
    X(EMPTY, "leading_empty")                                                                      \
    X(MAGIC, "magic")                                                                              \
    X(COMMAND, "command")                                                                          \
    X(NAME, "service_name")                                                                        \
    X(WINDOW, "window")                                                                            \
    X(ADDRESS, "address")                                                                          \
    X(DELIMITER, "delimiter")                                                                      \
    X(SECOND_READY, "second_ready")                                                                \
    X(NOT_READY, "not_ready")                                                                      \
    X(NO_REQUEST, "no_request")                                                                    \
    X(DIALECT, "dialect")                                                                          \
    X(MMI_READY, "mmi_ready")                                                                      \
    X(WORKER_ASKS, "worker_asks")                                                                  \
    X(AFTER_DISCONNECT, "after_disconnect")                                                        \
    X(TOO_MANY_WORKERS, "too_many_workers")

typedef enum {
#define X(name, text) STATS_##name,
    STATS_MAP(X)
#undef X
        STATS_COUNT
} stats_counter_t;

typedef enum {
#define X(name, text) DROP_##name,
    STATS_DROP_MAP(X)
#undef X
        DROP_COUNT,
    DROP_NONE = DROP_COUNT
} stats_drop_t;

typedef struct {
    uint64_t counters[STATS_COUNT];
    uint64_t dropped[DROP_COUNT];
    int64_t logged_ms;   /* when a drop was last logged */
    uint64_t not_logged; /* drops since then */
} stats_t;

void stats_add(stats_t *stats, stats_counter_t counter);

/* Counts a dropped message, and logs one a second at most. */
void stats_drop(stats_t *stats, stats_drop_t reason, int64_t now_ms);

/* The wire name of a reason. */
const char *stats_drop_text(stats_drop_t reason);

/* Sets every counter in `object`, and "dropped" with the reasons seen so far. */
void stats_json(const stats_t *stats, json_t *object);

#endif
