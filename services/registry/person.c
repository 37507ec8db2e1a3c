/* person.c - people and who may make them what. */
#include "person.h"

#include <string.h>

#include "pia/format.h"

json_t *person_announcement(const person_t *person)
{
    json_t *json = json_object();
    json_put_text(json, "person", person->id);
    json_object_set_new(json, "roles", pia_roles_json(person->roles));
    json_put_text(json, "structure", person->structure);
    json_put_text(json, "pole", person->pole);
    return json;
}

json_t *person_json(const person_t *person)
{
    json_t *json = json_object();
    json_put_text(json, "id", person->id);
    json_put_text(json, "label", person->label);
    json_object_set_new(json, "roles", pia_roles_json(person->roles));
    json_put_text(json, "structure", person->structure);
    json_put_text(json, "pole", person->pole);
    json_object_set_new(json, "version", json_integer(person->version));
    return json;
}

bool pole_scope_check(const char *pole)
{
    return strcmp(pole, "*") == 0 || (strlen(pole) < CODE_SIZE && pia_format_check("code", pole));
}

pia_status_t rights_may_give(const pia_principal_t *giver,
                             uint32_t roles,
                             const char *pole,
                             pia_problem_t *problem)
{
    if ((giver->roles & PIA_ROLE_OPERATOR) != 0) {
        return PIA_OK;
    }
    if ((roles & ~giver->roles) != 0) {
        return pia_problem_set(problem, PIA_FORBIDDEN, "/roles",
                               "only an operator gives or takes a role it lacks");
    }
    if (text_or_null(pole) != NULL && !pia_principal_acts_for_pole(giver, pole)) {
        return pia_problem_set(problem, PIA_FORBIDDEN, "/pole",
                               "only an operator lets others publish in the name of this pôle");
    }
    return PIA_OK;
}
