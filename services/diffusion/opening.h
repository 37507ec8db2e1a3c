/* opening.h - whether the journal that is being opened ends where it should: what can be seen at
 * once, without the walk over all of it that verify makes. Store thread, before anything is
 * appended. */
#ifndef DIFFUSION_OPENING_H
#define DIFFUSION_OPENING_H

#include "pia/db.h"

#include "damage.h"
#include "mark.h"

/* PIA_OK: the last row ends where the head, *ret_end, says, and no row stands beyond. PIA_INTERNAL:
 * it does not, or is damaged; else it cannot be read now. */
pia_status_t opening_check_end(pia_db_t *db, receipt_t *ret_end);

/* Compares the head with the last row and with the mark (NULL: there is none). *ret_end is the last
 * event that can be given; what is wrong is told to `damage`. Only if the end is wrong, or damage
 * is known already, the whole chain is walked to find it. */
pia_status_t
opening_find_end(pia_db_t *db, const mark_t *mark, damage_t *damage, receipt_t *ret_end);

#endif
