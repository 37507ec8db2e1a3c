/* label_life.h - the guards and effects of a label's life: how long it is valid, what may end it
 * and until when, what comes back after a remedy. As rule.h's; store thread. */
#ifndef LABEL_LIFE_H
#define LABEL_LIFE_H

#include "matter.h"
#include "rule.h"

guard_fn guard_fact_among, guard_datum_is_fact, guard_within_rule, guard_date_at_least,
    guard_day_reached, guard_day_to_come;
effect_fn run_record_left_state, run_set_date, run_end_label, run_extend_label, run_restore_label,
    run_award_label;

/* What the label means for its holder: the standing of its state, or of the last one that had one
 * where its state says none; NULL: none had. Static. */
pia_status_t label_standing(pia_db_t *db, const matter_t *label, const char **ret_standing);

/* Whether a standing is one of a label that has ended. */
bool label_has_ended(const char *standing);

/* The day of a fact of the type date; false: there is none. */
bool label_day(const matter_t *matter, const char *fact, int64_t *ret_day);

/* Half of a validity: the months halved (an odd one is 15 days), then weeks and days. */
period_t label_half(const period_t *validity);

#endif
