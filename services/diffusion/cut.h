/* cut.h - what was derived from events goes back with them when the journal's tail is cut.
 *
 * What pôles have published is again as the last event before the cut has left it; what was first
 * published behind it is a draft, so that nothing that was written is lost and the pôle can publish
 * it again. Subscriptions that began or ended behind the cut do so with the next event: those
 * numbers are given again. What the registry announces (which pôles may publish, who has lost its
 * rights) stays: its relay sends again what lies behind the cut, and until then the last word is
 * the true one. Groups go back by themselves (group_store.h). */
#ifndef DIFFUSION_CUT_H
#define DIFFUSION_CUT_H

#include "pia/db.h"
#include "pia/fresh.h"

/* In the transaction in which an epoch begins after event `end`, when what stands behind it is set
 * aside; the cache is to be told in `fresh`. *ret_publications: how many went back. Store thread.
 */
pia_status_t
cut_projections(pia_db_t *db, pia_fresh_t *fresh, uint64_t end, uint64_t *ret_publications);

#endif
