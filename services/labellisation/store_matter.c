/* store_matter.c - matters in SQL. */
#include "store_matter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIND,
    INSERT,
    CLAIM,
    SAVE,
    LIST_ALL,
    LIST_STATE,
    LIST_OWN,
    LIST_CHILDREN,
    DUE,
    POSTPONE,
    CHILD,
    HELD,
    MARK,
    VERSIONS
};

static const char *const sql[] = {
    [FIND] = "SELECT parent, structure, pole, process_name, process_version, state, version, card, "
             "facts, clocks, chain, created_at, changed_at, entered_at, due_at, demonstration, "
             "parent_kind, person FROM matter WHERE id = $1 AND kind = $2",
    [INSERT] = "INSERT INTO matter (id, kind, parent, structure, pole, process_name, "
               "process_version, state, version, card, facts, clocks, chain, created_at, "
               "changed_at, entered_at, due_at, demonstration, parent_kind, person) VALUES "
               "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
               "$19, $20)",
    [CLAIM] = "UPDATE matter SET version = version + 1 WHERE id = $1 AND version = $2",
    [SAVE] = "UPDATE matter SET state = $2, facts = $3, clocks = $4, chain = $5, changed_at = $6, "
             "entered_at = $7, due_at = $8 WHERE id = $1 AND version = $9",
    [LIST_ALL] = "SELECT id FROM matter WHERE kind = $1 AND id > $2 "
                 "AND (CAST($3 AS TEXT) IS NULL OR pole = $3) ORDER BY id LIMIT $4",
    [LIST_STATE] = "SELECT id FROM matter WHERE kind = $1 AND state = $5 AND id > $2 "
                   "AND (CAST($3 AS TEXT) IS NULL OR pole = $3) ORDER BY id LIMIT $4",
    [LIST_OWN] =
        "SELECT id FROM matter WHERE structure = $6 AND kind = $1 AND id > $2 "
        "AND (CAST($3 AS TEXT) IS NULL OR pole = $3) AND (CAST($5 AS TEXT) IS NULL OR state = $5) "
        "UNION SELECT matter.id FROM review JOIN matter ON matter.id = review.matter "
        "WHERE review.reviewer = $7 AND review.closed = 0 AND matter.kind = $1 AND matter.id > $2 "
        "AND (CAST($3 AS TEXT) IS NULL OR matter.pole = $3) "
        "AND (CAST($5 AS TEXT) IS NULL OR matter.state = $5) "
        "UNION SELECT id FROM matter WHERE person = $7 AND kind = $1 AND id > $2 "
        "AND (CAST($3 AS TEXT) IS NULL OR pole = $3) AND (CAST($5 AS TEXT) IS NULL OR state = $5) "
        "ORDER BY id LIMIT $4",
    [LIST_CHILDREN] =
        "SELECT id FROM matter WHERE parent = $6 AND kind = $1 AND id > $2 "
        "AND (CAST($3 AS TEXT) IS NULL OR pole = $3) AND (CAST($5 AS TEXT) IS NULL OR state = $5) "
        "ORDER BY id LIMIT $4",
    [DUE] = "SELECT id, kind FROM matter WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 "
            "FOR UPDATE SKIP LOCKED",
    [POSTPONE] = "UPDATE matter SET due_at = $2 WHERE id = $1 AND version = $3",
    [CHILD] = "SELECT id FROM matter WHERE parent = $1 AND kind = $2 ORDER BY id LIMIT 1",
    [HELD] = "SELECT 1 FROM matter WHERE pole = $1 AND kind = 'label' AND structure <> $2 LIMIT 1",
    [VERSIONS] = "SELECT CAST(COALESCE(SUM(version), 0) AS BIGINT) FROM matter WHERE kind = $1",
    [MARK] = "UPDATE matter SET demonstration = 1 WHERE structure = $1 AND demonstration = 0",
};

static void set_text(char *ret_text, size_t size, const char *text)
{
    (void)snprintf(ret_text, size, "%s", text ? text : "");
}

static json_t *read_object(pia_stmt_t *stmt, int column)
{
    const char *text = pia_stmt_column_text(stmt, column);
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    return json ? json : json_object();
}

