/* kin.c - children, parents and others that a transition makes or moves. */
#include "kin.h"

#include <stdio.h>

#include "data.h"
#include "engine.h"
#include "store_matter.h"

enum {
    DEPTH_MAX = 8, /* a transition of one matter that leads to one of another, and so on */
    PAGE = 100,
};

static void fill_child(matter_t *ret_child, const matter_t *parent, child_t *child)
{
    *ret_child = (matter_t){
        .kind = child->kind,
        .parent_kind = parent->kind,
        .definition = parent->definition,
        .state = STATE_NONE,
        .demonstration = parent->demonstration,
        .card = child->card ? child->card : json_deep_copy(parent->card),
        .facts = child->facts,
    };
    child->card = child->facts = NULL;
    pia_uuid7_text(ret_child->id);
    (void)snprintf(ret_child->parent, sizeof ret_child->parent, "%s", parent->id);
    (void)snprintf(ret_child->structure, sizeof ret_child->structure, "%s", parent->structure);
    (void)snprintf(ret_child->pole, sizeof ret_child->pole, "%s", parent->pole);
    (void)snprintf(ret_child->person, sizeof ret_child->person, "%s",
                   child->person ? child->person : "");
}

/* Whether who asks may make a child of this kind here. */
static pia_status_t check_asked(const act_t *act, pia_problem_t *problem)
{
    const matter_t *child = act->matter;
    uint32_t roles = engine_roles(act->principal, child->structure, false);
    return engine_allows(&child->definition->machines[child->kind], act->transition, STATE_NONE,
                         roles, problem);
}

pia_status_t matter_create_child(const act_t *cause,
                                 child_t *child,
                                 char ret_id[PIA_UUID_TEXT_SIZE],
                                 pia_problem_t *problem)
{
    matter_t matter;
    fill_child(&matter, cause->matter, child);
    const machine_t *machine = &matter.definition->machines[child->kind];
    act_t act = {
        .db = cause->db,
        .library = cause->library,
        .matter = &matter,
        .transition = machine_transition(machine, child->transition),
        .principal = child->asked ? cause->principal : NULL,
        .data = child->data,
        .effective_ms = cause->effective_ms,
        .recorded_ms = cause->recorded_ms,
        .depth = cause->depth + 1,
    };
    pia_status_t status = PIA_OK;
    if (!act.transition)
        status = pia_problem_set(problem, PIA_INVALID, "/transition",
                                 "its process definition has no transition of this name for a %s",
                                 kinds[child->kind].name);
    if (status == PIA_OK && act.depth > DEPTH_MAX)
        status = pia_problem_set(problem, PIA_INTERNAL, NULL,
                                 "the definition's transitions of other matters do not end");
    if (status == PIA_OK && child->asked)
        status = check_asked(&act, problem);
    if (status == PIA_OK)
        status = matter_create(&act, problem);
    if (status == PIA_OK)
        (void)snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s", matter.id);
    matter_clear(&matter);
    return status;
}

/* What follows on `matter`, whose due timers have been applied. */
static pia_status_t follow(const act_t *cause,
                           matter_t *matter,
                           const transition_t *transition,
                           const given_t *given,
                           pia_problem_t *problem)
{
    act_t act = {
        .data = given ? given->data : NULL,
        .origin = given ? given->origin : NULL,
        .db = cause->db,
        .library = cause->library,
        .matter = matter,
        .transition = transition,
        .effective_ms =
            cause->effective_ms > matter->changed_ms ? cause->effective_ms : matter->changed_ms,
        .recorded_ms = cause->recorded_ms,
        .depth = cause->depth + 1,
        .key = cause->key,
    };
    if (act.depth > DEPTH_MAX)
        return pia_problem_set(problem, PIA_INTERNAL, NULL,
                               "the definition's transitions of other matters do not end");
    return matter_follow(&act, problem);
}

/* `optional`: a matter whose definition or state does not let it is left as it is. */
static pia_status_t move_other(const act_t *cause,
                               const matter_key_t *key,
                               const char *name,
                               bool optional,
                               pia_problem_t *problem)
{
    matter_t matter;
    pia_status_t status =
        matter_load(cause->db, cause->library, key->kind, key->id, &matter, problem);
    if (status != PIA_OK)
        return status;
    const transition_t *transition = machine_transition(matter.machine, name);
    status = matter_catch_up_to(cause, &matter, problem);
    bool possible = transition && transition_starts_in(transition, matter.state);
    if (status == PIA_OK && !transition && !optional)
        status = pia_problem_set(problem, PIA_CONFLICT, "/transition",
                                 "its process definition has no transition %s", name);
    else if (status == PIA_OK && (possible || !optional))
        status = follow(cause, &matter, transition, NULL, problem);
    matter_clear(&matter);
    return status;
}

pia_status_t matter_move_given(const act_t *cause,
                               machine_kind_t kind,
                               const char *id,
                               const given_t *given,
                               bool *ret_moved,
                               pia_problem_t *problem)
{
    matter_t matter;
    *ret_moved = false;
    pia_status_t status = matter_load(cause->db, cause->library, kind, id, &matter, problem);
    if (status != PIA_OK)
        return status;
    const transition_t *transition = machine_transition(matter.machine, given->transition);
    status = matter_catch_up_to(cause, &matter, problem);
    *ret_moved = status == PIA_OK && transition && transition_starts_in(transition, matter.state);
    if (*ret_moved)
        status = data_check(transition, given->data, problem);
    if (*ret_moved && status == PIA_OK)
        status = follow(cause, &matter, transition, given, problem);
    matter_clear(&matter);
    return status;
}

pia_status_t matter_move_other(const act_t *cause,
                               machine_kind_t kind,
                               const char *id,
                               const char *transition,
                               pia_problem_t *problem)
{
    matter_key_t key = {.kind = kind};
    (void)snprintf(key.id, sizeof key.id, "%s", id);
    return move_other(cause, &key, transition, false, problem);
}

pia_status_t matter_move_children(const act_t *cause,
                                  machine_kind_t kind,
                                  const char *transition,
                                  pia_problem_t *problem)
{
    matter_key_t key = {.kind = kind};
    matter_filter_t filter = {.parent = cause->matter->id, .after = key.id, .limit = PAGE};
    size_t count = PAGE + 1;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && count > PAGE) {
        json_t *ids = NULL;
        status = store_matter_list(cause->db, kind, &filter, &ids);
        count = json_array_size(ids);
        for (size_t i = 0; status == PIA_OK && i < count && i < PAGE; i++) {
            const char *id = json_string_value(json_array_get(ids, i));
            (void)snprintf(key.id, sizeof key.id, "%s", id);
            status = move_other(cause, &key, transition, true, problem);
        }
        json_decref(ids);
    }
    return status;
}
