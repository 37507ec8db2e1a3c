/* decision.h - express decisions on dossiers: issued with the transition that decides, with its
 * reasons (CRPA L211-2, L211-5), the opinion that it follows or departs from, the signatures, and
 * the remedies with their last days (CJA R421-1, R421-5); never changed, its text named in the
 * history by its hash. Store thread. */
#ifndef DECISION_H
#define DECISION_H

#include <jansson.h>

#include "rule.h"

/* What issue_decision reads beside its parameters. */
extern const need_t decision_needs[];

/* An effect. Parameters: `sense`; `fact` and `origin`, the facts of the opinion and of where it was
 * given;
 * `values`, the opinions that such a decision follows. */
effect_fn decision_issue;

/* A guard: a decision that departs from the opinion that a committee gave says why, in the text
 * that the parameter `text` names. Other parameters as of decision_issue. */
guard_fn decision_departure_reasoned;

/* Proto's decision, the last one; the caller owns it. PIA_NOT_FOUND. */
pia_status_t decision_find(pia_db_t *db, const char *dossier, json_t **ret_json);

/* Its reasons, as texts; NULL or "": none. */
typedef struct {
    const char *law, *fact, *departure;
} decision_reasons_t;

/* The decision as a French text, for the caller to free (decision_text.c). */
char *decision_text(const json_t *content, const decision_reasons_t *reasons, const act_t *act);

#endif
