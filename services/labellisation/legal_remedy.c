/* legal_remedy.c - remedies: délai franc, moved past days off, distance, interruption by appeals.
 */
#include <string.h>

#include "legal_internal.h"
#include "legal_words.h"
#include "pia/french.h"

enum { OVERSEAS_MONTHS = 1, ABROAD_MONTHS = 2 };

/* CJA R421-7: who lives overseas before a metropolitan court, or outside the collectivity of an
 * overseas court, has one month more; who lives abroad two. */
static int distance_months(const legal_facts_t *facts)
{
    if (facts->rule->way != LEGAL_COURT)
        return 0;
    if (facts->place.zone == PLACE_ABROAD)
        return ABROAD_MONTHS;
    if (facts->court.zone == PLACE_OVERSEAS)
        return strcmp(facts->court.code, facts->place.code) != 0 ? OVERSEAS_MONTHS : 0;
    return facts->place.zone == PLACE_OVERSEAS ? OVERSEAS_MONTHS : 0;
}

/* A franc period: the day of the event and the last one do not count, so one day more than from
 * date to date; what ends on a day off ends on the next working day. Says nothing if `deadline` is
 * NULL. */
static int64_t
count_franc(const legal_facts_t *facts, int64_t from, int months, legal_deadline_t *deadline)
{
    char size[LEGAL_PERIOD_SIZE];
    period_t period = *legal_period_of(facts);
    int64_t plain = day_add(from, &period);
    period.months += months;
    int64_t far = day_add(from, &period);
    int64_t last = far + 1;
    const char *why = place_day_off(&facts->place, last);
    while (place_day_off(&facts->place, last))
        last++;
    if (!deadline)
        return last;
    legal_period(legal_period_of(facts), size);
    legal_say(deadline, (legal_span_t){LEGAL_RUNS, from, plain, legal_article_of(facts)},
              "%s, de date à date.", size);
    if (months)
        legal_say(deadline, (legal_span_t){LEGAL_ADDED, plain, far, "CJA, art. R421-7"},
                  "%d\u00a0mois de plus pour la distance (%s).", months, place_name(&facts->place));
    legal_say(deadline, (legal_span_t){LEGAL_ADDED, far, far + 1, legal_article_of(facts)},
              "Délai franc\u00a0: le jour de l’échéance ne compte pas, un jour de plus.");
    if (last > far + 1)
        legal_say(deadline, (legal_span_t){LEGAL_MOVED, far + 1, last, "CPC, art. 642"},
                  "Le dernier jour est chômé (%s)\u00a0: report au premier jour ouvrable.", why);
    return last;
}

/* The day on which an appeal is rejected or, with no decision to be contested, taken back: by
 * silence after two months (CRPA L231-4), or expressly if that comes first, or while the time that
 * the silence opened still runs (CJA R421-2). */
static int64_t rejected_on(const legal_facts_t *facts, const legal_appeal_t *appeal)
{
    int64_t implicit = day_add(appeal->received, &(period_t){.months = 2});
    if (!appeal->has_rejected)
        return implicit;
    int64_t last = count_franc(facts, implicit, distance_months(facts), NULL);
    return appeal->rejected <= last ? appeal->rejected : implicit;
}

static void say_late(const legal_appeal_t *appeal, legal_deadline_t *deadline)
{
    char sent[PIA_FRENCH_DAY_SIZE];
    pia_french_day(appeal->sent, sent);
    legal_say(deadline,
              (legal_span_t){LEGAL_IGNORED, appeal->sent, appeal->sent, "CRPA, art. L411-2"},
              "Recours %s du %s\u00a0: hors délai, il n’interrompt rien.",
              appeal->hierarchical ? "hiérarchique" : "gracieux", sent);
}

/* The day from which time runs anew, when all appeals made in time are rejected; `from` if none
 * was. Distance prolongs the time for the court, never for the appeal. */
static int64_t interrupted(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    int64_t in_time = count_franc(facts, facts->from, 0, NULL);
    int64_t restart = facts->from;
    int64_t first = INT64_MAX;
    const char *end = "rejet";
    for (size_t i = 0; i < facts->appeal_count; i++) {
        const legal_appeal_t *appeal = &facts->appeals[i];
        if (appeal->sent > in_time) {
            say_late(appeal, deadline);
            continue;
        }
        int64_t rejected = rejected_on(facts, appeal);
        first = appeal->sent < first ? appeal->sent : first;
        if (rejected > restart) {
            restart = rejected;
            end = appeal->withdrawn ? "désistement" : "rejet";
        }
    }
    if (first == INT64_MAX)
        return facts->from;
    char size[LEGAL_PERIOD_SIZE];
    char text[PIA_FRENCH_DAY_SIZE];
    legal_period(legal_period_of(facts), size);
    pia_french_day(restart, text);
    legal_say(deadline, (legal_span_t){LEGAL_RUNS, facts->from, first, legal_article_of(facts)},
              "Le délai de %s court.", size);
    legal_say(deadline, (legal_span_t){LEGAL_INTERRUPTED, first, restart, "CRPA, art. L411-2"},
              "Recours administratif dans le délai\u00a0: interrompu, le délai recommence au %s, "
              "le %s.",
              end, text);
    return restart;
}

void legal_count_remedy(const legal_facts_t *facts, legal_deadline_t *deadline)
{
    if (facts->uninformed) {
        legal_say(deadline,
                  (legal_span_t){LEGAL_WAITS, facts->from, facts->from,
                                 "CRPA, art. L112-6\u00a0; CJA, art. R421-5"},
                  "Les voies et délais de recours n’ont pas été indiqués\u00a0: le délai ne court "
                  "pas.");
        return;
    }
    int64_t from = interrupted(facts, deadline);
    deadline->last_day = count_franc(facts, from, distance_months(facts), deadline);
    deadline->running = true;
    deadline->ends_ms = place_day_end(&facts->place, deadline->last_day);
}
