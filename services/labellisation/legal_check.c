/* legal_check.c - facts that cannot be are refused with their place. */
#include <stdio.h>

#include "legal_internal.h"

enum { POINTER_SIZE = 64 };

static pia_status_t refuse(pia_problem_t *problem, const char *list, size_t index, const char *why)
{
    char pointer[POINTER_SIZE];
    (void)snprintf(pointer, sizeof pointer, "/%s/%zu", list, index);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", why);
}

static bool knows_completions(legal_way_t way)
{
    return way == LEGAL_REJECTION || way == LEGAL_ACCEPTANCE;
}

static pia_status_t check_completions(const legal_facts_t *facts, pia_problem_t *problem)
{
    int64_t free_from = facts->from; /* one request is pending at a time, at most for its delay */
    for (size_t i = 0; i < facts->completion_count; i++) {
        const legal_completion_t *completion = &facts->completions[i];
        if (!knows_completions(facts->rule->way))
            return refuse(problem, "completions", i, "This rule knows no missing pieces.");
        if (completion->requested < free_from)
            return refuse(problem, "completions", i,
                          "Is before the filing or before the request before it has ended.");
        if (completion->until < completion->requested)
            return refuse(problem, "completions", i, "The delay ends before it is given.");
        if (completion->has_produced && completion->produced < completion->requested)
            return refuse(problem, "completions", i, "Pieces come after they are asked for.");
        bool sooner = completion->has_produced && completion->produced < completion->until;
        free_from = sooner ? completion->produced : completion->until;
    }
    return PIA_OK;
}

static pia_status_t check_appeals(const legal_facts_t *facts, pia_problem_t *problem)
{
    bool made[2] = {false, false};
    for (size_t i = 0; i < facts->appeal_count; i++) {
        const legal_appeal_t *appeal = &facts->appeals[i];
        if (facts->rule->way != LEGAL_COURT)
            return refuse(problem, "appeals", i, "This rule knows no appeals.");
        if (made[appeal->hierarchical])
            return refuse(problem, "appeals", i, "Each kind of appeal interrupts once.");
        made[appeal->hierarchical] = true;
        if (appeal->sent < facts->from || appeal->received < appeal->sent)
            return refuse(problem, "appeals", i, "Is sent after the notification, then received.");
        if (appeal->has_rejected && appeal->rejected < appeal->received)
            return refuse(problem, "appeals", i, "Is rejected after it is received.");
    }
    return PIA_OK;
}

static bool is_days(const period_t *period)
{
    return !period->years && !period->months && !period->weeks && period->days > 0;
}

pia_status_t legal_check(const legal_facts_t *facts, pia_problem_t *problem)
{
    if (facts->period && !facts->basis)
        return pia_problem_set(problem, PIA_INVALID, "/basis",
                               "Another period than the rule's needs the text that orders it.");
    if (facts->period && facts->rule->way == LEGAL_WORKING && !is_days(facts->period))
        return pia_problem_set(problem, PIA_INVALID, "/months", "Working days are days.");
    pia_status_t status = check_completions(facts, problem);
    return status == PIA_OK ? check_appeals(facts, problem) : status;
}
