/* serve.h - requests that every kind of matter answers alike: a handler is one call of these with
 * its kind and its view. What may not be read is PIA_NOT_FOUND, and of a kind that anyone may read
 * (kind_t.open) the inner things are PIA_FORBIDDEN. Each answers the request. Store thread. */
#ifndef SERVE_H
#define SERVE_H

#include "handler.h"
#include "store_matter.h"
#include "view.h"

/* With what was found or made, which is cleared. */
void serve_found(labellisation_t *self,
                 pia_request_t **request_p,
                 handler_found_t *found,
                 view_fn *view);

/* Makes what the request asks for. On failure *ret_found, which comes empty, may hold something. */
typedef pia_status_t serve_make_fn(labellisation_t *self,
                                   const pia_request_t *request,
                                   handler_found_t *ret_found,
                                   pia_problem_t *problem);

/* Answers with what was made, and counts it. */
void serve_create(labellisation_t *self,
                  pia_request_t **request_p,
                  serve_make_fn *make,
                  view_fn *view);

void serve_get(labellisation_t *self,
               pia_request_t **request_p,
               machine_kind_t kind,
               const char *id,
               view_fn *view);

/* A page of those that the filter lets through and the asker may see. filter->after is the
 * request's cursor (NULL: from the first), filter->limit 0: as the request says. */
void serve_list(labellisation_t *self,
                pia_request_t **request_p,
                machine_kind_t kind,
                const matter_filter_t *filter,
                view_fn *view);

void serve_move(labellisation_t *self,
                pia_request_t **request_p,
                const handler_move_t *move,
                view_fn *view);

/* Of a move that was refused: what changed since the version that was given ({"version", "state",
 * "changes": history_changes}), if that is why and who asks may look into the matter; else NULL.
 * The caller owns it. */
json_t *serve_present(labellisation_t *self,
                      const pia_request_t *request,
                      const handler_move_t *move,
                      pia_status_t status,
                      const pia_problem_t *problem);

/* Refuses a move, with that as `present`. */
void serve_refusal(labellisation_t *self,
                   pia_request_t **request_p,
                   const handler_move_t *move,
                   pia_status_t status,
                   pia_problem_t *problem);

/* What the asker may do with it now: proto's transition_list. */
void serve_transitions(labellisation_t *self,
                       pia_request_t **request_p,
                       machine_kind_t kind,
                       const char *id);

/* Proto's history_page, after the request's cursor (NULL: from the first). */
void serve_history(labellisation_t *self,
                   pia_request_t **request_p,
                   machine_kind_t kind,
                   const char *id,
                   const char *after);

/* Proto's history_text_list. */
void serve_texts(labellisation_t *self,
                 pia_request_t **request_p,
                 machine_kind_t kind,
                 const char *id,
                 int64_t number);

/* Proto's history_proof; not only for those who see the matter: it holds nothing of it. */
void serve_verify(labellisation_t *self,
                  pia_request_t **request_p,
                  machine_kind_t kind,
                  const char *id);

#endif
