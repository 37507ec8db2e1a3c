/* play.c - asking for what a path says. */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "step.h"

enum { NAME_SIZE = 64 };

/* What play_t.what says. */
typedef struct {
    machine_kind_t kind;
    size_t nth; /* 0: the latest */
    char transition[NAME_SIZE];
} named_t;

static const matter_t *find_nth(const walk_t *self, machine_kind_t kind, size_t nth)
{
    for (size_t i = self->model.count; i-- > 0;) {
        const matter_t *matter = &self->model.items[i].matter;
        if (matter->kind == kind && nth-- == 0)
            return matter;
    }
    return NULL;
}

static const actor_t *find_actor(const walk_t *self, const char *label)
{
    for (int i = 0; i < ACTORS; i++)
        if (strcmp(self->world->actors[i].label, label) == 0)
            return &self->world->actors[i];
    return NULL;
}

/* What a text that begins with @ stands for; the caller owns it. */
static json_t *resolve_text(const walk_t *self, const char *text)
{
    char day[DAY_TEXT_SIZE];
    if (text[0] == '+' || text[0] == '-') {
        day_format(day_of(self->world->now_ms) + strtol(text, NULL, 10), day);
        return json_string(day);
    }
    machine_kind_t kind = kind_parse(text);
    if (kind != MACHINE_NONE) {
        const matter_t *matter = find_nth(self, kind, 0);
        return matter ? json_string(matter->id) : json_null();
    }
    const actor_t *actor = find_actor(self, text);
    return actor ? json_string(actor->principal.person) : json_null();
}

static json_t *resolve(const walk_t *self, const json_t *json)
{
    const char *name, *text = json_string_value(json);
    json_t *value, *copy = json_is_array(json) ? json_array() : json_object();
    size_t i;
    if (text || (!json_is_array(json) && !json_is_object(json))) {
        json_decref(copy);
        return text && text[0] == '@' ? resolve_text(self, text + 1) : json_copy((json_t *)json);
    }
    json_array_foreach(json, i, value) json_array_append_new(copy, resolve(self, value));
    json_object_foreach((json_t *)json, name, value)
        json_object_set_new(copy, name, resolve(self, value));
    return copy;
}

