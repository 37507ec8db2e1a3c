/* group.h - what a group is, apart from how far it has come: its events, and whose it is. Pure. */
#ifndef DIFFUSION_GROUP_H
#define DIFFUSION_GROUP_H

#include <jansson.h>

#include "pia/principal.h"
#include "pia/problem.h"

#include "group_types.h"

enum { GROUP_NAME_SIZE = 64, GROUP_ENDPOINT_SIZE = 256, GROUP_ATTEMPTS_DEFAULT = 5 };

typedef struct {
    int64_t id; /* 0: it is not stored yet */
    char name[GROUP_NAME_SIZE];
    char *filter;          /* owned; compact JSON with sorted members; never changes */
    pia_principal_t owner; /* whose rights it sees with; expires_at means nothing */
    char pole[32];         /* the pôle that it belongs to, whose people may join; "" none */
    uint32_t roles;        /* holders of one of them may join too */
    uint32_t attempts;
    int64_t created_ms;
    char endpoint[GROUP_ENDPOINT_SIZE]; /* of the instance that has it, or had it last */
} group_t;

/* What someone asks for; borrowed. */
typedef struct {
    const char *name;
    const json_t *filter; /* NULL: nothing is said */
    const char *from;     /* "" or NULL: the beginning; "head"; a cursor */
    const json_t *roles;
    uint32_t attempts; /* 0: nothing is said */
} group_wish_t;

/* Makes a group of a wish. PIA_INVALID, PIA_UNAUTHENTICATED. On success the caller clears it. */
pia_status_t group_make(const group_wish_t *wish,
                        const pia_principal_t *principal,
                        group_t *ret_group,
                        pia_problem_t *problem);
void group_clear(group_t *group);
/* A copy, which the caller clears. */
void group_copy(const group_t *group, group_t *ret_group);

/* Whether a wish, as far as it says anything, is this group. PIA_CONFLICT, PIA_INVALID. */
pia_status_t
group_check_wish(const group_t *group, const group_wish_t *wish, pia_problem_t *problem);

/* Whether the principal may join: the group is its own, its pôle's, or open to its role, and it may
 * see all that the group sees. PIA_FORBIDDEN, PIA_UNAUTHENTICATED. */
pia_status_t
group_check_join(const group_t *group, const pia_principal_t *principal, pia_problem_t *problem);

/* Whether it may look at the group and decide about parked keys: who may join, and operators.
 * group_list_page asks the same in SQL. */
bool group_may_manage(const group_t *group, const pia_principal_t *principal);

#endif
