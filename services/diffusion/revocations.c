/* revocations.c - who lost its rights. */
#include "revocations.h"

#include <stdio.h>
#include <stdlib.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "pia/token.h"
#include "proto/key.h"

#include "problems.h"

enum { KEPT_MS = 10 * PIA_TOKEN_LIFE_MS }; /* more than enough for clocks that differ */

static const char SQL_KEEP[] =
    "INSERT INTO revocation (subject, revoked_at) VALUES ($1, $2)"
    " ON CONFLICT (subject) DO UPDATE SET revoked_at = excluded.revoked_at";
static const char SQL_PURGE[] = "DELETE FROM revocation WHERE revoked_at < $1";
static const char SQL_LOAD[] = "SELECT subject, revoked_at FROM revocation WHERE revoked_at >= $1";

pia_status_t
revocation_read(const json_t *data, revocation_t *ret_revocation, pia_problem_t *problem)
{
    pia_principal_revocation_t fields = {0};
    pia_status_t status = pia_schema_decode(&pia_principal_revocation_schema, data,
                                            PIA_UNKNOWN_IGNORED, &fields, problem);
    if (status != PIA_OK) {
        problem_under_member(problem, "data");
        return status;
    }
    (void)snprintf(ret_revocation->subject, REVOCATION_SUBJECT_SIZE, "%s", fields.subject);
    if (!pia_time_parse(fields.at, &ret_revocation->at_ms))
        ret_revocation->at_ms = pia_clock_wall();
    return PIA_OK;
}

pia_status_t revocations_keep(pia_db_t *db, const json_t *data, pia_problem_t *problem)
{
    revocation_t revocation;
    pia_status_t status = revocation_read(data, &revocation, problem);
    if (status != PIA_OK)
        return status;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_KEEP);
    pia_stmt_text(stmt, 1, revocation.subject);
    pia_stmt_integer(stmt, 2, revocation.at_ms);
    status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK) {
        stmt = pia_db_prepare(db, SQL_PURGE);
        pia_stmt_integer(stmt, 1, pia_clock_wall() - KEPT_MS);
        status = pia_stmt_run(stmt, NULL);
    }
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The revocation cannot be stored now.");
    return status;
}

pia_status_t revocations_load(pia_db_t *db, revocation_t **ret_revocations, size_t *ret_count)
{
    revocation_t *revocations = NULL;
    size_t count = 0;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LOAD);
    pia_stmt_integer(stmt, 1, pia_clock_wall() - KEPT_MS);
    pia_status_t status = pia_stmt_step(stmt);
    for (; status == PIA_OK; status = pia_stmt_step(stmt)) {
        revocations = pia_realloc(revocations, (count + 1) * sizeof *revocations);
        revocation_t *revocation = &revocations[count++];
        (void)snprintf(revocation->subject, REVOCATION_SUBJECT_SIZE, "%s",
                       pia_stmt_column_text(stmt, 0));
        revocation->at_ms = pia_stmt_column_integer(stmt, 1);
    }
    if (status != PIA_NOT_FOUND) {
        free(revocations);
        return status;
    }
    *ret_revocations = revocations;
    *ret_count = count;
    return PIA_OK;
}
