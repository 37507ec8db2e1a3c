/* structure.c - what a structure's numbers and places say about each other. */
#include "structure.h"

#include <string.h>

#include "pia/territory.h"

enum { SIREN_LENGTH = 9 };

static pia_status_t complete_siren(structure_t *structure, pia_problem_t *problem)
{
    if (structure->siret[0] == '\0') {
        return PIA_OK;
    }
    if (structure->siren[0] != '\0' &&
        strncmp(structure->siret, structure->siren, SIREN_LENGTH) != 0) {
        return pia_problem_set(problem, PIA_INVALID, "/siret",
                               "the SIRET does not begin with the SIREN");
    }
    memcpy(structure->siren, structure->siret, SIREN_LENGTH);
    structure->siren[SIREN_LENGTH] = '\0';
    return PIA_OK;
}

static pia_status_t complete_place(structure_t *structure, pia_problem_t *problem)
{
    if (structure->commune[0] != '\0') {
        char departement[TERRITORY_SIZE];
        pia_territory_departement_of(structure->commune, departement);
        if (structure->departement[0] != '\0' && strcmp(departement, structure->departement) != 0) {
            return pia_problem_set(problem, PIA_INVALID, "/departement",
                                   "the commune lies in another département");
        }
        TEXT_SET(structure->departement, departement);
    }
    TEXT_SET(structure->region, structure->departement[0] == '\0'
                                    ? NULL
                                    : pia_territory_region_of(structure->departement));
    return PIA_OK;
}

pia_status_t structure_complete(structure_t *structure, pia_problem_t *problem)
{
    pia_status_t status = complete_siren(structure, problem);
    return status == PIA_OK ? complete_place(structure, problem) : status;
}

json_t *structure_json(const structure_t *structure)
{
    json_t *json = json_object();
    json_put_text(json, "id", structure->id);
    json_put_text(json, "name", structure->name);
    json_put_text(json, "siren", structure->siren);
    json_put_text(json, "siret", structure->siret);
    json_put_text(json, "commune", structure->commune);
    json_put_text(json, "departement", structure->departement);
    json_put_text(json, "region", structure->region);
    json_object_set_new(json, "demonstration", json_boolean(structure->demonstration));
    json_object_set_new(json, "version", json_integer(structure->version));
    return json;
}

json_t *structure_announcement(const structure_t *structure)
{
    json_t *json = json_object();
    json_put_text(json, "structure", structure->id);
    json_put_text(json, "name", structure->name);
    json_put_text(json, "departement", structure->departement);
    json_put_text(json, "region", structure->region);
    json_object_set_new(json, "demonstration", json_boolean(structure->demonstration));
    return json;
}
