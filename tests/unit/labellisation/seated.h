/* seated.h - a bench with a committee and its meeting, for the tests of committees. */
#ifndef SEATED_H
#define SEATED_H

#include "bench.h"

#define FIRST "0190a000-0000-7000-8000-0000000000a1"
#define SECOND "0190a000-0000-7000-8000-0000000000a2"
#define THIRD "0190a000-0000-7000-8000-0000000000a3"

#define ALL_PRESENT                                                                                \
    "{'presences': [{'member': 1, 'mode': 'present'}, {'member': 2, 'mode': 'present'}, "          \
    "{'member': 3, 'mode': 'present'}]}"

/* What the helpers below act on. */
extern char committee[PIA_UUID_TEXT_SIZE], session[PIA_UUID_TEXT_SIZE];

/* JSON with single quotes; the caller owns it. */
json_t *bench_parse(const char *text);

/* The bench's setup, with a committee without members; FIRST, SECOND and THIRD may sit. */
int seated_setup(void **state);

/* The secretariat moves the committee, or the meeting; a person with the role committee does. */
pia_status_t move_committee(const char *transition, const char *data);
pia_status_t meet(const char *transition, const char *data);
pia_status_t meet_as(const char *person, const char *transition, const char *data);

/* Names a member of this name; `more`: members of the data, among them the days of its mandate. */
pia_status_t appoint_member(const char *person, const char *label, const char *more);

/* FIRST, who holds the chair, SECOND and THIRD become members 1 to 3, all of this name. */
void seat_three(const char *label);

/* Another meeting, on 10 December 2026. */
void prepare_session(char ret_id[PIA_UUID_TEXT_SIZE]);

/* Seats three, and convenes them to `session` on one question; then opens it on its day. */
void convene_session(const char *label);
void open_session(const char *label);

/* The first of the meeting's `items` or `sittings`; the caller owns it. */
json_t *first_of(const char *list);

#endif
