/* publishers.h - which pôles may publish: a projection of the registry's pole.* events, written in
 * the transaction that appends them. Read from its table each time: so an undone job, another
 * instance or a restart cannot leave a wrong picture in memory. Only what is logged without the
 * database (journal_log.h), where nobody else writes, asks those that were read last, which are
 * forgotten at each change and each undoing. Store thread. */
#ifndef DIFFUSION_PUBLISHERS_H
#define DIFFUSION_PUBLISHERS_H

#include <jansson.h>
#include <stdbool.h>

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

enum { PUBLISHERS_REMEMBERED = 256, PUBLISHERS_POLE_SIZE = 64 };

/* Labelled and active ones, each at the place that its name gives; begins with zeros. */
typedef struct {
    struct {
        char pole[PUBLISHERS_POLE_SIZE]; /* "": an empty place */
        publisher_t publisher;
    } places[PUBLISHERS_REMEMBERED];
} publishers_t;

void publishers_remember(publishers_t *self, const char *pole, const publisher_t *publisher);
/* False: it is not remembered. */
bool publishers_recall(const publishers_t *self, const char *pole, publisher_t *ret_publisher);
void publishers_forget(publishers_t *self);

/* Applies the data of pole.labelled or pole.updated. */
pia_status_t publishers_apply(pia_db_t *db, const json_t *data, pia_problem_t *problem);

#endif