/* The present row, except definition, machine and state. */
static void read_row(pia_stmt_t *stmt, matter_t *ret_matter)
{
    set_text(ret_matter->parent, sizeof ret_matter->parent, pia_stmt_column_text(stmt, 0));
    set_text(ret_matter->structure, sizeof ret_matter->structure, pia_stmt_column_text(stmt, 1));
    set_text(ret_matter->pole, sizeof ret_matter->pole, pia_stmt_column_text(stmt, 2));
    ret_matter->version = pia_stmt_column_integer(stmt, 6);
    ret_matter->card = read_object(stmt, 7);
    ret_matter->facts = read_object(stmt, 8);
    ret_matter->clocks = read_object(stmt, 9);
    set_text(ret_matter->chain, sizeof ret_matter->chain, pia_stmt_column_text(stmt, 10));
    ret_matter->created_ms = pia_stmt_column_integer(stmt, 11);
    ret_matter->changed_ms = pia_stmt_column_integer(stmt, 12);
    ret_matter->entered_ms = pia_stmt_column_integer(stmt, 13);
    ret_matter->due_ms = pia_stmt_column_integer(stmt, 14);
    ret_matter->demonstration = pia_stmt_column_integer(stmt, 15) != 0;
    ret_matter->parent_kind = kind_parse(pia_stmt_column_text(stmt, 16));
    set_text(ret_matter->person, sizeof ret_matter->person, pia_stmt_column_text(stmt, 17));
}

pia_status_t store_matter_find(pia_db_t *db,
                               library_t *library,
                               machine_kind_t kind,
                               const char *id,
                               matter_t *ret_matter,
                               pia_problem_t *problem)
{
    char process[PIA_POINTER_MAX], state[PIA_POINTER_MAX];
    pia_stmt_t *stmt = pia_db_prepare(db, sql[FIND]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_text(stmt, 2, kinds[kind].name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return pia_problem_set(problem, status, NULL, "there is no such %s", kinds[kind].name);
    *ret_matter = (matter_t){.kind = kind};
    set_text(ret_matter->id, sizeof ret_matter->id, id);
    read_row(stmt, ret_matter);
    set_text(process, sizeof process, pia_stmt_column_text(stmt, 3));
    set_text(state, sizeof state, pia_stmt_column_text(stmt, 5));
    int64_t version = pia_stmt_column_integer(stmt, 4);
    pia_stmt_reset(stmt);
    status = library_find(library, db, process, version, &ret_matter->definition, problem);
    if (status == PIA_OK) {
        ret_matter->machine = &ret_matter->definition->machines[kind];
        ret_matter->state = machine_state(ret_matter->machine, state);
        if (ret_matter->state == STATE_NONE)
            status = pia_problem_set(problem, PIA_INTERNAL, NULL,
                                     "its state is not one of its process definition");
    }
    if (status != PIA_OK)
        matter_clear(ret_matter);
    return status;
}

/* Binds an object as JSON text. */
static void bind_object(pia_stmt_t *stmt, int parameter, const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    pia_stmt_text(stmt, parameter, text);
    free(text);
}

static void bind_due(pia_stmt_t *stmt, int parameter, const matter_t *matter)
{
    if (matter->due_ms != 0)
        pia_stmt_integer(stmt, parameter, matter->due_ms);
    else
        pia_stmt_null(stmt, parameter);
}

pia_status_t store_matter_insert(pia_db_t *db, const matter_t *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[INSERT]);
    pia_stmt_text(stmt, 1, matter->id);
    pia_stmt_text(stmt, 2, kinds[matter->kind].name);
    pia_stmt_text(stmt, 3, matter->parent[0] ? matter->parent : NULL);
    pia_stmt_text(stmt, 4, matter->structure);
    pia_stmt_text(stmt, 5, matter->pole);
    pia_stmt_text(stmt, 6, matter->definition->name);
    pia_stmt_integer(stmt, 7, matter->definition->version);
    pia_stmt_text(stmt, 8, matter->machine->states[matter->state].name);
    pia_stmt_integer(stmt, 9, matter->version);
    bind_object(stmt, 10, matter->card);
    bind_object(stmt, 11, matter->facts);
    bind_object(stmt, 12, matter->clocks);
    pia_stmt_text(stmt, 13, matter->chain);
    pia_stmt_integer(stmt, 14, matter->created_ms);
    pia_stmt_integer(stmt, 15, matter->changed_ms);
    pia_stmt_integer(stmt, 16, matter->entered_ms);
    bind_due(stmt, 17, matter);
    pia_stmt_integer(stmt, 18, matter->demonstration);
    pia_stmt_text(stmt, 19, matter->parent[0] ? kinds[matter->parent_kind].name : NULL);
    pia_stmt_text(stmt, 20, matter->person[0] ? matter->person : NULL);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_matter_claim(pia_db_t *db, matter_t *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CLAIM]);
    pia_stmt_text(stmt, 1, matter->id);
    pia_stmt_integer(stmt, 2, matter->version);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    if (status == PIA_OK && changes == 0)
        return PIA_CONFLICT;
    if (status == PIA_OK)
        matter->version++;
    return status;
}

