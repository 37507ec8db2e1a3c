/* renewal.c - opening, finding and deciding the renewal of a label. */
#include "renewal.h"

#include <stdio.h>
#include <string.h>

#include "kin.h"
#include "label_life.h"
#include "pia/json.h"
#include "specification.h"

enum { INSERT, LABEL_OF, DOSSIER_OF, LIST, SUCCESSORS, DUE, STATE_AT, VERSION };

static const char *const sql[] = {
    [INSERT] = "INSERT INTO renewal (dossier, label) VALUES ($1, $2)",
    [LABEL_OF] = "SELECT label FROM renewal WHERE dossier = $1",
    [DOSSIER_OF] = "SELECT dossier FROM renewal WHERE label = $1 ORDER BY dossier DESC LIMIT 1",
    [LIST] = "SELECT dossier FROM renewal WHERE label = $1 ORDER BY dossier DESC LIMIT 16",
    [SUCCESSORS] = "SELECT matter.id FROM renewal JOIN matter ON matter.parent = renewal.dossier "
                   "WHERE renewal.label = $1 AND matter.kind = 'label' "
                   "ORDER BY matter.id DESC LIMIT 16",
    [DUE] = "SELECT renewal.dossier FROM renewal JOIN matter ON matter.id = renewal.dossier "
            "WHERE renewal.label = $1 AND matter.due_at <= $2",
    [STATE_AT] = "SELECT to_state FROM history WHERE matter = $1 AND effective_at <= $2 "
                 "ORDER BY number DESC LIMIT 1",
    [VERSION] = "SELECT version FROM matter WHERE id = $1",
};

static pia_status_t
find(pia_db_t *db, int which, const char *id, char ret_other[PIA_UUID_TEXT_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        (void)snprintf(ret_other, PIA_UUID_TEXT_SIZE, "%s", pia_stmt_column_text(stmt, 0));
    pia_stmt_reset(stmt);
    return status;
}

pia_status_t renewal_label(pia_db_t *db, const char *dossier, char ret_label[PIA_UUID_TEXT_SIZE])
{
    return find(db, LABEL_OF, dossier, ret_label);
}

pia_status_t renewal_dossier(pia_db_t *db, const char *label, char ret_dossier[PIA_UUID_TEXT_SIZE])
{
    return find(db, DOSSIER_OF, label, ret_dossier);
}

/* The ids that a statement with these parameters names, in `ids`. */
static pia_status_t
list(pia_db_t *db, int which, const char *label, int64_t instant_ms, json_t *ids)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[which]);
    pia_stmt_text(stmt, 1, label);
    if (which == DUE)
        pia_stmt_integer(stmt, 2, instant_ms);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK)
        json_array_append_new(ids, json_string(pia_stmt_column_text(stmt, 0)));
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* The state that a dossier had at an instant; STATE_NONE before its creation. */
static pia_status_t
state_at(pia_db_t *db, const matter_t *dossier, int64_t instant_ms, int *ret_state)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[STATE_AT]);
    pia_stmt_text(stmt, 1, dossier->id);
    pia_stmt_integer(stmt, 2, instant_ms);
    pia_status_t status = pia_stmt_step(stmt);
    *ret_state = status == PIA_OK ? machine_state(dossier->machine, pia_stmt_column_text(stmt, 0))
                                  : STATE_NONE;
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* The state that a dossier had when the transition takes effect, however late that is recorded;
 * NULL: it was not there yet. It is of the definition's machine, which outlives the call. */
static pia_status_t
find_state(const act_t *act, const char *id, const state_t **ret_state, pia_problem_t *problem)
{
    matter_t dossier;
    int state;
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_DOSSIER, id, &dossier, problem);
    if (status != PIA_OK)
        return status;
    status = state_at(act->db, &dossier, act->effective_ms, &state);
    *ret_state = state == STATE_NONE ? NULL : &dossier.machine->states[state];
    matter_clear(&dossier);
    return status;
}

static bool is_pending(const state_t *state)
{
    return state && state->standing && strcmp(state->standing, "pending") == 0;
}

/* Whether it may still lead to a label: not once it is refused, abandoned or taken back. */
static bool is_open(const state_t *state)
{
    return !state ||
           (!state->final && !(state->standing && strcmp(state->standing, "refused") == 0));
}

