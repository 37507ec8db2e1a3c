/* pole.c - a pôle's states and faces. */
#include "pole.h"

#include <stddef.h>
#include <string.h>

#include "pia/territory.h"

static const char *const state_texts[] = {
#define X(name, text) text,
    POLE_STATE_MAP(X)
#undef X
};
enum { STATES = sizeof state_texts / sizeof state_texts[0] };

const char *pole_state_text(pole_state_t state)
{
    return (size_t)state < STATES ? state_texts[state] : NULL;
}

pole_state_t pole_state_parse(const char *text)
{
    for (size_t i = 1; text != NULL && i < STATES; i++) {
        if (strcmp(state_texts[i], text) == 0) {
            return (pole_state_t)i;
        }
    }
    return POLE_UNKNOWN;
}

void pole_place(pole_t *pole, const char *departement)
{
    TEXT_SET(pole->departement, departement);
    TEXT_SET(pole->region, departement == NULL ? NULL : pia_territory_region_of(departement));
}

pia_status_t pole_suspend(pole_t *pole, const char *reason, pia_problem_t *problem)
{
    if (pole->state != POLE_ACTIVE) {
        return pia_problem_set(problem, PIA_CONFLICT, "/code", "only an active pôle is suspended");
    }
    pole->state = POLE_SUSPENDED;
    TEXT_SET(pole->reason, reason);
    return PIA_OK;
}

pia_status_t pole_reactivate(pole_t *pole, pia_problem_t *problem)
{
    if (pole->state != POLE_SUSPENDED) {
        return pia_problem_set(problem, PIA_CONFLICT, "/code", "the pôle is not suspended");
    }
    pole->state = POLE_ACTIVE;
    TEXT_SET(pole->reason, NULL);
    return PIA_OK;
}

/* What the resource and the announcement share. */
static json_t *common_json(const pole_t *pole)
{
    json_t *json = json_object();
    json_put_text(json, "code", pole->code);
    json_put_text(json, "name", pole->name);
    json_put_text(json, "structure", pole->structure);
    json_put_text(json, "departement", pole->departement);
    json_put_text(json, "region", pole->region);
    json_object_set_new(json, "themes", codes_json(pole->themes));
    json_object_set_new(json, "sectors", codes_json(pole->sectors));
    json_put_text(json, "state", pole_state_text(pole->state));
    json_object_set_new(json, "demonstration", json_boolean(pole->demonstration));
    json_object_set_new(json, "version", json_integer(pole->version));
    return json;
}

json_t *pole_json(const pole_t *pole)
{
    json_t *json = common_json(pole);
    json_put_text(json, "full_name", pole->full_name);
    json_put_text(json, "carrier", pole->carrier);
    json_put_text(json, "carrier_type", pole->carrier_type);
    json_put_text(json, "city", pole->city);
    json_put_text(json, "labelled_since", pole->labelled_since);
    json_put_text(json, "label_until", pole->label_until);
    json_put_text(json, "label", pole->label);
    json_put_text(json, "reason", pole->reason);
    return json;
}

json_t *pole_announcement(const pole_t *pole)
{
    return common_json(pole);
}
