/* person.h - a person: an opaque id, what the secretariat calls it, and what it may do. */
#ifndef REGISTRY_PERSON_H
#define REGISTRY_PERSON_H

#include <jansson.h>
#include <stdint.h>

#include "pia/principal.h"
#include "pia/problem.h"
#include "text.h"

/* Sizes are those of proto/person.schema.json and a NUL; "" is absent. */
typedef struct {
    char id[UUID_SIZE];
    char label[101]; /* stays in the registry */
    uint32_t roles;
    char structure[UUID_SIZE];
    char pole[CODE_SIZE]; /* a code, or "*" for any */
    int64_t version;
} person_t;

/* The resource, and the data of person.created and .updated, without the label. */
json_t *person_json(const person_t *person);
json_t *person_announcement(const person_t *person);

/* Whether a text names the pôle(s) in whose name one may publish: a code or "*". */
bool pole_scope_check(const char *pole);

/* Nobody gives what they lack, save an operator: whether `giver` may give (or take) these roles and
 * let publish in the name of `pole` ("" or NULL: of none). PIA_FORBIDDEN with the reason. */
pia_status_t rights_may_give(const pia_principal_t *giver,
                             uint32_t roles,
                             const char *pole,
                             pia_problem_t *problem);

#endif
