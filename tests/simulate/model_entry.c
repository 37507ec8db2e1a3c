/* model_entry.c - whether an entry may stand where it does, and what it makes of its matter. */
#include "model_entry.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "rule.h"
#include "store_matter.h"

static const char nobody[] = "/services/labellisation";

/* An entry with what it names. */
typedef struct {
    const char *id, *name, *from, *to, *actor;
    int64_t number, effective_ms, recorded_ms;
    json_t *data;
    bool last; /* of its matter, among those that are applied together */
    const transition_t *transition;
    const timer_rule_t *fired; /* the timer that made it */
    int64_t fired_ms;
} entry_t;

static entry_t read_entry(const json_t *json)
{
    return (entry_t){
        .id = pia_json_text(json, "matter"),
        .name = pia_json_text(json, "transition"),
        .from = pia_json_text(json, "from"),
        .to = pia_json_text(json, "to"),
        .actor = pia_json_text(json, "actor"),
        .number = pia_json_integer(json, "number"),
        .effective_ms = pia_json_integer(json, "effective"),
        .recorded_ms = pia_json_integer(json, "recorded"),
        .data = json_object_get(json, "data"),
    };
}

static bool no(failure_t *failure, const entry_t *entry, const char *name, const char *why)
{
    return fail(failure, name, "entry %lld of %s, %s by %s: %s", (long long)entry->number,
                entry->id, entry->name, entry->actor, why);
}

/* The fact that an effect records, or NULL. */
static const char *recorded_fact(const effect_t *effect)
{
    for (size_t i = 0; i < PARAMETERS_MAX && effect->kind->parameters[i].name; i++)
        if (effect->kind->parameters[i].kind == PARAMETER_NEW_FACT)
            return pia_json_text(effect->parameters, effect->kind->parameters[i].name);
    return NULL;
}

/* Facts that no entry of the machine's transitions records: they come with the creation. */
static json_t *given_facts(const matter_t *stored)
{
    json_t *facts = json_copy(stored->facts);
    const machine_t *machine = stored->machine;
    for (size_t i = 0; i < machine->transition_count; i++)
        for (size_t j = 0; j < machine->transitions[i].effect_count; j++) {
            const effect_t *effect = &machine->transitions[i].effects[j];
            const char *fact = recorded_fact(effect);
            if (fact && !kind_gives(stored->kind, fact))
                json_object_del(facts, fact);
        }
    return facts;
}

static machine_kind_t kind_of(world_t *world, const char *id)
{
    static const char sql[] = "SELECT kind FROM matter WHERE id = $1";
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql);
    pia_stmt_text(stmt, 1, id);
    machine_kind_t kind =
        pia_stmt_step(stmt) == PIA_OK ? kind_parse(pia_stmt_column_text(stmt, 0)) : MACHINE_NONE;
    pia_stmt_reset(stmt);
    return kind;
}

/* What the entry itself does not tell, from the store when it is first seen: later replays find it
 * where it was kept. NULL if nothing was. */
static json_t *recall(const model_t *self, const entry_t *entry)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s %lld", entry->id, (long long)entry->number);
    return json_object_get(self->given, key);
}

static json_t *keep(model_t *self, const entry_t *entry, json_t *facts)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%s %lld", entry->id, (long long)entry->number);
    json_object_set_new(self->given, key, facts);
    return facts;
}

static replica_t *
add_replica(model_t *self, world_t *world, const entry_t *entry, failure_t *failure)
{
    machine_kind_t kind = kind_of(world, entry->id);
    if (kind == MACHINE_NONE || self->count == REPLICAS_MAX) {
        (void)no(failure, entry, "known matter", "its matter is not there");
        return NULL;
    }
    replica_t *replica = &self->items[self->count];
    matter_t *matter = &replica->matter;
    replica->finals = 0;
    if (store_matter_find(world->service.db, world->service.library, kind, entry->id, matter,
                          NULL) != PIA_OK) {
        (void)no(failure, entry, "known matter", "its matter cannot be read");
        return NULL;
    }
    const json_t *given = recall(self, entry);
    if (!given)
        given = keep(self, entry, given_facts(matter));
    json_decref(matter->facts);
    json_decref(matter->clocks);
    matter->facts = json_copy((json_t *)given);
    matter->clocks = json_object();
    matter->state = STATE_NONE;
    matter->version = 0;
    matter->created_ms = matter->changed_ms = matter->entered_ms = entry->effective_ms;
    matter->due_ms = 0;
    self->count++;
    return replica;
}

