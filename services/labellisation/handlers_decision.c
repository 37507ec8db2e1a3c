/* handlers_decision.c - decisions in a batch; a decision as it was issued. */
#include <string.h>

#include "decision.h"
#include "decision_batch.h"
#include "handler.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "proto/decision.h"
#include "serve.h"
#include "session.h"

enum { ITEMS_MAX = 64 };

/* A batch being made. */
typedef struct {
    labellisation_t *self;
    const pia_request_t *request;
    const char *name;
    json_t *results;
    int64_t done, repeated, refused;
} batch_t;

static void add_refusal(batch_t *batch, json_t *result, const pia_problem_t *problem)
{
    json_object_set_new(result, "result", json_string("refused"));
    json_object_set_new(result, "status", json_string(pia_status_text(problem->status)));
    json_object_set_new(result, "detail", json_string(problem->detail));
    json_object_set_new(result, "pointer", json_string(problem->pointer));
    batch->refused++;
}

static void add_state(json_t *result, const matter_t *dossier, int64_t number)
{
    const state_t *state = &dossier->machine->states[dossier->state];
    json_object_set_new(result, "state", json_string(state->name));
    json_object_set_new(result, "state_label", json_string(state->label));
    json_object_set_new(result, "version", json_integer(dossier->version));
    json_object_set_new(result, "number", json_integer(number));
}

/* The present version, if the item does not say which the asker has seen. */
static pia_status_t
find_version(batch_t *batch, const json_t *item, int64_t *ret_version, pia_problem_t *problem)
{
    const json_t *version = json_object_get(item, "version");
    handler_found_t found;
    if (version) {
        *ret_version = json_integer_value(version);
        return PIA_OK;
    }
    pia_status_t status = handler_find(batch->self, batch->request, MACHINE_DOSSIER,
                                       pia_json_text(item, "dossier"), &found, problem);
    if (status != PIA_OK)
        return status;
    *ret_version = found.matter.version;
    matter_clear(&found.matter);
    return PIA_OK;
}

/* The transition and the note that it was made. */
static pia_status_t make(batch_t *batch,
                         const json_t *item,
                         const batch_key_t *key,
                         json_t *result,
                         pia_problem_t *problem)
{
    handler_found_t found;
    handler_move_t move = {
        .kind = MACHINE_DOSSIER,
        .id = key->dossier,
        .transition = key->transition,
        .data = json_object_get(item, "data"),
    };
    pia_status_t status = find_version(batch, item, &move.version, problem);
    if (status == PIA_OK)
        status = handler_move(batch->self, batch->request, &move, &found, problem);
    if (status != PIA_OK)
        return status;
    const int64_t number = move.version + 1; /* automatic ones may have followed */
    status = batch_note(batch->self->db, key, number, pia_clock_now());
    add_state(result, &found.matter, number);
    matter_clear(&found.matter);
    return status;
}

/* What an earlier call did, with the dossier's state now. */
static pia_status_t repeat(
    batch_t *batch, const batch_key_t *key, int64_t number, json_t *result, pia_problem_t *problem)
{
    handler_found_t found;
    pia_status_t status =
        handler_find(batch->self, batch->request, MACHINE_DOSSIER, key->dossier, &found, problem);
    if (status != PIA_OK)
        return status;
    json_object_set_new(result, "result", json_string("repeated"));
    batch->repeated++;
    add_state(result, &found.matter, number);
    matter_clear(&found.matter);
    return PIA_OK;
}

/* Of an item that names an old version: what has changed since. */
static void add_stale(const batch_t *batch,
                      const json_t *item,
                      const batch_key_t *key,
                      const pia_problem_t *why,
                      json_t *result)
{
    const handler_move_t move = {
        .kind = MACHINE_DOSSIER,
        .id = key->dossier,
        .transition = key->transition,
        .version = json_integer_value(json_object_get(item, "version")),
    };
    json_t *present = serve_present(batch->self, batch->request, &move, why->status, why);
    if (present)
        json_object_set_new(result, "present", present);
}

/* Whether the store itself failed, so that the whole request is to be tried again. */
static bool is_fatal(const batch_t *batch, pia_status_t status, const pia_problem_t *problem)
{
    return pia_db_is_retryable(batch->self->db) || problem->status != status ||
           status == PIA_INTERNAL;
}

