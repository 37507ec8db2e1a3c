/* committee.h - who sits in a committee. The members are the fact `members` of the committee, so
 * each change of them is a transition in its history: {number, person, nom (the hash of name and
 * quality), capacity, votes, chair, themes, from, until, substitute_of}. Store thread. */
#ifndef COMMITTEE_H
#define COMMITTEE_H

#include <jansson.h>

#include "act.h"
#include "rule.h"
#include "view.h"

enum { COMMITTEE_MEMBERS_MAX = 128 }; /* ever named; in office at once at most SEATS_MAX */

/* What name_member, name_substitute, end_mandate and renew_mandate read. */
extern const need_t committee_member_needs[], committee_substitute_needs[], committee_end_needs[],
    committee_renew_needs[];
effect_fn committee_name_member, committee_name_substitute, committee_end_mandate,
    committee_renew_mandate;

/* A guard: no committee of this procedure is in office. */
guard_fn committee_absent;

/* The seats on a day ("2026-11-26"), without suppléants of their own: proto's session_seat without
 * `mode`, and with the name's hash as `nom`; suppléants likewise. A member who is called for themes
 * is left out if `themes` (an array of codes) has none of them. The caller owns the array. */
json_t *committee_seats(const matter_t *committee, const char *day, const json_t *themes);

/* The number of the member or suppléant in office on a day who is this person; 0: none. */
int64_t committee_number_of(const matter_t *committee, const char *person, const char *day);

/* Adds ids of those in office on a day to `persons`. */
void committee_add_persons(const matter_t *committee, const char *day, json_t *persons);

/* The text of a name; "" if it was erased. The caller frees it. */
pia_status_t committee_name(pia_db_t *db, const char *hash, char **ret_name);

view_fn view_committee, view_committee_card; /* the card: without members, for lists */

#endif
