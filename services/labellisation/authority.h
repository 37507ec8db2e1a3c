/* authority.h - who may sign in which capacity, by which act, from when until when: matters of the
 * kind authority. Their card holds `capacity`, `title` (the holder's function) and `act`, their
 * facts `from`, `until` (the last day) and `nom` (the hash of first name and name). Store thread.
 */
#ifndef AUTHORITY_H
#define AUTHORITY_H

#include "rule.h"
#include "view.h"

/* Writes the id of the authority under which who asks may sign today in this capacity (NULL: in
 * any), which a datum names (NULL: none does); "" if the definition leaves it to roles where no
 * authority was ever recorded for the capacity. PIA_FORBIDDEN: the person has none, or none that
 * covers the day; the problem says which there is. */
pia_status_t authority_find(const act_t *act,
                            const char *capacity,
                            const char *datum,
                            char ret_id[PIA_UUID_TEXT_SIZE],
                            pia_problem_t *problem);

/* What a signature under it prints (CRPA L212-1): {capacity, function, act, name}, without the name
 * if it was erased or never given. The caller owns it. PIA_NOT_FOUND. */
pia_status_t authority_card(pia_db_t *db, const char *id, json_t **ret_json);

/* Whether a transition of the procedure asks for an authority in this capacity; PIA_INVALID. */
pia_status_t authority_check_capacity(const matter_t *authority, pia_problem_t *problem);

/* A guard: the asker has an authority that covers today, in the capacity that the datum names. */
guard_fn authority_held;

/* Whether a transition has that guard. */
bool authority_is_asked(const transition_t *transition);

/* An effect: the holder's first name and name. */
extern const need_t authority_holder_needs[];
effect_fn authority_name_holder;

view_fn view_authority;

#endif
