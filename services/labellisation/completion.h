/* completion.h - requests to complete a dossier (CRPA L114-5), one pending at a time, and what is
 * missing. Store thread. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <jansson.h>

#include "matter.h"

typedef struct {
    const json_t *items; /* [{"piece": name, "why": "missing" | "incorrect" | "outdated"}] */
    int64_t requested_ms;
    int64_t until; /* the last day */
} completion_request_t;

/* Records a request as entry matter->version of the history. PIA_CONFLICT (and not
 * pia_db_is_retryable): one is pending. PIA_INVALID: an item names no piece, or one twice.
 * `ret_indispensable`: whether an indispensable piece is among them. */
pia_status_t completion_add(pia_db_t *db,
                            const matter_t *dossier,
                            const completion_request_t *request,
                            bool *ret_indispensable,
                            pia_problem_t *problem);

/* Ends the pending request, if there is one: "answered" or "lapsed". */
pia_status_t completion_close(pia_db_t *db, const char *dossier, const char *outcome, int64_t day);

/* Proto's completions, oldest first; the caller owns the array. */
pia_status_t completion_list(pia_db_t *db, const char *dossier, json_t **ret_list);

/* The last request that names a piece: when it was made, and why; 0 and NULL if none does. `list`
 * is completion_list's. */
int64_t completion_of(const json_t *list, const char *piece, const char **ret_why);

/* Whether a piece is there, newer than the last request for it. */
pia_status_t completion_has(
    pia_db_t *db, const matter_t *dossier, const json_t *list, const char *piece, bool *ret_has);

/* The names of indispensable pieces that are not; the caller owns the array. */
pia_status_t completion_missing(pia_db_t *db, const matter_t *dossier, json_t **ret_names);

#endif
