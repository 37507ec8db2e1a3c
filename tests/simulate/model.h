/* model.h - what the histories say, by themselves: each entry is applied, in the order of the log,
 * to a copy in memory that knows the definition and nothing of the store. What the store holds must
 * be the same, and each entry must be one that the definition lets be made, by that actor, then. */
#ifndef MODEL_H
#define MODEL_H

#include "world.h"

enum { REPLICAS_MAX = 64 };

/* One matter as its history has it. */
typedef struct {
    matter_t matter; /* version: the number of its last entry */
    int finals;      /* entries that entered a final state */
} replica_t;

/* How often transitions were made: of one definition, of all, over all walks. */
enum { TRANSITIONS_MAX = 128 };
typedef uint32_t made_t[MACHINE_COUNT][TRANSITIONS_MAX];
typedef made_t coverage_t[DEFINITIONS_MAX];

typedef struct {
    replica_t items[REPLICAS_MAX];
    size_t count, last;   /* last: index of the one that moved last */
    int64_t position;     /* entries of the log that were applied */
    int64_t told;         /* number of the outbox's last announcement that was looked at */
    json_t *given;        /* "MATTER NUMBER" -> facts that the entry alone does not tell */
    coverage_t *coverage; /* counts what is applied; NULL: nobody counts */
    bool again;           /* what was recorded before now is applied, too */
    bool trace;           /* say on stdout what is applied */
} model_t;

void model_init(model_t *self);
void model_clear(model_t *self);

/* Applies what is new in the log, compares with the store, and counts the announcements. */
bool model_follow(model_t *self, world_t *world, failure_t *failure);

/* The same from the first entry on, in a model of its own: the replay. What comes out must be what
 * the other one holds. */
bool model_again(model_t *self, world_t *world, failure_t *failure);

/* NULL if there is no such matter. */
replica_t *model_find(model_t *self, const char *id);

bool model_has(const model_t *self, machine_kind_t kind);

/* When its next timer is due, 0 if none runs. */
int64_t model_due(const replica_t *replica);

#endif
