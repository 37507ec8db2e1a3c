/* receipt.h - the accusé de réception of a filing (CRPA L112-3, R112-5, L112-11): made with the
 * filing, never changed, its text named in the history by its hash. Store thread. */
#ifndef RECEIPT_H
#define RECEIPT_H

#include <jansson.h>

#include "act.h"
#include "legal_clock.h"

/* Issues the receipt of act->matter, whose silence the rule of law decides. */
pia_status_t receipt_issue(act_t *act, const legal_rule_t *silence, pia_problem_t *problem);

/* Proto's receipt: of the filing with this number in the history, 0: the last. PIA_NOT_FOUND. On
 * success the caller owns *ret_receipt. */
pia_status_t receipt_find(pia_db_t *db, const char *dossier, int64_t number, json_t **ret_receipt);

/* The receipt as a French text, for the caller to free (receipt_text.c). */
char *receipt_text(const json_t *receipt);

#endif
