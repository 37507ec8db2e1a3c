/* publishers.c - which pôles may publish. */
#include "publishers.h"

#include <stdio.h>
#include <string.h>

#include "pia/territory.h"
#include "proto/pole.h"

#include "problems.h"

static const char SQL_FIND[] = "SELECT state, region, departement FROM publisher WHERE pole = $1";
static const char SQL_SET[] =
    "INSERT INTO publisher (pole, state, region, departement) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (pole) DO UPDATE SET state = excluded.state, region = excluded.region,"
    " departement = excluded.departement";

static void copy_code(char ret_code[4], const char *code)
{
    (void)snprintf(ret_code, 4, "%s", code ? code : "");
}

pia_status_t
publishers_check(pia_db_t *db, const char *pole, publisher_t *ret_publisher, pia_problem_t *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FIND);
    pia_stmt_text(stmt, 1, pole);
    pia_status_t status = pia_stmt_step(stmt);
    bool active = false;
    if (status == PIA_OK) {
        active = strcmp(pia_stmt_column_text(stmt, 0), "active") == 0;
        copy_code(ret_publisher->region, pia_stmt_column_text(stmt, 1));
        copy_code(ret_publisher->departement, pia_stmt_column_text(stmt, 2));
        pia_stmt_reset(stmt);
    } else if (status != PIA_NOT_FOUND) {
        return pia_problem_set(problem, status, "", "The publishers cannot be read now.");
    }
    if (!active)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/source",
                               "This pôle is not labelled and active.");
    return PIA_OK;
}

void publishers_forget(publishers_t *self)
{
    *self = (publishers_t){0};
}

static size_t place_of(const char *pole)
{
    size_t hash = 5381;
    for (; *pole; pole++)
        hash = hash * 33 + (unsigned char)*pole;
    return hash % PUBLISHERS_REMEMBERED;
}

void publishers_remember(publishers_t *self, const char *pole, const publisher_t *publisher)
{
    size_t place = place_of(pole);
    if (strlen(pole) >= PUBLISHERS_POLE_SIZE)
        return;
    (void)snprintf(self->places[place].pole, PUBLISHERS_POLE_SIZE, "%s", pole);
    self->places[place].publisher = *publisher;
}

bool publishers_recall(const publishers_t *self, const char *pole, publisher_t *ret_publisher)
{
    size_t place = place_of(pole);
    if (!pole[0] || strcmp(self->places[place].pole, pole) != 0)
        return false;
    *ret_publisher = self->places[place].publisher;
    return true;
}

pia_status_t publishers_apply(pia_db_t *db, const json_t *data, pia_problem_t *problem)
{
    pia_pole_announcement_t pole = {0};
    pia_status_t status =
        pia_schema_decode(&pia_pole_announcement_schema, data, PIA_UNKNOWN_IGNORED, &pole, problem);
    if (status != PIA_OK) {
        problem_under_member(problem, "data");
        return status;
    }
    const char *region = pole.region;
    if (!region && pole.departement)
        region = pia_territory_region_of(pole.departement);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_SET);
    pia_stmt_text(stmt, 1, pole.code);
    pia_stmt_text(stmt, 2, pole.state);
    pia_stmt_text(stmt, 3, region);
    pia_stmt_text(stmt, 4, pole.departement);
    status = pia_stmt_run(stmt, NULL);
    if (status != PIA_OK)
        (void)pia_problem_set(problem, status, "", "The publishers cannot be written now.");
    return status;
}
