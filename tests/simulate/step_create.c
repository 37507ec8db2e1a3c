/* step_create.c - somebody wants a matter to be made: alone, under a call, as another's child. */
#include "step.h"

#include <stdio.h>
#include <string.h>

static json_t *draw_facts(const walk_t *self, machine_kind_t kind, rng_t *rng)
{
    char last[DAY_TEXT_SIZE] = "";
    json_t *facts = json_object();
    for (const char *const *given = kinds[kind].given_facts; *given; given++) {
        char day[DAY_TEXT_SIZE];
        choose_day(self->world, rng, day);
        (void)snprintf(last, sizeof last, "%s", strcmp(day, last) > 0 ? day : "");
        if (last[0] == '\0')
            break; /* a second day before the first is none */
        json_object_set_new(facts, *given, json_string(day));
    }
    return facts;
}

/* A parent that such a matter may have; NULL: none is there. */
static const matter_t *draw_parent(walk_t *self, machine_kind_t kind)
{
    bool latest = rng_chance(&self->rng, 60);
    size_t first = latest ? self->model.last : rng_below(&self->rng, self->model.count);
    for (size_t i = 0; i < self->model.count; i++) {
        const matter_t *matter = &self->model.items[(first + i) % self->model.count].matter;
        if ((kinds[kind].parents & kind_bit(matter->kind)) != 0 &&
            matter->definition == self->definition)
            return matter;
    }
    return NULL;
}

/* A creation that somebody makes by hand. */
static const transition_t *draw_creation(const machine_t *machine, rng_t *rng)
{
    size_t first = rng_below(rng, machine->transition_count);
    for (size_t i = 0; i < machine->transition_count; i++) {
        const transition_t *transition =
            &machine->transitions[(first + i) % machine->transition_count];
        if (transition->from == 0 && transition->roles != 0)
            return transition;
    }
    return NULL;
}

/* A kind whose parent may be what moved last; where there is none, any. */
static machine_kind_t draw_child(walk_t *self)
{
    const matter_t *parent = &self->model.items[self->model.last].matter;
    size_t first = rng_below(&self->rng, MACHINE_COUNT), i = 0;
    while (i < MACHINE_COUNT &&
           (kinds[(first + i) % MACHINE_COUNT].parents & kind_bit(parent->kind)) == 0)
        i++;
    return (machine_kind_t)((first + i) % MACHINE_COUNT);
}

static bool draw_kind(walk_t *self, creation_t *ret_creation)
{
    machine_kind_t kind = (machine_kind_t)rng_below(&self->rng, MACHINE_COUNT);
    if (!model_has(&self->model, MACHINE_DOSSIER) || rng_chance(&self->rng, 25))
        kind = MACHINE_DOSSIER;
    else if (rng_chance(&self->rng, 40))
        kind = draw_child(self);
    const machine_t *machine = &self->definition->machines[kind];
    if (machine->state_count == 0)
        return false;
    ret_creation->kind = kind;
    ret_creation->transition = draw_creation(machine, &self->rng);
    if (kinds[kind].parents != 0 && (kind != MACHINE_DOSSIER || rng_chance(&self->rng, 50)))
        ret_creation->parent = draw_parent(self, kind);
    bool orphan = kinds[kind].parents != 0 && !ret_creation->parent;
    return ret_creation->transition && (!orphan || kind == MACHINE_DOSSIER);
}

static bool draw_creation_request(walk_t *self, creation_t *ret_creation)
{
    world_t *world = self->world;
    *ret_creation = (creation_t){.definition = self->definition};
    if (!draw_kind(self, ret_creation))
        return false;
    machine_kind_t kind = ret_creation->kind;
    matter_t about = {
        .kind = kind, .definition = self->definition, .machine = &self->definition->machines[kind]};
    if (kind == MACHINE_DOSSIER)
        ret_creation->structure = world->structures[rng_chance(&self->rng, 25)];
    if (kind == MACHINE_REVIEW)
        ret_creation->person = choose_person(world, PIA_ROLE_REVIEWER, &self->rng);
    if (kind == MACHINE_AUTHORITY)
        ret_creation->person =
            choose_person(world, PIA_ROLE_SIGNATORY | PIA_ROLE_SECRETARIAT, &self->rng);
    ret_creation->capacity = rng_chance(&self->rng, 50) ? "ministre" : "ism";
    (void)snprintf(about.structure, sizeof about.structure, "%s",
                   ret_creation->structure ? ret_creation->structure
                   : ret_creation->parent  ? ret_creation->parent->structure
                                           : "");
    ret_creation->actor =
        choose_actor(world, &about, ret_creation->transition, NULL, &self->rng, NULL);
    if (!ret_creation->actor || rng_chance(&self->rng, 5))
        ret_creation->actor = &world->actors[rng_below(&self->rng, ACTORS)];
    ret_creation->facts = draw_facts(self, kind, &self->rng);
    ret_creation->data = choose_data(world, &about, ret_creation->transition, &self->rng);
    return true;
}

static bool create(walk_t *self, pia_status_t *ret_status)
{
    creation_t creation;
    pia_problem_t problem = {.status = PIA_OK};
    if (self->model.count > REPLICAS_MAX - 16 || !draw_creation_request(self, &creation))
        return true;
    standing_t before = check_standing(self->world, rng_chance(&self->rng, 1));
    pia_status_t status = request_create(self->world, &creation, &problem);
    walk_say(self, "%s: %s a %s -> %s %s", creation.actor->label, creation.transition->name,
             kinds[creation.kind].name, pia_status_text(status),
             status == PIA_OK ? "" : problem.detail);
    json_decref(creation.facts);
    json_decref(creation.data);
    *ret_status = status;
    if (!step_check_answer(self, status, &problem))
        return false;
    if (status != PIA_OK)
        return check_unchanged(self->world, &before, "create", &self->failure);
    return step_check(self);
}

bool step_create(walk_t *self)
{
    enum { TRIES = 3 };
    bool good = true;
    pia_status_t status = PIA_CONFLICT;
    for (int i = 0; good && status != PIA_OK && i < TRIES; i++)
        good = create(self, &status);
    return good;
}
