/* notice.h - when a decision reached its addressee, as far as that is proven: by the entry that
 * decides, if it names the day, or by what is recorded later. Store thread. */
#ifndef NOTICE_H
#define NOTICE_H

#include "rule.h"

/* What record_notice reads. */
extern const need_t notice_needs[];

/* The effect: records when the decision that a dossier or a label stands under, or the rejection of
 * a remedy, was handed over. What is made available on line counts from its first consultation
 * within 15 days, else from the day it was made available (CRPA R112-20). The last record counts.
 */
effect_fn run_record_notice;

/* The day of notification of the decision that entry `number` of a history makes. *ret_proven is
 * false if nobody recorded one. */
pia_status_t
notice_find(pia_db_t *db, const char *matter, int64_t number, bool *ret_proven, int64_t *ret_day);

#endif