/* An object, {} for NULL; the caller owns it. */
static json_t *parse(const walk_t *self, const char *text)
{
    char copy[1024];
    (void)snprintf(copy, sizeof copy, "%s", text ? text : "{}");
    for (char *quote = copy; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    json_t *json = json_loads(copy, 0, NULL);
    json_t *resolved = resolve(self, json);
    json_decref(json);
    return resolved;
}

/* Drawn, but what is not asked for only where it must be there, and reports without divergence. */
static json_t *
make_data(walk_t *self, const matter_t *matter, const transition_t *transition, const char *text)
{
    json_t *asked = parse(self, text);
    json_t *data = choose_data(self->world, matter, transition, &self->rng);
    for (size_t i = 0; i < transition->datum_count; i++)
        if (transition->data[i].optional)
            json_object_del(data, transition->data[i].name);
        else if (transition->data[i].type == DATUM_SCORES)
            json_object_set_new(data, transition->data[i].name,
                                choose_scores(self->world, matter, NULL));
    if (data)
        json_object_update(data, asked);
    json_decref(asked);
    return data;
}

static const actor_t *
choose_who(walk_t *self, const matter_t *matter, const transition_t *transition, const char *who)
{
    return who ? find_actor(self, who)
               : choose_actor(self->world, matter, transition, NULL, &self->rng, NULL);
}

static pia_status_t
move(walk_t *self, const named_t *named, const play_t *asked, pia_problem_t *problem)
{
    const matter_t *matter = find_nth(self, named->kind, named->nth);
    const transition_t *transition =
        matter ? machine_transition(matter->machine, named->transition) : NULL;
    if (!transition)
        return pia_problem_set(problem, PIA_INVALID, NULL, "there is none such");
    const actor_t *actor = choose_who(self, matter, transition, asked->who);
    if (!actor)
        return pia_problem_set(problem, PIA_INVALID, NULL, "nobody may");
    request_t request = step_request(matter, transition, actor);
    request.data = make_data(self, matter, transition, asked->data);
    pia_status_t status = request_move(self->world, &request, problem);
    json_decref(request.data);
    return status;
}

static const matter_t *find_parent(const walk_t *self, machine_kind_t kind)
{
    for (size_t i = self->model.count; kind != MACHINE_DOSSIER && i-- > 0;) {
        const matter_t *matter = &self->model.items[i].matter;
        if ((kinds[kind].parents & kind_bit(matter->kind)) != 0)
            return matter;
    }
    return NULL;
}

/* With its `given` resolved. */
static pia_status_t create(walk_t *self,
                           const named_t *named,
                           const play_t *asked,
                           const json_t *given,
                           pia_problem_t *problem)
{
    const machine_t *machine = &self->definition->machines[named->kind];
    matter_t about = {.kind = named->kind, .definition = self->definition, .machine = machine};
    creation_t creation = {
        .kind = named->kind,
        .definition = self->definition,
        .parent = find_parent(self, named->kind),
        .transition = machine_transition(machine, named->transition),
        .person = json_string_value(json_object_get(given, "person")),
        .capacity = json_string_value(json_object_get(given, "capacity")),
        .structure = named->kind == MACHINE_DOSSIER ? self->world->structures[0] : NULL,
    };
    const char *structure = creation.parent ? creation.parent->structure : creation.structure;
    (void)snprintf(about.structure, sizeof about.structure, "%s", structure ? structure : "");
    creation.actor = choose_who(self, &about, creation.transition, asked->who);
    if (!creation.actor)
        return pia_problem_set(problem, PIA_INVALID, NULL, "nobody may");
    creation.facts = json_deep_copy(json_object_get(given, "facts"));
    creation.data = make_data(self, &about, creation.transition, asked->data);
    pia_status_t status = request_create(self->world, &creation, problem);
    json_decref(creation.facts);
    json_decref(creation.data);
    return status;
}

static bool read_name(const char *what, named_t *ret_named)
{
    char kind[NAME_SIZE];
    *ret_named = (named_t){.nth = 0};
    if (sscanf(what, "%63s %63s", kind, ret_named->transition) != 2)
        return false;
    char *slash = strchr(kind, '/');
    if (slash) {
        *slash = '\0';
        ret_named->nth = (size_t)strtol(slash + 1, NULL, 10);
    }
    ret_named->kind = kind_parse(kind);
    return ret_named->kind != MACHINE_NONE;
}

static pia_status_t ask(walk_t *self, const play_t *asked, pia_problem_t *problem)
{
    named_t named;
    if (!read_name(asked->what, &named))
        return pia_problem_set(problem, PIA_INVALID, NULL, "there is no such kind");
    const transition_t *transition =
        machine_transition(&self->definition->machines[named.kind], named.transition);
    if (!transition)
        return pia_problem_set(problem, PIA_INVALID, NULL, "the definition has none such");
    if (transition->from != 0)
        return move(self, &named, asked, problem);
    json_t *given = parse(self, asked->given);
    pia_status_t status = create(self, &named, asked, given, problem);
    json_decref(given);
    return status;
}

bool play(walk_t *self, const play_t *asked)
{
    const int64_t day_ms = 86400000;
    pia_problem_t problem = {.status = PIA_OK};
    if (asked->days > 0) {
        world_set_time(self->world, self->world->now_ms + asked->days * day_ms);
        if (!step_ticks(self))
            return false;
    }
    pia_status_t status = asked->what ? ask(self, asked, &problem) : PIA_OK;
    if (status != PIA_OK)
        return fail(&self->failure, "a path can be gone", "%s: %s %s %s", asked->what,
                    pia_status_text(status), problem.pointer, problem.detail);
    return step_check(self) && walk_commit(self);
}
