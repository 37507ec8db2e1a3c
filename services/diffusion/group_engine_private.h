/* group_engine_private.h - what group_engine.c (the scan and the clock), group_member.c (members
 * and grants), group_held.c (what is in hands, by its number), group_window.c (events and keys),
 * group_lane.c (the second reading) and group_commit.c (what is stored) share. */
#ifndef DIFFUSION_GROUP_ENGINE_PRIVATE_H
#define DIFFUSION_GROUP_ENGINE_PRIVATE_H

#include "group_engine.h"

typedef struct node node_t;
typedef struct group_key group_key_t;

typedef enum { NODE_WAITING, NODE_HELD, NODE_ACKING } node_state_t;
typedef enum {
    NODE_WINDOW, /* holds the mark back */
    NODE_OWN,    /* its key's own mark covers it */
    NODE_SETTLED /* counts nowhere; blocks its key until that is durable */
} node_place_t;

/* An event in memory. */
struct node {
    uint64_t sequence;
    cursor_t before; /* the place before it, of those in the window */
    group_key_t *key;
    node_state_t state;
    node_place_t place;
    bool committing; /* ACKING, and part of the commit that is underway */
    uint64_t fence;  /* HELD, as all up to next_held */
    group_member_t *member;
    node_t *previous_held, *next_held;
    node_t *next_of_bucket; /* HELD */
    node_t *next_of_key;
    node_t *previous, *next; /* of the window */
    node_t *next_acking;
    size_t wire_size;
    uint8_t wire[];
};

typedef enum {
    KEY_ATTACHED, /* goes with the others */
    KEY_LANE,     /* detached, behind the scan: the lane finds its events */
    KEY_TAIL,     /* detached, the scan finds its events */
    KEY_PARKED,
} key_state_t;

typedef enum { QUEUE_NONE, QUEUE_READY, QUEUE_SUSPECT, QUEUE_DELAYED, QUEUE_COUNT } key_queue_t;

struct group_key {
    group_key_t *next_of_bucket;
    group_key_t *previous_detached, *next_detached;
    group_key_t *previous_queued, *next_queued;
    key_queue_t queue;
    node_t *first, *last; /* ACKING ones, then HELD ones, then WAITING ones */
    node_t *last_acking;  /* NULL: none. 10,000 acks of runs of 1,000: 0.4 ms, 17 ms by a walk */
    size_t waiting;
    key_state_t state;
    uint64_t settled;   /* detached: its events up to here are */
    uint64_t loaded;    /* LANE, TAIL: its events up to here were found */
    bool gap;           /* LANE: the present pass may have missed some, or there is none */
    bool stored;        /* a row may exist */
    bool dirty;         /* a row is to be written or deleted */
    bool committing;    /* … and is being written */
    bool suspect;       /* its event may have killed a member: it is given out alone */
    uint64_t failing;   /* the event that failed, 0: none */
    uint32_t attempts;  /* that failed */
    int64_t since_ms;   /* wall clock */
    int64_t not_before; /* monotonic */
    char *error;        /* owned */
    char text[];
};

struct group_member {
    void *owner;
    uint32_t credit, run;
    uint32_t held;
    uint32_t untold; /* settled, not yet told */
    bool draining;
    bool alone; /* has a suspect */
    node_t *first_held, *last_held;
    group_member_t *previous, *next; /* a ring */
};

typedef struct {
    group_key_t *first, *last;
    size_t count;
} key_list_t;

typedef struct {
    group_key_t **items;
    size_t count, capacity;
} key_array_t;

/* What a member is to be told when it is durable. */
typedef struct {
    group_member_t *member; /* NULL: it has left */
    uint64_t sequence, fence;
    group_outcome_t outcome;
} untold_t;

typedef struct {
    untold_t *items;
    size_t count, capacity;
} untold_list_t;

static const uint64_t FENCES_MAX = UINT64_C(1) << 40; /* of one term */

enum {
    BUCKETS = 4096,
    OWN_QUEUE_MAX = 256,   /* events of a detached key in memory */
    OWN_QUEUE_LOW = 32,    /* it is read on when so few are left */
    ASIDE_MIN = 16,        /* a key with less waiting is not worth a row of its own */
    HOLES_SOFT_MAX = 4096, /* 4 to 12 KB in each commit: beyond, keys are set aside */
};

