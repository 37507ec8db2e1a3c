/* session.h - a meeting of a committee. What it is about stands in its facts, so that its history
 * tells all of it: `day`; `items` (proto's session_item, with the opinion's text as the hash
 * `text`); `sittings` (session_sitting, names as hashes `nom`, the convocation as the hash `text`);
 * `breaches`. Store thread. */
#ifndef SESSION_H
#define SESSION_H

#include <jansson.h>

#include "act.h"
#include "matter.h"
#include "rule.h"
#include "session_seat.h"

/* What the effects of an agenda, a sitting and a vote read. */
extern const need_t session_dossiers_needs[], session_question_needs[], session_item_needs[],
    session_convene_needs[], session_open_needs[], session_attendance_needs[],
    session_declare_needs[], session_rule_needs[], session_vote_needs[], session_votes_needs[],
    session_dissent_needs[];

/* Effects; session_deliver_opinions runs once the meeting is stored. */
effect_fn session_add_dossiers, session_add_question, session_remove_item, session_convene,
    session_open_sitting, session_note_attendance, session_declare_own_interest,
    session_rule_on_interest, session_put_to_vote, session_put_several, session_postpone_item,
    session_record_dissent, session_deliver_opinions;

/* Guards. */
guard_fn session_agenda_filled, session_convened_in_time, session_is_the_day, session_quorum_met,
    session_quorum_missing, session_agenda_dealt;

/* The fact of this name, an array, made if it is missing. */
json_t *session_list(matter_t *session, const char *fact);

/* The last sitting; NULL: none was convened. */
json_t *session_sitting(const matter_t *session);

/* Adds the persons that the last sitting convenes, with their suppléants; false: there is none. */
bool session_add_convened(const matter_t *session, json_t *persons);

/* The seats of the committee as it is on the day, for the themes of the agenda; the caller owns the
 * array, which is not empty: PIA_CONFLICT. */
pia_status_t
session_seats(const act_t *act, const char *day, json_t **ret_seats, pia_problem_t *problem);

/* The item of this number, or of the datum `point`; NULL after having filled `problem`. */
json_t *session_item_of(const act_t *act, int64_t number, const char *at, pia_problem_t *problem);
json_t *session_item(const act_t *act, pia_problem_t *problem);

bool session_item_is(const json_t *item, const char *status);

/* The seat with a vote in this ballot whose member, suppléant or holder has this number; the
 * member's own before one that it holds. NULL: none. */
const json_t *session_ballot_seat(const json_t *ballot, int64_t member);

/* An item for session_seat.h; borrowed from it. */
seat_item_t session_seat_item(const json_t *item);

/* Takes a dossier for the agenda of act->matter. PIA_CONFLICT at `at`: it waits on another one,
 * also if that has taken it at the same moment on another instance. */
pia_status_t
session_claim(const act_t *act, const char *dossier, const char *at, pia_problem_t *problem);
/* It is taken off that agenda. */
pia_status_t session_release(const act_t *act, const char *dossier);

/* Notes a rule that was not kept; `item` 0: of the meeting. */
void session_note_breach(act_t *act, const char *article, int64_t item, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reads its committee; as matter_load. */
pia_status_t session_committee(const act_t *act, matter_t *ret_committee, pia_problem_t *problem);

/* The name of the transition by which a dossier of this definition is given an opinion; NULL: a
 * committee gives none. */
const char *session_opinion_transition(const definition_t *definition);

/* Whether the dossier of an item waits for an opinion; a question always does. */
pia_status_t
session_item_waits(const act_t *act, const json_t *item, bool *ret_waits, pia_problem_t *problem);

/* Adds to the items the interests that are known of those who may sit (session_interest.c): the
 * same structure, links that were declared. One that is there already is left as it is. */
pia_status_t session_find_interests(const act_t *act, const json_t *seats, pia_problem_t *problem);

/* Makes an interest, or changes the one that the member has in the item. */
void session_set_interest(json_t *item, int64_t member, const char *kind, const char *source);
json_t *session_interest(const json_t *item, int64_t member);

/* Orders the items that are left (session_agenda.h), after the others. `renumber`: their numbers
 * are those of the new order; else they keep those of the convocation. */
void session_order(matter_t *session, const json_t *seats, bool renumber);
size_t session_leaves(const matter_t *session);

/* Proto's deadline of a rule of law counted back from a meeting's day; NULL: no such rule or day.
 * The caller owns it. */
json_t *session_deadline(const char *rule, const char *day);

/* The French text of a convocation to the last sitting (session_text.c); the caller frees it. */
char *session_convocation_text(const matter_t *session, const json_t *sitting);

#endif
