/* act.h - one transition being made: by whom, on what, with which data, when. */
#ifndef ACT_H
#define ACT_H

#include <jansson.h>
#include <stdint.h>

#include "definition.h"
#include "library.h"
#include "pia/db.h"
#include "pia/principal.h"
#include "pia/signing_key.h"

typedef struct {
    pia_db_t *db;
    library_t *library;
    struct matter *matter;
    const transition_t *transition;
    const pia_principal_t *principal; /* NULL: nobody; a timer, an effect, or automatic */
    const json_t *data;               /* as asked, checked; NULL: only asking what is possible */
    json_t *record; /* the same for the history: texts as their hashes; effects may add to it */
    int64_t effective_ms, recorded_ms; /* legal time */
    const timer_rule_t *timer;         /* that makes it, or NULL */
    int64_t due_ms;                    /* what that was due at */
    int depth;                         /* how many transitions of others have led to it */
    const json_t *origin; /* what of another matter makes it: stands in the record; NULL: nothing */
    const pia_signing_key_t *key; /* the service's, while somebody asks for it or for what
                                     leads to it; else NULL */
    int from; /* while effects run: the state before, STATE_NONE at a creation */
} act_t;

#endif