typedef bool state_test_t(const state_t *state);

/* Of a label, other than one of this id. */
static pia_status_t has_dossier(const act_t *at,
                                const char *label,
                                const char *except,
                                state_test_t *test,
                                bool *ret_has,
                                pia_problem_t *problem)
{
    json_t *ids = json_array();
    pia_status_t status = list(at->db, LIST, label, 0, ids);
    *ret_has = false;
    for (size_t i = 0; status == PIA_OK && !*ret_has && i < json_array_size(ids); i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        const state_t *state = NULL;
        if (strcmp(id, except) == 0)
            continue;
        status = find_state(at, id, &state, problem);
        *ret_has = status == PIA_OK && test(state);
    }
    json_decref(ids);
    return status;
}

static pia_status_t
is_ended(const act_t *act, const char *id, bool *ret_ended, pia_problem_t *problem)
{
    matter_t label;
    const char *standing = NULL;
    pia_status_t status = matter_load(act->db, act->library, MACHINE_LABEL, id, &label, problem);
    if (status != PIA_OK)
        return status;
    status = label_standing(act->db, &label, &standing);
    *ret_ended = label_has_ended(standing);
    matter_clear(&label);
    return status;
}

/* Whether one of its renewals has led to a label that has not ended. */
static pia_status_t
has_successor(const act_t *act, const char *label, bool *ret_has, pia_problem_t *problem)
{
    json_t *ids = json_array();
    bool ended = true;
    pia_status_t status = list(act->db, SUCCESSORS, label, 0, ids);
    for (size_t i = 0; status == PIA_OK && ended && i < json_array_size(ids); i++)
        status = is_ended(act, json_string_value(json_array_get(ids, i)), &ended, problem);
    *ret_has = !ended;
    json_decref(ids);
    return status;
}

static pia_status_t is_opened(const act_t *act,
                              const char *label,
                              const char *except,
                              bool *ret_opened,
                              pia_problem_t *problem)
{
    pia_status_t status = has_dossier(act, label, except, is_open, ret_opened, problem);
    if (status == PIA_OK && !*ret_opened)
        status = has_successor(act, label, ret_opened, problem);
    return status;
}

pia_status_t
renewal_has_rival(const act_t *at, const char *dossier, bool *ret_has, pia_problem_t *problem)
{
    char label[PIA_UUID_TEXT_SIZE];
    *ret_has = false;
    pia_status_t status = renewal_label(at->db, dossier, label);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    return is_opened(at, label, dossier, ret_has, problem);
}

static pia_status_t catch_up_one(const act_t *at, const char *id, pia_problem_t *problem)
{
    matter_t dossier;
    pia_status_t status = matter_load(at->db, at->library, MACHINE_DOSSIER, id, &dossier, problem);
    if (status != PIA_OK)
        return status;
    status = matter_catch_up_to(at, &dossier, problem);
    matter_clear(&dossier);
    return status;
}

static pia_status_t check_unmoved(pia_db_t *db, const matter_t *label, pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql[VERSION]);
    pia_stmt_text(stmt, 1, label->id);
    pia_status_t status = pia_stmt_step(stmt);
    bool moved = status == PIA_OK && pia_stmt_column_integer(stmt, 0) != label->version;
    pia_stmt_reset(stmt);
    if (moved)
        return pia_problem_set(problem, PIA_CONFLICT, "/version",
                               "its renewal has just moved it: look again");
    return status;
}

pia_status_t renewal_catch_up(const act_t *timer, pia_problem_t *problem)
{
    const act_t at = {
        .db = timer->db,
        .library = timer->library,
        .effective_ms = timer->due_ms,
        .recorded_ms = timer->recorded_ms,
        .depth = timer->depth,
    };
    json_t *ids = json_array();
    pia_status_t status = list(at.db, DUE, timer->matter->id, timer->due_ms, ids);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(ids); i++)
        status = catch_up_one(&at, json_string_value(json_array_get(ids, i)), problem);
    if (status == PIA_OK && json_array_size(ids) > 0)
        status = check_unmoved(at.db, timer->matter, problem);
    json_decref(ids);
    return status;
}

