/* principal.h - who is asking: proved by a token, never claimed. */
#ifndef PIA_PRINCIPAL_H
#define PIA_PRINCIPAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/status.h"

/* One bit a role. `service` is another process of ours, `operator` runs them. */
#define PIA_ROLE_MAP(X)                                                                            \
    X(CANDIDAT, "candidat", 0)                                                                     \
    X(POLE, "pole", 1)                                                                             \
    X(SECRETARIAT, "secretariat", 2)                                                               \
    X(INSTRUCTEUR, "instructeur", 3)                                                               \
    X(REVIEWER, "reviewer", 4)                                                                     \
    X(COMMITTEE, "committee", 5)                                                                   \
    X(SIGNATORY, "signatory", 6)                                                                   \
    X(OPERATOR, "operator", 7)                                                                     \
    X(SERVICE, "service", 8)

enum {
#define X(name, text, bit) PIA_ROLE_##name = 1 << (bit),
    PIA_ROLE_MAP(X)
#undef X
        PIA_ROLE_NONE = 0,
    PIA_ROLE_ANY = (1 << 9) - 1, /* anyone who is authenticated with at least one role */
    PIA_ROLE_PUBLIC = 1 << 30    /* in a route: no token needed */
};

typedef struct {
    char subject[64];   /* "/persons/UUID" or "/services/NAME"; "" for anonymous */
    char person[37];    /* the UUID of the person; "" for a service or anonymous */
    char structure[37]; /* the structure for which the person acts; "" if none */
    char pole[32];      /* the pôle in whose name it publishes; "*": any; "" none */
    uint32_t roles;     /* PIA_ROLE_* */
    int64_t expires_at; /* ms on pia_clock_wall; 0 for anonymous */
} pia_principal_t;

/* The bit of a role's wire name, or 0. */
uint32_t pia_role_parse(const char *text);

/* The wire names of the roles, in the map's order; the caller owns it. */
json_t *pia_roles_json(uint32_t roles);

/* Reads an array of role names; false if it is not that or a name is unknown. */
bool pia_roles_parse(const json_t *json, uint32_t *ret_roles);

/* Whether it may act for this pôle. */
bool pia_principal_acts_for_pole(const pia_principal_t *principal, const char *pole);

/* Visibility of events (architecture.md): "public" to all; "network" to any role but candidat
 * alone; "restricted" to those named in `restricted_to`, a comma-separated list of "role:NAME",
 * "person:UUID" and "structure:UUID". A service sees all. Anything else is visible to nobody. */
bool pia_principal_sees(const pia_principal_t *principal,
                        const char *visibility,
                        const char *restricted_to);

#endif
