/* data.h - the data of a transition: checked against what it asks for, and made fit for the
 * history, which holds no text about anyone, only its hash. */
#ifndef DATA_H
#define DATA_H

#include <jansson.h>

#include "definition.h"
#include "pia/db.h"
#include "pia/problem.h"

/* Of a member NAME.CRITERION of a record: a justification. Names have 64 bytes, codes 31. */
enum { DATA_NAME_SIZE = 100 };

/* PIA_INVALID with a pointer below /data: missing, unknown, or not what is asked. `data` may be
 * NULL: nothing was given. */
pia_status_t data_check(const transition_t *transition, const json_t *data, pia_problem_t *problem);

/* Whether data of a history (data_record's) are what the transition asks for, as far as they still
 * tell: of texts and pieces their presence. More than it asks for is no fault. */
pia_status_t
data_fits(const transition_t *transition, const json_t *record, pia_problem_t *problem);

/* The data with each text stored apart (table `text`) and {"blake2b": hash} in its place, the
 * hash being over a random salt and the text; the justifications of scores likewise, each as a
 * member NAME.CRITERION. On success the caller owns *ret_record, an object. */
pia_status_t data_record(pia_db_t *db,
                         const char *matter,
                         const transition_t *transition,
                         const json_t *data,
                         int64_t recorded_ms,
                         json_t **ret_record);

#endif
