/* appel.c - calls. */
#include "appel.h"

#include <string.h>

bool appel_is_open(const matter_t *appel)
{
    const char *standing = appel->machine->states[appel->state].standing;
    return standing && strcmp(standing, "open") == 0;
}

static const char *day_of_fact(const matter_t *appel, const char *fact)
{
    return json_string_value(json_object_get(appel->facts, fact));
}

static pia_status_t say_when(const matter_t *appel, pia_problem_t *problem)
{
    const char *state = appel->machine->states[appel->state].name;
    const char *opens = day_of_fact(appel, "opens"), *closes = day_of_fact(appel, "closes");
    if (!closes)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the call takes dossiers from %s on (Paris); it is %s", opens,
                               state);
    return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                           "the call takes dossiers from %s, 0:00, to %s, 24:00 (Paris); it is %s",
                           opens, closes, state);
}

pia_status_t appel_filing_open(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const matter_t *dossier = act->matter;
    const char *intake = json_string_value(json_object_get(parameters, "intake"));
    matter_t appel;
    bool renewal = json_object_get(dossier->card, "renews") != NULL;
    if (dossier->parent[0] == '\0' && (renewal || strcmp(intake, "permanent") == 0))
        return PIA_OK;
    if (dossier->parent[0] == '\0')
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "this procedure takes dossiers under a call only");
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_APPEL, dossier->parent, &appel, problem);
    if (status != PIA_OK)
        return status;
    status = matter_catch_up_to(act, &appel, problem);
    if (status == PIA_OK && !appel_is_open(&appel))
        status = say_when(&appel, problem);
    matter_clear(&appel);
    return status;
}

static void copy(json_t *json, const char *name, const json_t *from)
{
    json_t *value = json_object_get(from, name);
    if (value)
        json_object_set(json, name, value);
}

pia_status_t view_appel(pia_db_t *db,
                        const matter_t *appel,
                        const pia_principal_t *principal,
                        uint32_t roles,
                        json_t **ret_json)
{
    (void)db;
    (void)principal;
    json_t *json = view_matter(appel, roles);
    copy(json, "opens", appel->facts);
    copy(json, "closes", appel->facts);
    copy(json, "specification", appel->card);
    copy(json, "themes", appel->card);
    copy(json, "validity", appel->card);
    json_object_set_new(json, "open", json_boolean(appel_is_open(appel)));
    *ret_json = json;
    return PIA_OK;
}
