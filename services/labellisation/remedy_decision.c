/* remedy_decision.c - the decision that a dossier, a label or a remedy stands under. */
#include "remedy.h"

#include <string.h>

#include "day.h"
#include "definition_internal.h"
#include "label_life.h"
#include "notice.h"
#include "receipt.h"

static const char SQL_ENTRIES[] = "SELECT number, transition, to_state FROM history "
                                  "WHERE matter = $1 AND from_state <> to_state "
                                  "ORDER BY number DESC LIMIT 1000";
static const char SQL_ENTRY[] =
    "SELECT actor, effective_at, data FROM history WHERE matter = $1 AND number = $2";

static const char SQL_FROM[] = "SELECT transition, to_state FROM history WHERE matter = $1 "
                               "AND number >= $2 AND from_state <> to_state ORDER BY number";
static const char SQL_REMEDIES[] =
    "SELECT facts FROM matter WHERE kind = 'remedy' AND parent = $1 ORDER BY id";

static const char SQL_LAST[] = "SELECT MAX(number) FROM history WHERE matter = $1 "
                               "AND from_state <> to_state";

static const char nobody[] = "/services/";

/* Against silence: whether the receipt told the remedies (CRPA L112-6). */
static pia_status_t find_informed(pia_db_t *db, const char *dossier, bool *ret_informed)
{
    json_t *receipt = NULL;
    pia_status_t status = receipt_find(db, dossier, 0, &receipt);
    *ret_informed = json_is_true(json_object_get(receipt, "complete"));
    json_decref(receipt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* An express decision tells them in the act or the letter that it was issued with (CJA R421-5). */
static bool tells_remedies(const char *data)
{
    json_t *json = json_loads(data, 0, NULL);
    bool tells = json_object_get(json, "issued") || json_object_get(json, "letter");
    json_decref(json);
    return tells;
}

pia_status_t remedy_decision_at(pia_db_t *db,
                                const char *parent,
                                int64_t number,
                                remedy_decision_t *ret_decision)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ENTRY);
    pia_stmt_text(stmt, 1, parent);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK)
        *ret_decision = (remedy_decision_t){
            .number = number,
            .implicit = strncmp(pia_stmt_column_text(stmt, 0), nobody, sizeof nobody - 1) == 0,
            .day = day_of(pia_stmt_column_integer(stmt, 1)),
            .informed = tells_remedies(pia_stmt_column_text(stmt, 2)),
        };
    pia_stmt_reset(stmt);
    if (status != PIA_OK)
        return status;
    ret_decision->notified = ret_decision->day;
    ret_decision->proven = ret_decision->implicit;
    return ret_decision->implicit
               ? find_informed(db, parent, &ret_decision->informed)
               : notice_find(db, parent, number, &ret_decision->proven, &ret_decision->notified);
}

bool remedy_decides(const machine_t *machine, const char *name)
{
    const transition_t *transition = machine_transition(machine, name);
    const char *notice =
        transition ? json_string_value(json_object_get(transition->notice, "structure")) : NULL;
    return notice && strcmp(notice, "decision") == 0;
}

static bool same(const char *one, const char *other)
{
    return !one == !other && (!one || strcmp(one, other) == 0);
}

/* The newest entry that decided the present standing; 0: none. Where a procedure was open and is
 * closed again, the standing is that of before. */
