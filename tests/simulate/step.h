/* step.h - what steps are made of. */
#ifndef STEP_H
#define STEP_H

#include "request.h"
#include "walk.h"

/* Something that is offered, by somebody who may, at the present version; false: nothing is. The
 * data are the caller's to free. */
bool step_draw(walk_t *self, request_t *ret_request);
request_t
step_request(const matter_t *matter, const transition_t *transition, const actor_t *actor);

/* Asks, and sees that it was made, or refused without a trace. */
bool step_ask(walk_t *self,
              const request_t *request,
              pia_status_t *ret_status,
              pia_problem_t *problem);

void step_say(walk_t *self,
              const request_t *request,
              pia_status_t status,
              const pia_problem_t *problem);

/* What no request may be answered, whatever it asked. */
bool step_check_answer(walk_t *self, pia_status_t status, const pia_problem_t *problem);

/* After what was made: the model follows, and the new entries verify. */
bool step_check(walk_t *self);

/* What is due by now, until nothing is. */
bool step_ticks(walk_t *self);

bool step_create(walk_t *self);
bool step_wrong(walk_t *self);
bool step_race(walk_t *self);

/* The straight way, without anything going wrong: for where walks begin. */
bool step_straight(walk_t *self);

#endif
