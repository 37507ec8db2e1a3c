/* session_dissent.c - disagreements with an opinion, mentioned on demand (CRPA R133-13): one of
 * each member, checked against who voted when the opinion was given. */
#include <string.h>

#include "committee.h"
#include "pia/json.h"
#include "session.h"

const need_t session_dissent_needs[] = {{"point", DATUM_INTEGER, false},
                                        {"membre", DATUM_INTEGER, true},
                                        {"motifs", DATUM_TEXT, true},
                                        {NULL, DATUM_TEXT, false}};

/* The member whose dissent it is: as the office says, or who asks. 0: nobody. */
static pia_status_t find_dissenter(const act_t *act, int64_t *ret_member, pia_problem_t *problem)
{
    const json_t *given = json_object_get(act->data, "membre");
    matter_t committee;
    if (given && (act->principal->roles & PIA_ROLE_SECRETARIAT) == 0)
        return pia_problem_set(problem, PIA_FORBIDDEN, "/data/membre",
                               "a member speaks for itself");
    if (given) {
        *ret_member = json_integer_value(given);
        return PIA_OK;
    }
    pia_status_t status = session_committee(act, &committee, problem);
    if (status != PIA_OK)
        return status;
    *ret_member = committee_number_of(&committee, act->principal->person,
                                      pia_json_text(act->matter->facts, "day"));
    matter_clear(&committee);
    return PIA_OK;
}

/* The first object of the list with this member; NULL: none. */
static const json_t *find(const json_t *list, int64_t member)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (pia_json_integer(json_array_get(list, i), "member") == member)
            return json_array_get(list, i);
    return NULL;
}

const json_t *session_ballot_seat(const json_t *ballot, int64_t member)
{
    const json_t *seats = json_object_get(ballot, "seats");
    const json_t *own = find(seats, member);
    for (size_t i = 0; !own && i < json_array_size(seats); i++)
        if (pia_json_integer(json_array_get(seats, i), "by") == member)
            own = json_array_get(seats, i);
    return own;
}

/* Whether the member may disagree with the opinion that this ballot gave. */
static pia_status_t
check(const json_t *item, const json_t *ballot, int64_t member, pia_problem_t *problem)
{
    const json_t *seat = session_ballot_seat(ballot, member);
    if (!seat)
        return pia_problem_set(problem, PIA_CONFLICT, "/data/membre",
                               "only who took part in this item may dissent");
    const json_t *vote = find(json_object_get(ballot, "votes"), pia_json_integer(seat, "member"));
    if (vote && strcmp(pia_json_text(vote, "vote"), "for") == 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/data/membre",
                               "member %lld voted for this opinion", (long long)member);
    if (find(json_object_get(item, "dissents"), member))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/membre",
                               "the dissent of member %lld is recorded", (long long)member);
    return PIA_OK;
}

pia_status_t session_record_dissent(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    json_t *item = session_item(act, problem);
    const json_t *reasons = json_object_get(act->record, "motifs");
    int64_t member = 0;
    if (!item)
        return PIA_INVALID;
    pia_status_t status = find_dissenter(act, &member, problem);
    if (status != PIA_OK)
        return status;
    if (!session_item_is(item, "given"))
        return pia_problem_set(problem, PIA_CONFLICT, "/data/point", "no opinion was given");
    const json_t *ballots = json_object_get(item, "ballots");
    status = check(item, json_array_get(ballots, json_array_size(ballots) - 1), member, problem);
    if (status != PIA_OK)
        return status;
    json_t *dissent = json_pack("{s:I}", "member", (json_int_t)member);
    if (reasons)
        json_object_set(dissent, "reasons", json_object_get(reasons, "blake2b"));
    json_array_append_new(json_object_get(item, "dissents"), dissent);
    return PIA_OK;
}
