/* markers.h - whether removed events were removed with a word: each names its marker, which must be
 * there, be signed by a key of the journal's, and have it; or it was set aside when an epoch began.
 */
#ifndef DIFFUSION_MARKERS_H
#define DIFFUSION_MARKERS_H

#include "pia/db.h"

#include "marker.h"
#include "record.h"

/* The marker that was looked at last. */
typedef struct {
    uint64_t number;   /* 0: none */
    const char *wrong; /* with it; static; NULL */
    bool aside;        /* one with this number was set aside */
    marker_t marker;
} markers_t;

/* NULL, or what is wrong with this removed event; static. */
const char *markers_check(markers_t *self, pia_db_t *db, const record_t *record);

#endif
