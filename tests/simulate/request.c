/* request.c - what handler.c does, without a message. */
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "kin.h"
#include "seams.h"
#include "specification.h"
#include "store_matter.h"

static pia_status_t end(world_t *world, pia_status_t status)
{
    if (status == PIA_OK)
        return pia_db_release(world->service.db);
    pia_db_rollback_to(world->service.db);
    return status;
}

static pia_status_t
move(world_t *world, const request_t *request, matter_t *matter, pia_problem_t *problem)
{
    act_t act = {
        .db = world->service.db,
        .library = world->service.library,
        .matter = matter,
        .transition = machine_transition(matter->machine, request->transition),
        .principal = &request->actor->principal,
        .data = request->data,
        .effective_ms = world->now_ms > matter->changed_ms ? world->now_ms : matter->changed_ms,
        .recorded_ms = world->now_ms,
        .key = &world->service.key,
    };
    if (!act.transition)
        return pia_problem_set(problem, PIA_INVALID, "/transition", "there is none such");
    return matter_move(&act, request->version, problem);
}

static pia_status_t
load(world_t *world, const request_t *request, matter_t *ret_matter, pia_problem_t *problem)
{
    return matter_load(world->service.db, world->service.library, request->kind, request->id,
                       ret_matter, problem);
}

pia_status_t request_load(world_t *world, const request_t *request, matter_t *ret_matter)
{
    return load(world, request, ret_matter, NULL);
}

pia_status_t request_move_loaded(world_t *world,
                                 const request_t *request,
                                 matter_t *matter,
                                 pia_problem_t *problem)
{
    seams_engine(true);
    pia_status_t status = pia_db_savepoint(world->service.db);
    if (status == PIA_OK)
        status = end(world, move(world, request, matter, problem));
    seams_engine(false);
    return status;
}

static pia_status_t find_and_move(world_t *world, const request_t *request, pia_problem_t *problem)
{
    matter_t matter;
    pia_status_t status = load(world, request, &matter, problem);
    if (status != PIA_OK)
        return status;
    status =
        matter_catch_up(world->service.db, world->service.library, &matter, world->now_ms, problem);
    if (status == PIA_OK)
        status = move(world, request, &matter, problem);
    matter_clear(&matter);
    return status;
}

pia_status_t request_move(world_t *world, const request_t *request, pia_problem_t *problem)
{
    seams_engine(true);
    pia_status_t status = pia_db_savepoint(world->service.db);
    if (status == PIA_OK)
        status = end(world, find_and_move(world, request, problem));
    seams_engine(false);
    return status;
}

/* As pin_permanent of handlers_dossier.c: the specification that the definition names. */
static json_t *make_card(world_t *world, const creation_t *creation)
{
    const definition_t *definition = creation->definition;
    json_t *ref = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    json_t *card =
        json_pack("{s:s, s:[O], s:[], s:{s:s, s:s, s:s}, s:s*}", "title", "Essai", "themes",
                  json_array_get(definition->themes, 0), "sectors", "pole", "code", "essai", "name",
                  "Essai", "departement", "87", "capacity", creation->capacity);
    json_t *choice = json_pack("{s:s*}", "name", definition->specification);
    if (definition->specification &&
        specification_choose(world->service.db, choice, "", &ref, &problem) == PIA_OK)
        json_object_set_new(card, "specification", ref);
    json_decref(choice);
    return card;
}

/* One that stands for itself, or a dossier under a call. */
static pia_status_t create_alone(world_t *world, const creation_t *creation, pia_problem_t *problem)
{
    matter_t matter = {.kind = creation->kind,
                       .state = STATE_NONE,
                       .definition = creation->definition,
                       .card = make_card(world, creation),
                       .facts = json_deep_copy(creation->facts)};
    pia_uuid7_text(matter.id);
    if (creation->structure) {
        (void)snprintf(matter.structure, sizeof matter.structure, "%s", creation->structure);
        (void)snprintf(matter.pole, sizeof matter.pole, "essai");
    }
    if (creation->person)
        (void)snprintf(matter.person, sizeof matter.person, "%s", creation->person);
    if (creation->parent) {
        (void)snprintf(matter.parent, sizeof matter.parent, "%s", creation->parent->id);
        matter.parent_kind = creation->parent->kind;
    }
    act_t act = {.db = world->service.db,
                 .library = world->service.library,
                 .matter = &matter,
                 .transition = creation->transition,
                 .principal = &creation->actor->principal,
                 .data = creation->data,
                 .effective_ms = world->now_ms,
                 .recorded_ms = world->now_ms};
    uint32_t roles = engine_roles(act.principal, matter.structure, false);
    pia_status_t status = engine_allows(&matter.definition->machines[matter.kind], act.transition,
                                        STATE_NONE, roles, problem);
    if (status == PIA_OK)
        status = matter_create(&act, problem);
    matter_clear(&matter);
    return status;
}

static pia_status_t create_child(world_t *world, const creation_t *creation, pia_problem_t *problem)
{
    matter_t parent;
    char id[PIA_UUID_TEXT_SIZE];
    pia_status_t status =
        matter_load(world->service.db, world->service.library, creation->parent->kind,
                    creation->parent->id, &parent, problem);
    if (status != PIA_OK)
        return status;
    status =
        matter_catch_up(world->service.db, world->service.library, &parent, world->now_ms, problem);
    const act_t cause = {
        .db = world->service.db,
        .library = world->service.library,
        .matter = &parent,
        .principal = &creation->actor->principal,
        .effective_ms = world->now_ms > parent.changed_ms ? world->now_ms : parent.changed_ms,
        .recorded_ms = world->now_ms,
    };
    child_t child = {.kind = creation->kind,
                     .transition = creation->transition->name,
                     .person = creation->person,
                     .facts = json_deep_copy(creation->facts),
                     .data = creation->data,
                     .asked = true};
    if (status == PIA_OK)
        status = matter_create_child(&cause, &child, id, problem);
    json_decref(child.facts);
    matter_clear(&parent);
    return status;
}

pia_status_t request_create(world_t *world, const creation_t *creation, pia_problem_t *problem)
{
    bool alone = !creation->parent || creation->kind == MACHINE_DOSSIER;
    seams_engine(true);
    pia_status_t status = pia_db_savepoint(world->service.db);
    if (status == PIA_OK)
        status = end(world, alone ? create_alone(world, creation, problem)
                                  : create_child(world, creation, problem));
    seams_engine(false);
    return status;
}

pia_status_t request_tick(world_t *world)
{
    seams_engine(true);
    pia_status_t status = labellisation_tick(&world->service, world->now_ms);
    seams_engine(false);
    return status;
}
