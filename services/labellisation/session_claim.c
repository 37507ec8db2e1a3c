/* session_claim.c - a dossier waits on one agenda: a row that one meeting can have. */
#include "session.h"

#include <stdio.h>
#include <string.h>

enum { CLAIM, HOLDER, TAKE_OVER, RELEASE };

static const char *const sql[] = {
    [CLAIM] = "INSERT INTO agenda (dossier, session) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    [HOLDER] = "SELECT session FROM agenda WHERE dossier = $1",
    [TAKE_OVER] = "UPDATE agenda SET session = $2 WHERE dossier = $1 AND session = $3",
    [RELEASE] = "DELETE FROM agenda WHERE dossier = $1 AND session = $2",
};

/* Runs a statement about a dossier and this meeting; *ret_changed: it has changed a row. */
static pia_status_t
run(const act_t *act, int which, const char *dossier, const char *third, bool *ret_changed)
{
    int64_t changes = 0;
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[which]);
    pia_stmt_text(stmt, 1, dossier);
    pia_stmt_text(stmt, 2, act->matter->id);
    if (third)
        pia_stmt_text(stmt, 3, third);
    pia_status_t status = pia_stmt_run(stmt, &changes);
    *ret_changed = changes > 0;
    return status;
}

/* The meeting that has it; "": none any more. */
static pia_status_t
find_holder(const act_t *act, const char *dossier, char ret_id[PIA_UUID_TEXT_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(act->db, sql[HOLDER]);
    pia_stmt_text(stmt, 1, dossier);
    pia_status_t status = pia_stmt_step(stmt);
    (void)snprintf(ret_id, PIA_UUID_TEXT_SIZE, "%s",
                   status == PIA_OK ? pia_stmt_column_text(stmt, 0) : "");
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static bool waits_in(const matter_t *session, const char *dossier)
{
    const json_t *items = json_object_get(session->facts, "items");
    bool waits = false;
    for (size_t i = 0; !waits && i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i), *id = json_object_get(item, "dossier");
        waits =
            id && strcmp(json_string_value(id), dossier) == 0 && session_item_is(item, "pending");
    }
    return waits && !session->machine->states[session->state].final;
}

/* Whether the dossier waits there still: not once the item is dealt with or the meeting over. Such
 * an item does not wait again: what is taken off an agenda gives its row up. */
static pia_status_t still_waits(const act_t *act,
                                const char *holder,
                                const char *dossier,
                                bool *ret_waits,
                                pia_problem_t *problem)
{
    matter_t session;
    pia_status_t status =
        matter_load(act->db, act->library, MACHINE_SESSION, holder, &session, problem);
    if (status != PIA_OK)
        return status;
    *ret_waits = waits_in(&session, dossier);
    matter_clear(&session);
    return PIA_OK;
}

pia_status_t
session_claim(const act_t *act, const char *dossier, const char *at, pia_problem_t *problem)
{
    char holder[PIA_UUID_TEXT_SIZE] = "";
    bool taken = false, waits = true;
    pia_status_t status = run(act, CLAIM, dossier, NULL, &taken);
    if (status == PIA_OK && !taken)
        status = find_holder(act, dossier, holder);
    if (status == PIA_OK && !taken && holder[0] == '\0') /* it was released meanwhile */
        status = run(act, CLAIM, dossier, NULL, &taken);
    if (status == PIA_OK && holder[0] != '\0')
        status = still_waits(act, holder, dossier, &waits, problem);
    if (status == PIA_OK && !waits)
        status = run(act, TAKE_OVER, dossier, holder, &taken);
    if (status != PIA_OK || taken)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, at, "this dossier is on the agenda of %s%s",
                           holder[0] != '\0' ? "the meeting " : "another meeting", holder);
}

pia_status_t session_release(const act_t *act, const char *dossier)
{
    bool released;
    return run(act, RELEASE, dossier, NULL, &released);
}