/* Whether the definition has such a transition in this state. */
static bool check_defined(const matter_t *matter, entry_t *entry, failure_t *failure)
{
    const machine_t *machine = matter->machine;
    const char *state = matter->state == STATE_NONE ? "" : machine->states[matter->state].name;
    entry->transition = machine_transition(machine, entry->name);
    if (!entry->transition)
        return no(failure, entry, "only defined transitions", "the definition has none such");
    if (entry->number != matter->version + 1)
        return no(failure, entry, "every entry once", "it is not the next one");
    if (strcmp(state, entry->from ? entry->from : "") != 0)
        return no(failure, entry, "replay", "it is from another state");
    if (!transition_starts_in(entry->transition, matter->state))
        return no(failure, entry, "only defined transitions", "not in this state");
    int to = entry->transition->to == STATE_NONE ? matter->state : entry->transition->to;
    if (strcmp(machine->states[to].name, entry->to) != 0)
        return no(failure, entry, "only defined transitions", "it leads elsewhere");
    return true;
}

/* Whether who made it has one of its roles. Whether a reviewer is assigned is not looked at. */
static bool
check_actor(const world_t *world, const matter_t *matter, entry_t *entry, failure_t *failure)
{
    const actor_t *actor = world_actor(world, entry->actor);
    if (strcmp(entry->actor, nobody) == 0)
        return true;
    if (!actor)
        return no(failure, entry, "known actor", "nobody of this name acts");
    const char *structure = kinds[matter->kind].inner ? "" : matter->structure;
    uint32_t roles = engine_roles(&actor->principal, structure, true);
    if ((roles & entry->transition->roles) == 0)
        return no(failure, entry, "rights", "without one of its roles");
    return true;
}

/* Whether the clock made it, at the instant that was right; else that no timer was due before. */
static bool check_timers(const matter_t *matter, entry_t *entry, failure_t *failure)
{
    int64_t due_ms = matter->due_ms;
    const timer_rule_t *next = due_ms == 0 ? NULL : engine_next_timer(matter);
    bool by_nobody = strcmp(entry->actor, nobody) == 0;
    int64_t at_ms = due_ms > matter->changed_ms ? due_ms : matter->changed_ms;
    if (by_nobody && next && entry->transition == &matter->machine->transitions[next->transition] &&
        due_ms <= entry->recorded_ms && at_ms == entry->effective_ms) {
        entry->fired = next;
        entry->fired_ms = due_ms;
        return true;
    }
    int64_t until_ms = by_nobody ? entry->effective_ms - 1 : entry->recorded_ms;
    if (due_ms != 0 && due_ms <= until_ms)
        return no(failure, entry, "timers in time", "a timer was due before it");
    return true;
}

/* What nobody made by hand and no timer made follows by itself or from another matter's entry. */
static bool check_cause(const entry_t *entry, const json_t *before, failure_t *failure)
{
    if (strcmp(entry->actor, nobody) != 0 || entry->fired || entry->transition->automatic)
        return true;
    if (before && pia_json_integer(before, "recorded") == entry->recorded_ms)
        return true;
    /* a label's creation stands before the entry that causes it: its own number says so */
    if (entry->number == 1)
        return true;
    return no(failure, entry, "only defined transitions", "nothing has caused it");
}

static bool check_guards(matter_t *matter, const entry_t *entry, failure_t *failure)
{
    const act_t act = {.matter = matter, .transition = entry->transition, .data = entry->data};
    for (size_t i = 0; i < entry->transition->guard_count; i++) {
        const guard_t *guard = &entry->transition->guards[i];
        if (guard->kind->pure && guard->kind->test(&act, guard->parameters, NULL) != PIA_OK)
            return no(failure, entry, "guards", guard->kind->name);
    }
    return true;
}

/* Whether an effect may change the matter by what stands elsewhere. */
static bool has_impure_effect(const transition_t *transition)
{
    for (size_t i = 0; i < transition->effect_count; i++)
        if (!transition->effects[i].kind->pure && !transition->effects[i].kind->outward)
            return true;
    return false;
}

/* Whether an effect that looks at nothing but the matter records it. */
static bool is_recorded(const machine_t *machine, const char *fact)
{
    for (size_t i = 0; i < machine->transition_count; i++)
        for (size_t j = 0; j < machine->transitions[i].effect_count; j++) {
            const effect_t *effect = &machine->transitions[i].effects[j];
            const char *recorded = effect->kind->pure ? recorded_fact(effect) : NULL;
            if (recorded && strcmp(recorded, fact) == 0)
                return true;
        }
    return false;
}

/* Facts of effects that look beyond the matter, as the store had them when the entry was first
 * seen: all of them after its last entry in this step, else those alone that only such effects
 * record. */
static void take_facts(model_t *self, world_t *world, matter_t *matter, const entry_t *entry)
{
    matter_t stored;
    const char *fact;
    json_t *value, *given = recall(self, entry);
    if (!given && store_matter_find(world->service.db, world->service.library, matter->kind,
                                    matter->id, &stored, NULL) == PIA_OK) {
        given = keep(self, entry, entry->last ? json_object() : json_copy(matter->facts));
        json_object_foreach(stored.facts, fact, value)
        {
            if (entry->last || !is_recorded(matter->machine, fact))
                json_object_set(given, fact, value);
        }
        matter_clear(&stored);
    }
    json_decref(matter->facts);
    matter->facts = given ? json_copy(given) : json_object();
}

