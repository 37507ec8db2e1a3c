/* publishers.h - which pôles may publish: a projection of the registry's pole.* events, written in
 * the transaction that appends them. Read from its table each time: so an undone job, another
 * instance or a restart cannot leave a wrong picture in memory. Store thread. */
#ifndef DIFFUSION_PUBLISHERS_H
#define DIFFUSION_PUBLISHERS_H

#include <jansson.h>

#include "pia/db.h"

typedef struct {
    char region[4];      /* "" if it has none */
    char departement[4]; /* "" */
} publisher_t;

/* PIA_FORBIDDEN (pointing at /source) unless the pôle is labelled and active. */
pia_status_t publishers_check(pia_db_t *db,
                              const char *pole,
                              publisher_t *ret_publisher,
                              pia_problem_t *problem);

/* Applies the data of pole.labelled or pole.updated. */
pia_status_t publishers_apply(pia_db_t *db, const json_t *data, pia_problem_t *problem);

#endif
