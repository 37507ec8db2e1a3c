/* milestone.h - milestones of a préfiguration: listed, then reached. Store thread. */
#ifndef MILESTONE_H
#define MILESTONE_H

#include <jansson.h>

#include "pia/db.h"
#include "rule.h"

/* Proto's dossier_milestone objects, in order; the caller owns the array. An erased label is
 * absent. */
pia_status_t milestone_list(pia_db_t *db, const char *matter, json_t **ret_list);

effect_fn milestone_add;   /* the text and the date that `text` and `due` name; at most 64 */
effect_fn milestone_reach; /* the number that `data` names */
guard_fn milestones_reached;

#endif
