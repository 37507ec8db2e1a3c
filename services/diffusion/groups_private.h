/* groups_private.h - what groups.c (which groups there are), group_life.c (one group: opened, kept,
 * lost), group_job.c (its work in the store thread), group_run.c (its events) and group_server.c
 * (its members) share. */
#ifndef DIFFUSION_GROUPS_PRIVATE_H
#define DIFFUSION_GROUPS_PRIVATE_H

#include <stdatomic.h>

#include "pia/lease.h"

#include "diffusion.h"
#include "filter.h"
#include "group_engine.h"
#include "group_reading.h"
#include "group_store.h"
#include "groups.h"

enum {
    GROUPS_MAX = 256, /* in one instance's memory */
    GROUP_MEMBERS_MAX = 1024,
    KEEP_MS = PIA_LEASE_PERIOD_MS,
    SAVE_MS = 1000,  /* how late a mark that moved without an acknowledgement is stored */
    IDLE_MS = 30000, /* a group without members is let go of */
};

typedef struct owned owned_t;
typedef struct membership membership_t;

/* Work in the store thread: one job of a group at a time. */
enum { STEP_OPEN = 1, STEP_KEEP = 2, STEP_SAVE = 4, STEP_RELEASE = 8 };
typedef struct {
    pia_job_t job; /* first */
    owned_t *owned;
    unsigned steps;
    bool busy;
    const group_t *wish;     /* OPEN: what to make if there is none; stays until it is done */
    const char *from;        /* … and where it begins */
    group_changes_t changes; /* SAVE: the engine's, until end_commit */
    pia_lease_t lease;       /* as it is after the job */
    int64_t asked_ms;        /* OPEN, KEEP: when it was asked for; monotonic */
    group_t found;           /* OPEN: cleared when it is done */
    group_progress_t progress;
    bool reset;               /* OPEN: an epoch has lost the place */
    group_key_row_t *decided; /* KEEP */
    size_t decided_count;
    int64_t change;
    pia_problem_t problem;
} group_job_t;

typedef enum {
    OWNED_OPENING,   /* asked for; members wait */
    OWNED_ELSEWHERE, /* another instance has it; looked at until it stands still or nobody asks */
    OWNED_OURS,
    OWNED_GONE, /* freed when its job is done */
} owned_state_t;

struct owned {
    groups_t *groups;
    owned_t *next;
    char name[GROUP_NAME_SIZE];
    owned_state_t state;
    group_job_t job;
    group_t group; /* once it was opened */
    group_t wish;  /* of who asked first, until then */
    char from[CURSOR_TEXT_SIZE];
    char lease_name[GROUP_LEASE_SIZE];
    pia_lease_t lease;
    int64_t change; /* the last decision seen */
    bool reset;     /* it goes on from the common place of an epoch */
    filter_t *filter;
    group_engine_t *engine;
    group_reading_t scan, lane;
    membership_t *memberships;
    size_t member_count;
    bool full;       /* was logged */
    int64_t held_ms; /* monotonic, as the following: before the lease was last kept for sure */
    int64_t kept_ms; /* when that was last tried */
    int64_t saved_ms;
    int64_t again_ms;  /* nothing is stored before: the store was out of reach */
    int64_t wanted_ms; /* when someone was last a member, or asked */
};

struct membership {
    owned_t *owned;
    peer_t *peer;
    uint32_t id;
    pia_principal_t principal;
    int64_t end_ms; /* monotonic: when what proved the principal ends */
    json_t *json;   /* what it asked for; owned, the fields' texts are in it */
    group_wish_t wish;
    uint32_t credit, run;
    int64_t lease_ms;
    group_member_t *member; /* NULL while the group is not open */
    bool leaving;
    bool broken;            /* something could not be sent to it */
    bool marked;            /* in the list of those with something to send */
    buffer_t work, settled; /* frames in the making */
    membership_t *next_of_peer;
    membership_t *previous, *next; /* of the group */
    membership_t *next_marked;
};

struct groups {
    groups_options_t options;
    owned_t *all;
    size_t count;
    membership_t *marked;
    atomic_bool draining;        /* also read in the store thread */
    int64_t ticked_ms, spare_ms; /* monotonic: members' leases count again from then on */
    struct {
        atomic_ullong ours, members, waiting, held, parked, aside, full; /* now */
        atomic_ullong delivered, acknowledged, failed, fenced, parked_total, moved, died, removed;
    } counters;
};

/* group_life.c */
owned_t *owned_new(groups_t *groups, const char *name);
/* Its members are sent away; it is freed, now or when its job is done. */
void owned_close(owned_t *owned);
/* `spare`: this process itself has slept, so silence proves nothing. */
void owned_tick(owned_t *owned, int64_t now_ms, bool spare);
/* Posts what is due, unless a job of it is in the store thread. */
void owned_work(owned_t *owned);
/* Whether nobody else can have it yet, even if the store is out of reach. */
bool owned_is_sure(const owned_t *owned, int64_t now_ms);
/* Stores the last and gives the lease back. */
void owned_release(owned_t *owned);
/* The group of a name, if it is known here. */
owned_t *groups_find(groups_t *self, const char *name);

/* group_job.c */
void group_job_clear(group_job_t *job); /* drops what it has read */
/* False: the store takes no more now. */
bool group_job_post(owned_t *owned, unsigned steps);
/* What the loop does when it is done: group_life.c. */
void group_job_done(owned_t *owned, unsigned steps, pia_status_t status);

/* group_run.c */
bool owned_run(owned_t *owned);

/* group_server.c */
void membership_admit(membership_t *membership);
void membership_refuse(membership_t *membership, const pia_problem_t *problem);
/* The same, and what it has in its hands has failed. */
void membership_expel(membership_t *membership, const pia_problem_t *problem, const char *blame);
void membership_move(membership_t *membership, const char *endpoint);
void membership_free(membership_t *membership);
/* Out of the group, for this reason (NULL: nothing is to blame), and freed. */
void membership_end(membership_t *membership, const char *blame);
void membership_give(membership_t *membership, const group_grant_t *grant);
void membership_tell(membership_t *membership,
                     uint64_t sequence,
                     uint64_t fence,
                     group_outcome_t outcome);
/* Sends what was made for members. */
void groups_flush(groups_t *self);
/* Members that were told all they wait for and leave. */
void owned_let_leave(owned_t *owned);

#endif
