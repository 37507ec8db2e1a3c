/* model.c - replaying the log. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "model_entry.h"
#include "pia/db.h"
#include "pia/json.h"
#include "store_matter.h"

enum { ENTRIES, TELLINGS, MATTERS };

static const char *const sql[] = {
    [ENTRIES] = "SELECT matter, number, transition, from_state, to_state, actor, effective_at, "
                "recorded_at, data, chain, position FROM history WHERE position >= $1 "
                "ORDER BY position",
    [TELLINGS] = "SELECT event, number FROM outbox WHERE number > $1 ORDER BY number",
    [MATTERS] = "SELECT id, kind, version, due_at FROM matter ORDER BY id",
};

void model_init(model_t *self)
{
    memset(self, 0, sizeof *self);
    self->given = json_object();
}

void model_clear(model_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        matter_clear(&self->items[i].matter);
    json_decref(self->given);
    self->given = NULL;
    self->count = 0;
}

bool model_has(const model_t *self, machine_kind_t kind)
{
    size_t i = 0;
    while (i < self->count && self->items[i].matter.kind != kind)
        i++;
    return i < self->count;
}

replica_t *model_find(model_t *self, const char *id)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->items[i].matter.id, id) == 0)
            return &self->items[i];
    return NULL;
}

int64_t model_due(const replica_t *replica)
{
    return replica->matter.due_ms; /* as engine_run_clocks has computed it */
}

/* The new entries of the log, in its order; the caller owns the array. */
static json_t *read_entries(const model_t *self, world_t *world)
{
    json_t *entries = json_array();
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql[ENTRIES]);
    pia_stmt_integer(stmt, 1, self->position);
    while (pia_stmt_step(stmt) == PIA_OK) {
        json_t *entry = json_pack(
            "{s:s, s:I, s:s, s:s*, s:s, s:s, s:I, s:I, s:o, s:s, s:I}", "matter",
            pia_stmt_column_text(stmt, 0), "number", (json_int_t)pia_stmt_column_integer(stmt, 1),
            "transition", pia_stmt_column_text(stmt, 2), "from", pia_stmt_column_text(stmt, 3),
            "to", pia_stmt_column_text(stmt, 4), "actor", pia_stmt_column_text(stmt, 5),
            "effective", (json_int_t)pia_stmt_column_integer(stmt, 6), "recorded",
            (json_int_t)pia_stmt_column_integer(stmt, 7), "data",
            json_loads(pia_stmt_column_text(stmt, 8), 0, NULL), "chain",
            pia_stmt_column_text(stmt, 9), "position",
            (json_int_t)pia_stmt_column_integer(stmt, 10));
        json_array_append_new(entries, entry);
    }
    return entries;
}

/* Which transition an announcement tells of; false: it is of another kind. */
static bool read_telling(const json_t *event, char ret_key[128])
{
    const char *type = pia_json_text_or(event, "type", ""), *dot = strchr(type, '.');
    char name[32];
    if (!dot || (size_t)(dot - type) >= sizeof name)
        return false;
    (void)snprintf(name, sizeof name, "%.*s", (int)(dot - type), type);
    const json_t *data = json_object_get(event, "data");
    bool award = strcmp(type, "label.awarded") == 0;
    bool plain = kind_parse(name) != MACHINE_NONE &&
                 (strcmp(dot, ".created") == 0 || strcmp(dot, ".transitioned") == 0);
    if (!award && !plain)
        return false;
    (void)snprintf(ret_key, 128, "%s %lld", pia_json_text_or(data, name, ""),
                   award ? 1LL : (long long)json_integer_value(json_object_get(data, "number")));
    return true;
}

/* Announcements and entries, in step. */
static bool check_tellings(model_t *self, world_t *world, const json_t *entries, failure_t *failure)
{
    size_t count = json_array_size(entries), told = 0;
    bool good = true;
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql[TELLINGS]);
    pia_stmt_integer(stmt, 1, self->told);
    while (good && pia_stmt_step(stmt) == PIA_OK) {
        char key[128], expected[128] = "nothing";
        json_t *event = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
        self->told = pia_stmt_column_integer(stmt, 1);
        const json_t *entry = json_array_get(entries, told);
        if (entry)
            (void)snprintf(expected, sizeof expected, "%s %lld",
                           pia_json_text_or(entry, "matter", ""),
                           (long long)json_integer_value(json_object_get(entry, "number")));
        if (read_telling(event, key)) {
            told++;
            if (strcmp(key, expected) != 0)
                good =
                    fail(failure, "announced once", "%s is announced, %s is to be", key, expected);
        }
        json_decref(event);
    }
    pia_stmt_reset(stmt);
    if (good && told != count)
        good = fail(failure, "announced once", "%zu transitions, %zu announcements", count, told);
    return good;
}

