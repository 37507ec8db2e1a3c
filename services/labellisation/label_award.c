/* label_award.c - a decision makes a label: its number, from when to when. */
#include <stdio.h>

#include "definition_internal.h"
#include "kin.h"
#include "label_life.h"
#include "label_number.h"
#include "pia/clock.h"
#include "renewal.h"

period_t label_half(const period_t *validity)
{
    enum { HALF_MONTH = 15 /* days */ };
    int64_t months = validity->years * 12 + validity->months;
    int64_t days = validity->weeks * 7 + validity->days;
    return (period_t){.months = months / 2, .days = days / 2 + (months % 2) * HALF_MONTH};
}

/* The label that the dossier renews, if there is one that has not ended and ends later than `day`:
 * then *ret_from is its end, else `day`. `ret_renews`: its id, "" if there is none at all. */
static pia_status_t find_start(const act_t *act,
                               int64_t day,
                               int64_t *ret_from,
                               char ret_renews[PIA_UUID_TEXT_SIZE],
                               pia_problem_t *problem)
{
    matter_t label;
    const char *standing = NULL;
    int64_t until;
    *ret_from = day;
    ret_renews[0] = '\0';
    pia_status_t status = renewal_label(act->db, act->matter->id, ret_renews);
    if (status == PIA_OK)
        status = matter_load(act->db, act->library, MACHINE_LABEL, ret_renews, &label, problem);
    else
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    if (status != PIA_OK)
        return status;
    status = label_standing(act->db, &label, &standing);
    if (status == PIA_OK && !label_has_ended(standing) && label_day(&label, "until", &until) &&
        until > day)
        *ret_from = until;
    matter_clear(&label);
    return status;
}

/* Its facts, as its creation is given them. `begins` is its first day while that is to come,
 * `renewable` its end while its renewal is not decided: each goes when it is over. */
static json_t *make_facts(
    int64_t from, bool to_come, const period_t *validity, const char *number, const char *renews)
{
    char from_text[DAY_TEXT_SIZE], until[DAY_TEXT_SIZE], midterm[DAY_TEXT_SIZE];
    period_t half = label_half(validity);
    day_format(from, from_text);
    day_format(day_add(from, validity), until);
    day_format(day_add(from, &half), midterm);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*, s:s*}", "from", from_text, "until", until,
                     "renewable", until, "midterm", midterm, "number", number, "begins",
                     to_come ? from_text : NULL, "renews", renews[0] ? renews : NULL);
}

pia_status_t run_award_label(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    char number[LABEL_NUMBER_SIZE], id[PIA_UUID_TEXT_SIZE], renews[PIA_UUID_TEXT_SIZE];
    int64_t from, day = day_of(act->effective_ms);
    period_t period;
    const json_t *validity = json_object_get(act->matter->card, "validity"); /* the call's */
    definition_read_period(validity ? validity : json_object_get(parameters, "validity"), &period);
    pia_status_t status = find_start(act, day, &from, renews, problem);
    if (status == PIA_OK)
        status = label_number_take(act->db, day_to_date(day).year, number);
    if (status != PIA_OK)
        return status;
    const char *later = json_string_value(json_object_get(parameters, "renewal"));
    if (!later)
        from = day;
    child_t label = {
        .kind = MACHINE_LABEL,
        .transition =
            from > day ? later : json_string_value(json_object_get(parameters, "transition")),
        .facts = make_facts(from, from > day, &period, number, renews),
    };
    status = matter_create_child(act, &label, id, problem);
    return status == PIA_OK ? label_number_give(act->db, number, id) : status;
}