pia_status_t store_matter_save(pia_db_t *db, const matter_t *matter)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[SAVE]);
    pia_stmt_text(stmt, 1, matter->id);
    pia_stmt_text(stmt, 2, matter->machine->states[matter->state].name);
    bind_object(stmt, 3, matter->facts);
    bind_object(stmt, 4, matter->clocks);
    pia_stmt_text(stmt, 5, matter->chain);
    pia_stmt_integer(stmt, 6, matter->changed_ms);
    pia_stmt_integer(stmt, 7, matter->entered_ms);
    bind_due(stmt, 8, matter);
    pia_stmt_integer(stmt, 9, matter->version);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

static int choose_list(const matter_filter_t *filter)
{
    if (filter->parent)
        return LIST_CHILDREN;
    if (filter->structure)
        return LIST_OWN;
    return filter->state ? LIST_STATE : LIST_ALL;
}

pia_status_t store_matter_list(pia_db_t *db,
                               machine_kind_t kind,
                               const matter_filter_t *filter,
                               json_t **ret_ids)
{
    int which = choose_list(filter);
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, kinds[kind].name);
    pia_stmt_text(stmt, 2, filter->after);
    pia_stmt_text(stmt, 3, filter->pole);
    pia_stmt_integer(stmt, 4, filter->limit + 1);
    if (which != LIST_ALL)
        pia_stmt_text(stmt, 5, filter->state);
    if (which == LIST_OWN) {
        pia_stmt_text(stmt, 6, filter->structure);
        pia_stmt_text(stmt, 7, filter->person);
    }
    if (which == LIST_CHILDREN)
        pia_stmt_text(stmt, 6, filter->parent);
    json_t *ids = json_array();
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(ids, json_string(pia_stmt_column_text(stmt, 0)));
    if (status != PIA_NOT_FOUND) {
        json_decref(ids);
        return status;
    }
    *ret_ids = ids;
    return PIA_OK;
}

pia_status_t store_matter_due(
    pia_db_t *db, int64_t now_ms, size_t max, matter_key_t *ret_keys, size_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[DUE]);
    pia_stmt_integer(stmt, 1, now_ms);
    pia_stmt_integer(stmt, 2, (int64_t)max);
    pia_status_t status;
    *ret_count = 0;
    while ((status = pia_stmt_step(stmt)) == PIA_OK && *ret_count < max) {
        matter_key_t *key = &ret_keys[(*ret_count)++];
        set_text(key->id, sizeof key->id, pia_stmt_column_text(stmt, 0));
        key->kind = kind_parse(pia_stmt_column_text(stmt, 1));
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t store_matter_postpone(pia_db_t *db, const char *id, int64_t version, int64_t until_ms)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[POSTPONE]);
    pia_stmt_text(stmt, 1, id);
    pia_stmt_integer(stmt, 2, until_ms);
    pia_stmt_integer(stmt, 3, version);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_matter_child(pia_db_t *db,
                                const char *parent,
                                machine_kind_t kind,
                                char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[CHILD]);
    pia_stmt_text(stmt, 1, parent);
    pia_stmt_text(stmt, 2, kinds[kind].name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        set_text(ret_id, PIA_UUID_TEXT_SIZE, pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t
store_matter_is_held(pia_db_t *db, const char *pole, const char *structure, bool *ret_held)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[HELD]);
    pia_stmt_text(stmt, 1, pole);
    pia_stmt_text(stmt, 2, structure);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_held = status == PIA_OK;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t store_matter_mark(pia_db_t *db, const char *structure)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[MARK]);
    pia_stmt_text(stmt, 1, structure);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t store_matter_versions(pia_db_t *db, machine_kind_t kind, int64_t *ret_sum)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[VERSIONS]);
    pia_stmt_text(stmt, 1, kinds[kind].name);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_sum = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return status;
}