/* The store's row of a matter beside what its history makes of it. */
static bool compare(const replica_t *replica, world_t *world, failure_t *failure)
{
    const matter_t *model = &replica->matter;
    matter_t stored;
    if (store_matter_find(world->service.db, world->service.library, model->kind, model->id,
                          &stored, NULL) != PIA_OK)
        return fail(failure, "replay", "%s %s is not there", model->machine->name, model->id);
    const char *what = NULL;
    if (stored.state != model->state)
        what = "state";
    else if (stored.version != model->version)
        what = "version";
    else if (!json_equal(stored.facts, model->facts))
        what = "facts";
    else if (!json_equal(stored.clocks, model->clocks))
        what = "clocks";
    else if (strcmp(stored.chain, model->chain) != 0)
        what = "chain";
    else if (stored.due_ms != model_due(replica))
        what = "next timer";
    else if (stored.changed_ms != model->changed_ms || stored.entered_ms != model->entered_ms ||
             stored.created_ms != model->created_ms)
        what = "times";
    if (what)
        (void)fail(failure, "replay", "%s %s: its %s is not that of its history",
                   model->machine->name, model->id, what);
    matter_clear(&stored);
    return what == NULL;
}

/* No other matter is there, and none has another version or timer than the model's. */
static bool check_matters(model_t *self, world_t *world, failure_t *failure)
{
    size_t count = 0;
    bool good = true;
    pia_stmt_t *stmt = pia_db_prepare(world->service.db, sql[MATTERS]);
    while (good && pia_stmt_step(stmt) == PIA_OK) {
        const char *id = pia_stmt_column_text(stmt, 0);
        const replica_t *replica = model_find(self, id);
        count++;
        if (!replica)
            good =
                fail(failure, "replay", "%s %s has no history", pia_stmt_column_text(stmt, 1), id);
        else if (pia_stmt_column_integer(stmt, 2) != replica->matter.version)
            good = fail(failure, "replay", "%s has the version %lld, its history %lld", id,
                        (long long)pia_stmt_column_integer(stmt, 2),
                        (long long)replica->matter.version);
        else if (pia_stmt_column_integer(stmt, 3) != model_due(replica))
            good = fail(failure, "replay", "%s: its next timer is not that of its history", id);
    }
    pia_stmt_reset(stmt);
    if (good && count != self->count)
        good = fail(failure, "replay", "%zu matters are there, %zu have a history", count,
                    self->count);
    return good;
}

/* Whether no later entry is of the same matter. */
static bool is_last(const json_t *entries, size_t at)
{
    const char *id = pia_json_text_or(json_array_get(entries, at), "matter", "");
    for (size_t i = at + 1; i < json_array_size(entries); i++)
        if (strcmp(pia_json_text_or(json_array_get(entries, i), "matter", ""), id) == 0)
            return false;
    return true;
}

static bool apply_all(model_t *self, world_t *world, const json_t *entries, failure_t *failure)
{
    size_t count = json_array_size(entries);
    for (size_t i = 0; i < count; i++) {
        const placed_t placed = {.entry = json_array_get(entries, i),
                                 .before = i > 0 ? json_array_get(entries, i - 1) : NULL,
                                 .last = is_last(entries, i)};
        if (!model_apply(self, world, &placed, failure))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        const replica_t *replica =
            model_find(self, pia_json_text_or(json_array_get(entries, i), "matter", ""));
        if (is_last(entries, i) &&
            (!model_rests(replica, failure) || !compare(replica, world, failure)))
            return false;
    }
    return true;
}

bool model_follow(model_t *self, world_t *world, failure_t *failure)
{
    json_t *entries = read_entries(self, world);
    bool good = apply_all(self, world, entries, failure) &&
                check_tellings(self, world, entries, failure) &&
                check_matters(self, world, failure);
    json_decref(entries);
    return good;
}

bool model_again(model_t *self, world_t *world, failure_t *failure)
{
    model_t again;
    model_init(&again);
    again.again = true;
    json_object_update(again.given, self->given);
    bool good = model_follow(&again, world, failure);
    if (good && (again.position != self->position || again.told != self->told))
        good = fail(failure, "replay", "the log has %lld entries, it had %lld",
                    (long long)again.position, (long long)self->position);
    again.coverage = self->coverage;
    again.trace = self->trace;
    again.again = false;
    model_clear(self);
    *self = again;
    return good;
}
