/* choose.h - what somebody could ask for next: drawn from what the definition offers, so that a
 * procedure that is not known here is walked, too. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "model.h"
#include "rng.h"

/* The roles of the actor that count on this matter; a reviewer may turn out not to be assigned. */
uint32_t choose_roles(const matter_t *matter, const actor_t *actor);

/* A transition that somebody may make by hand in its matter's present state: mostly one that goes
 * on, and, with `made` (NULL: no matter), one that was seldom made. False: there is none. */
bool choose_offered(const model_t *model,
                    const made_t *made,
                    rng_t *rng,
                    const replica_t **ret_replica,
                    const transition_t **ret_transition);

/* Somebody to whom the service offers it: by roles, assignment and guards, with these data (NULL:
 * not known yet); else somebody who has one of its roles; NULL: nobody. `ret_offered` may be NULL.
 */
const actor_t *choose_actor(world_t *world,
                            const matter_t *matter,
                            const transition_t *transition,
                            const json_t *data,
                            rng_t *rng,
                            bool *ret_offered);

/* Data that it asks for; the caller owns them. NULL if it asks for none. */
json_t *
choose_data(world_t *world, const matter_t *matter, const transition_t *transition, rng_t *rng);

/* The same with one thing wrong; NULL if nothing of theirs can be. */
json_t *choose_wrong_data(world_t *world,
                          const matter_t *matter,
                          const transition_t *transition,
                          rng_t *rng);

/* The grid of the procedure's latest specification, filled by chance; by NULL: with the best. */
json_t *choose_scores(world_t *world, const matter_t *matter, rng_t *rng);

/* The id of somebody with this role; rarely of anybody. */
const char *choose_person(const world_t *world, uint32_t role, rng_t *rng);

/* A day, a few or many from today on, rarely before. */
void choose_day(const world_t *world, rng_t *rng, char ret_day[DAY_TEXT_SIZE]);

#endif
