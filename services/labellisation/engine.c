/* engine.c - interprets a definition. */
#include "engine.h"

#include <string.h>

enum {
    OWN_ROLES = PIA_ROLE_CANDIDAT | PIA_ROLE_POLE,
    /* of the structure's own people: they neither judge it nor read who does */
    OF_OWN_PEOPLE = OWN_ROLES | PIA_ROLE_REVIEWER | PIA_ROLE_SERVICE | PIA_ROLE_OPERATOR,
};

uint32_t engine_roles(const pia_principal_t *principal, const char *structure, bool assigned)
{
    uint32_t roles = principal->roles;
    bool own = principal->structure[0] != '\0' && strcmp(principal->structure, structure) == 0;
    roles &= own ? (uint32_t)OF_OWN_PEOPLE : ~(uint32_t)OWN_ROLES;
    if (!assigned)
        roles &= ~(uint32_t)PIA_ROLE_REVIEWER;
    return roles;
}

bool engine_are_own(uint32_t roles)
{
    return (roles & OWN_ROLES) != 0;
}

bool engine_sees(const machine_t *machine, uint32_t roles)
{
    uint32_t sight = machine->readers & ~(uint32_t)(OWN_ROLES | PIA_ROLE_REVIEWER);
    return (roles & (sight | OWN_ROLES | PIA_ROLE_REVIEWER | PIA_ROLE_SERVICE)) != 0;
}

bool engine_reads(const machine_t *machine, const char *name, uint32_t roles, bool is_actor)
{
    const transition_t *transition = machine_transition(machine, name);
    if (is_actor || (roles & (machine->readers | PIA_ROLE_SERVICE)) != 0)
        return true;
    if (!transition)
        return false;
    if ((roles & OWN_ROLES) != 0 && names_have(transition->notify, "structure"))
        return true;
    return (roles & PIA_ROLE_REVIEWER) != 0 && names_have(transition->notify, "reviewers");
}

pia_status_t engine_allows(const machine_t *machine,
                           const transition_t *transition,
                           int state,
                           uint32_t roles,
                           pia_problem_t *problem)
{
    if ((transition->roles & roles) == 0)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/transition",
                               "none of your roles may make the transition %s", transition->name);
    if (!transition_starts_in(transition, state))
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the transition %s is not allowed in the state %s", transition->name,
                               state == STATE_NONE ? "before creation"
                                                   : machine->states[state].name);
    return PIA_OK;
}
