/* group_types.h - what goes into a group's engine and what comes out. */
#ifndef DIFFUSION_GROUP_TYPES_H
#define DIFFUSION_GROUP_TYPES_H

#include "group_state.h"

enum { GROUP_RUN_MAX = 1000, GROUP_CREDIT_MAX = 10000 };

typedef struct group_engine group_engine_t;
typedef struct group_member group_member_t;

typedef struct {
    size_t events_max; /* of the window: unsettled events of keys that go with the others */
    size_t bytes_max;
    size_t detached_max;   /* keys */
    uint32_t attempts_max; /* then the key parks */
    uint64_t fence_base;   /* tokens are above it; 2^40 of them */
} group_limits_t;

typedef enum {
    GROUP_ACKNOWLEDGED, /* durable */
    GROUP_FENCED,       /* it was not, or no longer, in this member's hands; nothing was changed */
    GROUP_RETURNED,     /* it failed and will come again */
    GROUP_PARKED,       /* it failed too often: its key waits for retry or skip */
} group_outcome_t;

/* An event as the scan or the lane finds it. */
typedef struct {
    cursor_t cursor;
    const char *key;
    const uint8_t *wire; /* the whole wire record; copied */
    size_t wire_size;
} group_event_t;

/* An event that a member is given. Borrowed until the next call. */
typedef struct {
    group_member_t *member;
    uint64_t sequence, fence;
    uint32_t attempt; /* from 1 */
    const uint8_t *wire;
    size_t wire_size;
} group_grant_t;

/* What a commit writes; borrowed until end_commit. */
typedef struct {
    const group_place_t *place;
    const group_key_row_t *rows; /* to be stored */
    size_t row_count;
    char (*gone)[GROUP_KEY_MAX + 1]; /* keys whose row is to be deleted */
    size_t gone_count;
} group_changes_t;

typedef struct {
    size_t members, held, waiting, bytes;
    size_t parked, aside; /* keys */
    bool full;            /* the window is, and nothing in it can be given out */
} group_engine_stats_t;

typedef struct {
    uint64_t sequence, fence;
    int64_t delay_ms; /* before it is given out again */
    const char *reason;
} group_nack_t;

typedef void group_tell_fn(
    void *arg, group_member_t *member, uint64_t sequence, uint64_t fence, group_outcome_t outcome);

#endif
