/* group.c - what a group is, and whose it is. */
#include "group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/format.h"
#include "pia/memory.h"

#include "filter.h"
#include "problems.h"

/* The text by which filters are compared. NULL with a problem if it is none. */
static char *filter_text(const json_t *filter, pia_problem_t *problem)
{
    filter_t *compiled = NULL;
    if (filter_compile(filter, &compiled, problem) != PIA_OK) {
        problem_under_member(problem, "filter");
        return NULL;
    }
    filter_destroy(&compiled);
    return filter && !json_is_null(filter) ? json_dumps(filter, JSON_COMPACT | JSON_SORT_KEYS)
                                           : pia_strdup("{}");
}

static bool belongs_to_a_pole(const pia_principal_t *principal)
{
    return (principal->roles & PIA_ROLE_POLE) && principal->pole[0] &&
           strcmp(principal->pole, "*") != 0;
}

/* A group of one keeps what only that person may see; a shared one does not. */
static void take_owner(group_t *group, const pia_principal_t *principal)
{
    group->owner = *principal;
    group->owner.expires_at = 0;
    if (belongs_to_a_pole(principal))
        memcpy(group->pole, principal->pole, sizeof group->pole);
    if (group->pole[0] || group->roles)
        group->owner.person[0] = '\0';
}

pia_status_t group_make(const group_wish_t *wish,
                        const pia_principal_t *principal,
                        group_t *ret_group,
                        pia_problem_t *problem)
{
    group_t group = {.attempts = wish->attempts ? wish->attempts : GROUP_ATTEMPTS_DEFAULT,
                     .created_ms = pia_clock_now()};
    if (principal->roles == PIA_ROLE_NONE)
        return pia_problem_set(problem, PIA_UNAUTHENTICATED, "", "A group is made with a token.");
    if (!pia_format_check("code", wish->name))
        return pia_problem_set(problem, PIA_INVALID, "/group", "It is not a name.");
    if (wish->roles && !pia_roles_parse(wish->roles, &group.roles))
        return pia_problem_set(problem, PIA_INVALID, "/roles", "They are not roles.");
    group.filter = filter_text(wish->filter, problem);
    if (!group.filter)
        return PIA_INVALID;
    (void)snprintf(group.name, sizeof group.name, "%s", wish->name);
    take_owner(&group, principal);
    *ret_group = group;
    return PIA_OK;
}

void group_clear(group_t *group)
{
    free(group->filter);
    group->filter = NULL;
}

void group_copy(const group_t *group, group_t *ret_group)
{
    *ret_group = *group;
    ret_group->filter = pia_strdup(group->filter);
}

pia_status_t
group_check_wish(const group_t *group, const group_wish_t *wish, pia_problem_t *problem)
{
    if (wish->attempts && wish->attempts != group->attempts)
        return pia_problem_set(problem, PIA_CONFLICT, "/attempts", "The group has %u attempts.",
                               (unsigned)group->attempts);
    if (!wish->filter || json_is_null(wish->filter))
        return PIA_OK;
    char *text = filter_text(wish->filter, problem);
    if (!text)
        return PIA_INVALID;
    bool same = strcmp(text, group->filter) == 0;
    free(text);
    return same ? PIA_OK
                : pia_problem_set(problem, PIA_CONFLICT, "/filter",
                                  "The group has another filter, which never changes.");
}

static bool is_among(const group_t *group, const pia_principal_t *principal)
{
    return strcmp(group->owner.subject, principal->subject) == 0 ||
           (group->pole[0] && strcmp(group->pole, principal->pole) == 0) ||
           (group->roles & principal->roles);
}

static bool is_within(const char *own, const char *others)
{
    return !own[0] || strcmp(own, others) == 0;
}

static bool sees_all_of(const group_t *group, const pia_principal_t *principal)
{
    if (principal->roles & PIA_ROLE_SERVICE)
        return true;
    return !(group->owner.roles & ~principal->roles) &&
           is_within(group->owner.person, principal->person) &&
           is_within(group->owner.structure, principal->structure);
}

pia_status_t
group_check_join(const group_t *group, const pia_principal_t *principal, pia_problem_t *problem)
{
    if (principal->roles == PIA_ROLE_NONE)
        return pia_problem_set(problem, PIA_UNAUTHENTICATED, "", "A group is joined with a token.");
    if (!is_among(group, principal))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/group", "The group is another's.");
    if (!sees_all_of(group, principal))
        return pia_problem_set(problem, PIA_FORBIDDEN, "/group",
                               "The group sees more than this principal may see.");
    return PIA_OK;
}

bool group_may_manage(const group_t *group, const pia_principal_t *principal)
{
    pia_problem_t ignored;
    return (principal->roles & PIA_ROLE_OPERATOR) ||
           group_check_join(group, principal, &ignored) == PIA_OK;
}