/* All or nothing of one item, in a savepoint: `result` is filled in both cases. */
static pia_status_t try_item(batch_t *batch,
                             const json_t *item,
                             const batch_key_t *key,
                             json_t *result,
                             pia_problem_t *problem)
{
    pia_problem_t why = {.status = PIA_OK};
    pia_status_t status = pia_db_savepoint(batch->self->db);
    if (status != PIA_OK)
        return status;
    status = make(batch, item, key, result, &why);
    if (status == PIA_OK) {
        json_object_set_new(result, "result", json_string("done"));
        batch->done++;
        return pia_db_release(batch->self->db);
    }
    bool fatal = is_fatal(batch, status, &why);
    pia_db_rollback_to(batch->self->db);
    if (fatal) {
        *problem = why;
        return status;
    }
    add_refusal(batch, result, &why);
    add_stale(batch, item, key, &why, result);
    return PIA_OK;
}

static pia_status_t run_item(batch_t *batch, const json_t *item, pia_problem_t *problem)
{
    const batch_key_t key = {
        .name = batch->name,
        .actor = pia_request_principal(batch->request)->subject,
        .dossier = pia_json_text(item, "dossier"),
        .transition = pia_json_text(item, "transition"),
        .data = json_object_get(item, "data"),
    };
    pia_problem_t why = {.status = PIA_OK};
    json_t *result = json_pack("{s:s}", "dossier", key.dossier);
    bool done = false;
    int64_t number = 0;
    json_array_append_new(batch->results, result);
    pia_status_t status = batch_find(batch->self->db, &key, &done, &number, &why);
    if (status == PIA_CONFLICT && !pia_db_is_retryable(batch->self->db)) {
        add_refusal(batch, result, &why);
        return PIA_OK;
    }
    if (status != PIA_OK)
        return status;
    return done ? repeat(batch, &key, number, result, problem)
                : try_item(batch, item, &key, result, problem);
}

/* The items for the dossiers on which the meeting gave one of these opinions. */
static pia_status_t read_session(const batch_t *batch,
                                 const pia_labellisation_decision_batch_t *fields,
                                 json_t *items,
                                 pia_problem_t *problem)
{
    handler_found_t found;
    pia_status_t status = handler_find(batch->self, batch->request, MACHINE_SESSION,
                                       fields->session, &found, problem);
    if (status != PIA_OK)
        return status;
    const json_t *agenda = json_object_get(found.matter.facts, "items");
    for (size_t i = 0; i < json_array_size(agenda); i++) {
        const json_t *item = json_array_get(agenda, i);
        const char *opinion = pia_json_text(item, "opinion");
        bool wanted = opinion && (!fields->opinions || names_have(fields->opinions, opinion));
        if (wanted && pia_json_text(item, "dossier"))
            json_array_append_new(items, json_pack("{s:O, s:s, s:O*}", "dossier",
                                                   json_object_get(item, "dossier"), "transition",
                                                   fields->transition, "data", fields->with));
    }
    matter_clear(&found.matter);
    return PIA_OK;
}

/* What is to be done: given item by item, or by a meeting's opinions. */
static pia_status_t read_items(const batch_t *batch, json_t *items, pia_problem_t *problem)
{
    const pia_labellisation_decision_batch_t *fields = pia_request_fields(batch->request);
    if ((fields->items != NULL) == (fields->session != NULL))
        return pia_problem_set(problem, PIA_INVALID, "/items", "either items or a meeting");
    if (fields->session && !fields->transition)
        return pia_problem_set(problem, PIA_INVALID, "/transition", "is missing");
    if (fields->session)
        return read_session(batch, fields, items, problem);
    json_array_extend(items, (json_t *)fields->items);
    return PIA_OK;
}

static pia_status_t run(batch_t *batch, pia_problem_t *problem)
{
    json_t *items = json_array();
    pia_status_t status = read_items(batch, items, problem);
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items) && i < ITEMS_MAX; i++)
        status = run_item(batch, json_array_get(items, i), problem);
    json_decref(items);
    return status;
}

void handle_decision_batch(void *self, pia_request_t **request_p)
{
    const pia_labellisation_decision_batch_t *fields = pia_request_fields(*request_p);
    batch_t batch = {
        .self = self, .request = *request_p, .name = fields->batch, .results = json_array()};
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = run(&batch, &problem);
    if (status == PIA_OK) {
        pia_request_answer(request_p,
                           json_pack("{s:s, s:I, s:I, s:I, s:o}", "batch", fields->batch, "done",
                                     (json_int_t)batch.done, "repeated", (json_int_t)batch.repeated,
                                     "refused", (json_int_t)batch.refused, "items", batch.results),
                           0);
        return;
    }
    json_decref(batch.results);
    handler_fail(request_p, status, &problem);
}

void handle_decision_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_decision_get_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        status = decision_find(self->db, found.matter.id, &json);
        matter_clear(&found.matter);
        if (status == PIA_NOT_FOUND)
            (void)pia_problem_set(&problem, status, NULL, "no express decision was issued");
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, &problem);
}
