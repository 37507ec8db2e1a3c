/* legal_clock.c - silence, plain periods, and which way a rule counts. */
#include "legal_clock.h"

#include <inttypes.h>

#include "legal_internal.h"
#include "legal_words.h"
#include "pia/french.h"

const period_t *legal_period_of(const legal_facts_t *facts)
{
    return facts->period ? facts->period : &facts->rule->period;
}

const char *legal_article_of(const legal_facts_t *facts)
{
    return facts->period ? facts->basis : facts->rule->article;
}

/* NULL: in Paris, where it is decided. */
static void set_last(legal_deadline_t *deadline, const place_t *place, int64_t day)
{
    deadline->running = true;
    deadline->last_day = day;
    deadline->ends_ms = place ? place_day_end(place, day) : day_start(day + 1);
}

/* A request that suspends: the end of the suspension. */
static int64_t resumed(const legal_completion_t *completion)
{
    bool sooner = completion->has_produced && completion->produced < completion->until;
    return sooner ? completion->produced : completion->until;
}

/* Requests that change nothing are said, too: they are asked about. */
static bool
is_ignored(const legal_completion_t *completion, int64_t due, legal_deadline_t *deadline)
{
    legal_span_t span = {LEGAL_IGNORED, completion->requested, completion->requested,
                         "CRPA, art. L114-5-1"};
    char day[PIA_FRENCH_DAY_SIZE];
    pia_french_day(completion->requested, day);
    if (!completion->indispensable) {
        legal_say(deadline, span,
                  "Demande de pièces du %s\u00a0: elles ne sont pas indispensables, rien n’est "
                  "suspendu.",
                  day);
        return true;
    }
    span.article = "CRPA, art. L114-5";
    if (completion->requested > due)
        legal_say(deadline, span,
                  "Demande de pièces du %s\u00a0: la décision implicite est déjà née.", day);
    return completion->requested > due;
}

/* Months first, then the suspended days. */
static void count_rejection(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    char size[LEGAL_PERIOD_SIZE];
    char end_text[PIA_FRENCH_DAY_SIZE];
    int64_t due = day_add(facts->from, legal_period_of(facts));
    int64_t running_from = facts->from;
    legal_period(legal_period_of(facts), size);
    for (size_t i = 0; i < facts->completion_count; i++) {
        const legal_completion_t *completion = &facts->completions[i];
        if (is_ignored(completion, due, deadline))
            continue;
        int64_t end = resumed(completion);
        legal_say(deadline,
                  (legal_span_t){LEGAL_RUNS, running_from, completion->requested,
                                 legal_article_of(facts)},
                  "Le délai de %s court.", size);
        pia_french_day(end, end_text);
        bool by_pieces = completion->has_produced && completion->produced <= completion->until;
        legal_say(deadline,
                  (legal_span_t){LEGAL_SUSPENDED, completion->requested, end, "CRPA, art. L114-5"},
                  "Pièces indispensables demandées\u00a0: le délai est suspendu %" PRId64
                  "\u00a0jours, jusqu’%s le %s.",
                  end - completion->requested,
                  by_pieces ? "à leur production" : "au terme du délai imparti", end_text);
        due += end - completion->requested;
        running_from = end;
    }
    legal_say(deadline, (legal_span_t){LEGAL_RUNS, running_from, due, legal_article_of(facts)},
              "Le délai de %s, de date à date, s’achève\u00a0: le silence vaut rejet.", size);
    set_last(deadline, NULL, due);
}

/* Counted from the complete file: each request that comes in time sets it back to its pieces. */
static void count_acceptance(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    char size[LEGAL_PERIOD_SIZE];
    int64_t start = facts->from;
    int64_t due = day_add(start, legal_period_of(facts));
    legal_period(legal_period_of(facts), size);
    for (size_t i = 0; i < facts->completion_count; i++) {
        const legal_completion_t *completion = &facts->completions[i];
        if (is_ignored(completion, due, deadline))
            continue;
        int64_t end = completion->has_produced ? completion->produced : completion->requested;
        if (completion->has_produced && end <= start) /* answered with the request before it */
            continue;
        legal_say(deadline, (legal_span_t){LEGAL_WAITS, start, end, "CRPA, art. L114-5"}, "%s",
                  completion->has_produced
                      ? "Dossier incomplet\u00a0: le délai ne court qu’à compter de la réception "
                        "des pièces indispensables."
                      : "Dossier incomplet\u00a0: le délai ne court pas tant que les pièces "
                        "indispensables manquent.");
        if (!completion->has_produced)
            return;
        start = end;
        due = day_add(start, legal_period_of(facts));
    }
    legal_say(deadline, (legal_span_t){LEGAL_RUNS, start, due, legal_article_of(facts)},
              "Le délai de %s, de date à date, court\u00a0: à son terme le silence vaut "
              "acceptation.",
              size);
    set_last(deadline, NULL, due);
}

static bool is_back(const period_t *period)
{
    return period->years < 0 || period->months < 0 || period->weeks < 0 || period->days < 0;
}

static void count_plain(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    char size[LEGAL_PERIOD_SIZE];
    const period_t *period = legal_period_of(facts);
    int64_t end = day_add(facts->from, period);
    bool back = is_back(period);
    legal_period(period, size);
    legal_say(deadline,
              (legal_span_t){LEGAL_RUNS, back ? end : facts->from, back ? facts->from : end,
                             legal_article_of(facts)},
              back ? "Au plus tard %s avant." : "%s, de date à date.", size);
    set_last(deadline, &facts->place, end);
}

static void count_working(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    char size[LEGAL_PERIOD_SIZE];
    int64_t day = facts->from;
    for (int64_t left = legal_period_of(facts)->days; left > 0;)
        left -= place_day_off(&facts->place, ++day) == NULL;
    legal_period(legal_period_of(facts), size);
    legal_say(deadline, (legal_span_t){LEGAL_RUNS, facts->from, day, legal_article_of(facts)},
              "%s, en jours ouvrés.", size);
    set_last(deadline, &facts->place, day);
}

pia_status_t
legal_clock(const legal_facts_t *facts, legal_deadline_t *ret_deadline, pia_problem_t *problem)
{
    *ret_deadline = (legal_deadline_t){0};
    pia_status_t status = legal_check(facts, problem);
    if (status != PIA_OK)
        return status;
    switch (facts->rule->way) {
    case LEGAL_REJECTION:
        count_rejection(facts, ret_deadline);
        break;
    case LEGAL_ACCEPTANCE:
        count_acceptance(facts, ret_deadline);
        break;
    case LEGAL_COURT:
    case LEGAL_APPEAL:
        legal_count_remedy(facts, ret_deadline);
        break;
    case LEGAL_PLAIN:
        count_plain(facts, ret_deadline);
        break;
    case LEGAL_WORKING:
        count_working(facts, ret_deadline);
        break;
    }
    return PIA_OK;
}