pia_status_t
guard_renewal_absent(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    bool opened = false;
    pia_status_t status = is_opened(act, act->matter->id, "", &opened, problem);
    if (status == PIA_OK && opened)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "the renewal of this label is open already");
    return status;
}

pia_status_t
guard_successor_absent(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    bool found = false;
    pia_status_t status = has_successor(act, act->matter->id, &found, problem);
    if (status == PIA_OK && found)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "its renewal is granted: another label follows it");
    return status;
}

pia_status_t
guard_renewal_settled(const act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    bool pending = false;
    pia_status_t status = has_dossier(act, act->matter->id, "", is_pending, &pending, problem);
    if (status == PIA_OK && pending)
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "its renewal waits for a decision");
    return status;
}

/* The newest version of the label's procedure that can open a renewal. */
static pia_status_t find_definition(const act_t *act,
                                    const char *creation,
                                    const definition_t **ret_definition,
                                    pia_problem_t *problem)
{
    const definition_t *own = act->matter->definition;
    pia_status_t status =
        library_find(act->library, act->db, own->name, 0, ret_definition, problem);
    if (status == PIA_OK &&
        !machine_transition(&(*ret_definition)->machines[MACHINE_DOSSIER], creation))
        *ret_definition = own;
    return status;
}

/* What it is judged by: the procedure's specification in its latest version, or else the label's.
 */
static pia_status_t pin_specification(const act_t *act,
                                      const definition_t *definition,
                                      json_t *card,
                                      pia_problem_t *problem)
{
    json_t *ref = NULL;
    if (!definition->specification)
        return PIA_OK;
    json_t *choice = json_pack("{s:s}", "name", definition->specification);
    pia_status_t status = specification_choose(act->db, choice, "/process", &ref, problem);
    json_decref(choice);
    if (status == PIA_OK)
        json_object_set_new(card, "specification", ref);
    return status == PIA_INVALID ? PIA_OK : status;
}

static void fill_dossier(const matter_t *label, matter_t *dossier)
{
    dossier->kind = MACHINE_DOSSIER;
    dossier->state = STATE_NONE;
    dossier->demonstration = label->demonstration;
    pia_uuid7_text(dossier->id);
    (void)snprintf(dossier->structure, sizeof dossier->structure, "%s", label->structure);
    (void)snprintf(dossier->pole, sizeof dossier->pole, "%s", label->pole);
    dossier->card = json_deep_copy(label->card);
    json_object_del(dossier->card, "validity"); /* was the call's */
    json_object_set_new(dossier->card, "renews", json_string(label->id));
}

static pia_status_t note(const act_t *act, const char *dossier)
{
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[INSERT]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, act->matter->id);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t open_one(const act_t *act, const char *creation, pia_problem_t *problem)
{
    matter_t dossier = {0};
    fill_dossier(act->matter, &dossier);
    pia_status_t status = find_definition(act, creation, &dossier.definition, problem);
    if (status == PIA_OK)
        status = pin_specification(act, dossier.definition, dossier.card, problem);
    if (status == PIA_OK) {
        act_t opening = {
            .db = act->db,
            .library = act->library,
            .matter = &dossier,
            .transition =
                machine_transition(&dossier.definition->machines[MACHINE_DOSSIER], creation),
            .effective_ms = act->effective_ms,
            .recorded_ms = act->recorded_ms,
            .depth = act->depth + 1,
        };
        status = matter_create(&opening, problem);
    }
    if (status == PIA_OK)
        status = note(act, dossier.id);
    if (status == PIA_OK)
        status = renewal_fill(act, &dossier, act->matter->parent);
    matter_clear(&dossier);
    return status;
}

pia_status_t run_open_renewal(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    bool opened = false;
    pia_status_t status = is_opened(act, act->matter->id, "", &opened, problem);
    if (status != PIA_OK || opened)
        return status;
    return open_one(act, pia_json_text(parameters, "transition"), problem);
}

pia_status_t run_settle_renewal(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const given_t given = {.transition = pia_json_text(parameters, "transition")};
    char label[PIA_UUID_TEXT_SIZE];
    bool moved;
    pia_status_t status = renewal_label(act->db, act->matter->id, label);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    return matter_move_given(act, MACHINE_LABEL, label, &given, &moved, problem);
}