static pia_status_t
find_number(pia_db_t *db, const matter_t *parent, const char *present, int64_t *ret_number)
{
    const machine_t *machine = parent->machine;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ENTRIES);
    pia_stmt_text(stmt, 1, parent->id);
    pia_status_t status = PIA_OK;
    bool found = false;
    *ret_number = 0;
    while (!found && (status = pia_stmt_step(stmt)) == PIA_OK) {
        int to = machine_state(machine, pia_stmt_column_text(stmt, 2));
        const char *standing = to == STATE_NONE ? NULL : machine->states[to].standing;
        bool counts = present ? standing != NULL : to == parent->state;
        if (!counts)
            continue;
        found = !same(standing, present);
        if (!found) {
            *ret_number = pia_stmt_column_integer(stmt, 0);
            found = !present || remedy_decides(machine, pia_stmt_column_text(stmt, 1));
        }
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t remedy_decision(pia_db_t *db, const matter_t *parent, remedy_decision_t *ret_decision)
{
    const char *standing;
    int64_t number;
    pia_status_t status = label_standing(db, parent, &standing);
    if (status == PIA_OK)
        status = find_number(db, parent, standing, &number);
    if (status == PIA_OK && number == 0)
        status = PIA_NOT_FOUND;
    return status == PIA_OK ? remedy_decision_at(db, parent->id, number, ret_decision) : status;
}

pia_status_t remedy_has_ended(pia_db_t *db, const matter_t *parent, int64_t number, bool *ret_ended)
{
    const machine_t *machine = parent->machine;
    const char *own = NULL;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FROM);
    pia_stmt_text(stmt, 1, parent->id);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status;
    *ret_ended = false;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        int to = machine_state(machine, pia_stmt_column_text(stmt, 1));
        const char *standing = to == STATE_NONE ? NULL : machine->states[to].standing;
        if (own && standing && strcmp(standing, own) != 0) {
            *ret_ended = !remedy_decides(machine, pia_stmt_column_text(stmt, 0));
            break;
        }
        own = own ? own : standing ? standing : "";
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t remedy_undone(pia_db_t *db, const char *parent, json_t **ret_numbers)
{
    json_t *numbers = json_array();
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_REMEDIES);
    pia_stmt_text(stmt, 1, parent);
    pia_status_t status;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *facts = json_loads(pia_stmt_column_text(stmt, 0), 0, NULL);
        json_t *number = json_object_get(facts, "undoes");
        if (number)
            json_array_append(numbers, number);
        json_decref(facts);
    }
    if (status != PIA_NOT_FOUND) {
        json_decref(numbers);
        return status;
    }
    *ret_numbers = numbers;
    return PIA_OK;
}

bool remedy_has_undone(const json_t *numbers, int64_t number)
{
    for (size_t i = 0; i < json_array_size(numbers); i++)
        if (json_integer_value(json_array_get(numbers, i)) == number)
            return true;
    return false;
}

/* The newest entry that gave one of these standings by a decision, and was not undone; 0: none. */
static pia_status_t find_past(pia_db_t *db,
                              const matter_t *parent,
                              const json_t *past,
                              const json_t *undone,
                              int64_t *ret_number)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ENTRIES);
    pia_stmt_text(stmt, 1, parent->id);
    pia_status_t status = PIA_OK;
    *ret_number = 0;
    while (*ret_number == 0 && (status = pia_stmt_step(stmt)) == PIA_OK) {
        const char *transition = pia_stmt_column_text(stmt, 1);
        int to = machine_state(parent->machine, pia_stmt_column_text(stmt, 2));
        const char *standing = to == STATE_NONE ? NULL : parent->machine->states[to].standing;
        int64_t number = pia_stmt_column_integer(stmt, 0);
        if (standing && names_have(past, standing) && remedy_decides(parent->machine, transition) &&
            !remedy_has_undone(undone, number))
            *ret_number = number;
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t remedy_past_decision(pia_db_t *db,
                                  const matter_t *parent,
                                  const json_t *past,
                                  remedy_decision_t *ret_decision)
{
    int64_t number = 0;
    json_t *undone = NULL;
    pia_status_t status = past ? remedy_undone(db, parent->id, &undone) : PIA_OK;
    if (status == PIA_OK && past)
        status = find_past(db, parent, past, undone, &number);
    json_decref(undone);
    if (status == PIA_OK && number == 0)
        status = PIA_NOT_FOUND;
    return status == PIA_OK ? remedy_decision_at(db, parent->id, number, ret_decision) : status;
}

pia_status_t remedy_rejection(pia_db_t *db, const char *remedy, remedy_decision_t *ret_decision)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LAST);
    pia_stmt_text(stmt, 1, remedy);
    pia_status_t status = pia_stmt_step(stmt);
    int64_t number = status == PIA_OK ? pia_stmt_column_integer(stmt, 0) : 0;
    pia_stmt_reset(stmt);
    return status == PIA_OK ? remedy_decision_at(db, remedy, number, ret_decision) : status;
}
