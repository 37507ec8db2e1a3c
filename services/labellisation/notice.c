/* notice.c - recording and finding the day of a notification. */
#include "notice.h"

#include <string.h>

#include "day.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "remedy.h"

enum { CONSULTATION_DAYS = 15 }; /* CRPA R112-20 */

/* The value of `mode` for what is made available on line. */
static const char ELECTRONIC[] = "electronique";

/* The newest entries bind; those before the decision tell nothing of it. */
static const char SQL_ENTRIES[] = "SELECT number, data FROM history WHERE matter = $1 "
                                  "AND number >= $2 ORDER BY number DESC LIMIT 1000";

const need_t notice_needs[] = {
    {"jour", DATUM_DATE, false},
    {"mode", DATUM_CHOICE, false},
    {"consultation", DATUM_DATE, true},
    {NULL, DATUM_TEXT, false},
};

static bool read_day(const json_t *json, const char *name, int64_t *ret_day)
{
    const char *text = pia_json_text(json, name);
    return text && pia_date_parse(text, ret_day);
}

/* The day that an entry tells of decision `number`: the decision itself may name it, too. */
static bool read_notice(const json_t *data, int64_t entry, int64_t number, int64_t *ret_day)
{
    const json_t *notice = json_object_get(data, "notice");
    if (entry == number)
        return read_day(data, "notification", ret_day);
    return json_integer_value(json_object_get(notice, "number")) == number &&
           read_day(notice, "day", ret_day);
}

pia_status_t
notice_find(pia_db_t *db, const char *matter, int64_t number, bool *ret_proven, int64_t *ret_day)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ENTRIES);
    pia_stmt_text(stmt, 1, matter);
    pia_stmt_integer(stmt, 2, number);
    pia_status_t status = PIA_OK;
    *ret_proven = false;
    while (!*ret_proven && (status = pia_stmt_step(stmt)) == PIA_OK) {
        json_t *data = json_loads(pia_stmt_column_text(stmt, 1), 0, NULL);
        *ret_proven = read_notice(data, pia_stmt_column_integer(stmt, 0), number, ret_day);
        json_decref(data);
    }
    pia_stmt_reset(stmt);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* What is made available on line, consulted or not. */
static pia_status_t
count_electronic(const act_t *act, int64_t available, int64_t *ret_day, pia_problem_t *problem)
{
    int64_t today = day_of(act->effective_ms), consulted;
    int64_t last = available + CONSULTATION_DAYS;
    char text[DAY_TEXT_SIZE];
    bool is_consulted = read_day(act->data, "consultation", &consulted);
    if (is_consulted && (consulted < available || consulted > today))
        return pia_problem_set(problem, PIA_INVALID, "/data/consultation",
                               "is from the day it was made available to today");
    day_format(last, text);
    if (!is_consulted && today <= last)
        return pia_problem_set(problem, PIA_CONFLICT, "/data/consultation",
                               "it may be consulted until %s (CRPA, art. R112-20)", text);
    *ret_day = is_consulted && consulted <= last ? consulted : available;
    return PIA_OK;
}

static pia_status_t count_notice(const act_t *act,
                                 const remedy_decision_t *decision,
                                 int64_t *ret_day,
                                 pia_problem_t *problem)
{
    int64_t day = decision->day;
    (void)read_day(act->data, "jour", &day);
    if (day < decision->day || day > day_of(act->effective_ms))
        return pia_problem_set(problem, PIA_INVALID, "/data/jour",
                               "is from the day of the decision to today");
    *ret_day = day;
    return strcmp(pia_json_text(act->data, "mode"), ELECTRONIC) == 0
               ? count_electronic(act, day, ret_day, problem)
               : PIA_OK;
}

pia_status_t run_record_notice(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    remedy_decision_t decision;
    int64_t day = 0;
    char text[DAY_TEXT_SIZE];
    pia_status_t status = remedy_decision(act->db, act->matter, &decision);
    if (status == PIA_NOT_FOUND || (status == PIA_OK && decision.implicit))
        return pia_problem_set(problem, PIA_CONFLICT, "/transition",
                               "there is no decision to notify");
    if (status == PIA_OK)
        status = count_notice(act, &decision, &day, problem);
    if (status != PIA_OK)
        return status;
    day_format(day, text);
    json_object_set_new(
        act->record, "notice",
        json_pack("{s:I, s:s}", "number", (json_int_t)decision.number, "day", text));
    return PIA_OK;
}
