/* structure.h - a legal person that carries a pôle or wants to. */
#ifndef REGISTRY_STRUCTURE_H
#define REGISTRY_STRUCTURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/problem.h"
#include "text.h"

/* Sizes are those of proto/structure.schema.json and a NUL; "" is absent. */
typedef struct {
    char id[UUID_SIZE];
    char name[301];
    char siren[10];
    char siret[15];
    char commune[6];
    char departement[TERRITORY_SIZE];
    char region[TERRITORY_SIZE];
    bool demonstration;
    int64_t version;
} structure_t;

/* Fills what follows from the rest: SIREN from SIRET, département from commune, region from
 * département. PIA_INVALID where two members contradict each other. Texts have their formats. */
pia_status_t structure_complete(structure_t *structure, pia_problem_t *problem);

/* The resource, and the data of structure.created and .updated; the caller owns them. */
json_t *structure_json(const structure_t *structure);
json_t *structure_announcement(const structure_t *structure);

#endif
