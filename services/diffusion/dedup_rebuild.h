/* dedup_rebuild.h - runs that are damaged are made again from the journal, which says of each event
 * that is still there what it is. Of a removed event only its run knew that: if just the page that
 * had it is damaged, it can be published again, and is counted as lost. */
#ifndef DIFFUSION_DEDUP_REBUILD_H
#define DIFFUSION_DEDUP_REBUILD_H

#include "pia/db.h"

#include "fingerprint.h"

/* Makes the runs whole up to event `head`; what is good in them stays. *ret_lost: removed events
 * that are not known any more, these and those of earlier rebuilds of the same pages' runs. In a
 * transaction that holds the head's lock; PIA_INTERNAL: the journal's rows are damaged, too. Store
 * thread. */
pia_status_t dedup_rebuild(pia_db_t *db, const uint8_t *key, uint64_t head, uint64_t *ret_lost);

#endif
