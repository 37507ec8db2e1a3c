/* legal_internal.h - between the parts of the legal clock. */
#ifndef LEGAL_INTERNAL_H
#define LEGAL_INTERNAL_H

#include "legal_clock.h"

/* The facts' period, or else the rule's; and what orders it. */
const period_t *legal_period_of(const legal_facts_t *facts);
const char *legal_article_of(const legal_facts_t *facts);

/* Whether the facts can be; as legal_clock. */
pia_status_t legal_check(const legal_facts_t *facts, pia_problem_t *problem);

/* Remedies: délai franc, distance, interruption. */
void legal_count_remedy(const legal_facts_t *facts, legal_deadline_t *deadline);

#endif