/* Events in hands. Each number is there at most once. */
typedef struct {
    node_t **buckets;
    unsigned bits; /* 2^bits buckets; NULL: none yet */
    size_t count;
} held_table_t;

struct group_engine {
    group_limits_t limits;
    int64_t now_ms, wall_ms;
    int64_t due_ms;  /* when the first delay is over, or earlier */
    int64_t look_ms; /* when detached keys are looked at next */
    uint64_t fences; /* given */

    cursor_t scanned;
    uint64_t done;        /* the highest sequence settled out of order */
    group_place_t start;  /* what was stored: what is settled already when the scan comes there */
    size_t start_next;    /* hole */
    node_t *first, *last; /* the window */
    node_t *first_acking, *last_acking;
    size_t events, bytes;         /* of the window */
    size_t own_events, own_bytes; /* of detached keys */
    bool full;

    group_key_t *buckets[BUCKETS];
    uint8_t hash_key[16]; /* publishers choose keys, so they may not know it */
    key_list_t queues[QUEUE_COUNT];
    group_key_t *detached;
    size_t detached_count, parked_count;
    key_array_t dirty;

    bool lane_on;
    uint64_t lane_at;
    size_t lane_keys; /* of this pass, without a gap */

    group_member_t *members; /* in the ring, the next one to be asked */
    size_t member_count;
    uint64_t free_credit;
    held_table_t held;
    group_member_t *reserved; /* gets nothing until its hands are empty: for a suspect */
    node_t *run;              /* the next of a run that is being given out */
    group_member_t *run_member;
    uint32_t run_left;
    uint64_t run_fence;

    bool committing;
    untold_list_t untold, telling;
    key_array_t commit_keys;
    cursor_t stored_low, commit_low;
    group_place_t place; /* of the commit */
    buffer_t rows, gone; /* of the commit: group_key_row_t; names */
};

/* group_window.c */
group_key_t *key_find(const group_engine_t *self, const char *text);
group_key_t *key_get(group_engine_t *self, const char *text);
/* Puts the key where its first event can be given out from, or nowhere; frees it if nothing speaks
 * for it. */
void key_settle(group_engine_t *self, group_key_t *key);
void key_unqueue(group_engine_t *self, group_key_t *key);
/* Its row is to be written. */
void key_soil(group_engine_t *self, group_key_t *key);
bool key_needs_row(const group_key_t *key);
/* The event that may be settled next; NULL: none is in memory. */
node_t *key_head(const group_key_t *key);
void key_clear_failure(group_key_t *key);
void key_append(group_engine_t *self, group_key_t *key, const group_event_t *event, bool own);
/* Into the list of detached ones, and out of it. */
void key_detach(group_engine_t *self, group_key_t *key);
void key_attach(group_engine_t *self, group_key_t *key);
/* Parks a key at its head, which has failed. */
void key_park(group_engine_t *self, group_key_t *key);
/* Sets the key with most waiting aside; false: none has enough. */
bool window_set_aside(group_engine_t *self);
/* Counts no more, neither in the window nor as a detached key's. */
void node_settle(group_engine_t *self, node_t *node);
/* The first of its key is durably settled. */
void node_drop(group_engine_t *self, node_t *node);

/* group_lane.c */
/* The key's events after `loaded` are found by the lane. */
void lane_add(group_engine_t *self, group_key_t *key, uint64_t loaded);
void lane_remove(group_engine_t *self, group_key_t *key);
/* Lets TAIL keys that have nothing unsettled go with the others again. */
void tail_join(group_engine_t *self, group_key_t *key);

/* group_held.c */
void held_add(held_table_t *self, node_t *node);
void held_remove(held_table_t *self, node_t *node);
/* NULL: nobody has it. */
node_t *held_find(const held_table_t *self, uint64_t sequence);
void held_free(held_table_t *self);

/* group_member.c */
bool engine_has_room(const group_engine_t *self);
/* Out of the hands of its member. */
void node_unhold(group_engine_t *self, node_t *node);

#endif