static void run_effects(model_t *self, world_t *world, matter_t *matter, const entry_t *entry)
{
    act_t act = {
        .matter = matter,
        .transition = entry->transition,
        .data = entry->data,
        .record = entry->data,
        .effective_ms = entry->effective_ms,
        .recorded_ms = entry->recorded_ms,
        .from = entry->from ? machine_state(matter->machine, entry->from) : STATE_NONE,
    };
    if (has_impure_effect(entry->transition) && entry->number > 1)
        take_facts(self, world, matter, entry);
    for (size_t i = 0; i < entry->transition->effect_count; i++) {
        const effect_t *effect = &entry->transition->effects[i];
        if (effect->kind->pure)
            (void)effect->kind->run(&act, effect->parameters, NULL);
    }
}

static bool step(matter_t *matter, const entry_t *entry, int from, failure_t *failure)
{
    pia_problem_t problem = {.detail = ""};
    const engine_step_t step = {
        .transition = entry->transition,
        .from = from,
        .effective_ms = entry->effective_ms,
        .fired = entry->fired,
        .fired_ms = entry->fired_ms,
    };
    if (engine_run_clocks(matter, &step, &problem) != PIA_OK)
        return no(failure, entry, "replay", problem.detail);
    if (entry->effective_ms < matter->changed_ms)
        return no(failure, entry, "order", "it takes effect before the one before it");
    matter->changed_ms = entry->effective_ms;
    if (matter->state != from)
        matter->entered_ms = entry->effective_ms;
    return true;
}

static void
count(const model_t *self, const world_t *world, const matter_t *matter, const entry_t *entry)
{
    size_t index = (size_t)(entry->transition - matter->machine->transitions), i = 0;
    while (i < world->definition_count &&
           strcmp(world->definitions[i], matter->definition->name) != 0)
        i++;
    if (self->coverage && i < world->definition_count && index < TRANSITIONS_MAX)
        (void)__atomic_fetch_add(&(*self->coverage)[i][matter->kind][index], 1, __ATOMIC_RELAXED);
}

static void say(const matter_t *matter, const entry_t *entry)
{
    char effective[PIA_TIME_TEXT_SIZE];
    pia_time_format(entry->effective_ms, effective);
    (void)printf("                                  %s %s.%lld %s%s: %s -> %s, %s\n",
                 matter->machine->name, entry->id + PIA_UUID_TEXT_SIZE - 5,
                 (long long)entry->number, entry->name, entry->fired ? " (timer)" : "",
                 entry->from ? entry->from : "", entry->to, effective);
}

bool model_apply(model_t *self, world_t *world, const placed_t *placed, failure_t *failure)
{
    const json_t *json = placed->entry;
    entry_t entry = read_entry(json);
    entry.last = placed->last;
    replica_t *replica = model_find(self, entry.id);
    if (pia_json_integer(json, "position") != self->position)
        return no(failure, &entry, "log without a hole", "it stands elsewhere");
    if (!replica)
        replica = add_replica(self, world, &entry, failure);
    if (!replica)
        return false;
    matter_t *matter = &replica->matter;
    int from = matter->state;
    if (!self->again && entry.recorded_ms != world->now_ms)
        return no(failure, &entry, "recorded when it was", "it says another instant");
    if (!check_defined(matter, &entry, failure) || !check_actor(world, matter, &entry, failure) ||
        !check_timers(matter, &entry, failure) || !check_cause(&entry, placed->before, failure) ||
        !check_guards(matter, &entry, failure))
        return false;
    if (entry.transition->to != STATE_NONE)
        matter->state = entry.transition->to;
    matter->version++;
    run_effects(self, world, matter, &entry);
    if (!step(matter, &entry, from, failure))
        return false;
    (void)snprintf(matter->chain, sizeof matter->chain, "%s", pia_json_text(json, "chain"));
    replica->finals += matter->state != from && matter->machine->states[matter->state].final;
    if (replica->finals > 1)
        return no(failure, &entry, "one final state", "a second one is entered");
    count(self, world, matter, &entry);
    self->position++;
    self->last = (size_t)(replica - self->items);
    if (self->trace)
        say(matter, &entry);
    return true;
}

bool model_rests(const replica_t *replica, failure_t *failure)
{
    const matter_t *matter = &replica->matter;
    for (size_t i = 0; i < matter->machine->transition_count; i++) {
        const transition_t *transition = &matter->machine->transitions[i];
        const act_t act = {.matter = (matter_t *)matter, .transition = transition};
        bool holds = transition->automatic && transition_starts_in(transition, matter->state);
        for (size_t j = 0; holds && j < transition->guard_count; j++) {
            const guard_t *guard = &transition->guards[j];
            holds = guard->kind->pure && guard->kind->test(&act, guard->parameters, NULL) == PIA_OK;
        }
        if (holds)
            return fail(failure, "automatic transitions", "%s of %s is left to be made",
                        transition->name, matter->id);
    }
    return true;
}
