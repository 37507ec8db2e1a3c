/* remedy_letter.c - the letters about remedies. */
#include <stdlib.h>
#include <string.h>

#include "label_letter.h"
#include "pia/clock.h"
#include "remedy.h"

#define NBSP "\xc2\xa0"

static const char *nature_of(const label_letter_t *letter)
{
    bool gracious = strcmp(label_letter_fact(letter, "nature"), "gracieux") == 0;
    return gracious ? "gracieux" : "hiérarchique";
}

static void write_subject(const label_letter_t *letter, const char *what)
{
    char sent[64], received[64];
    label_letter_day(label_letter_fact(letter, "sent"), sent);
    label_letter_day(label_letter_fact(letter, "received"), received);
    (void)fprintf(letter->out,
                  "Objet" NBSP ": %s\n\nMadame, Monsieur,\n\n"
                  "Votre recours %s, envoyé le %s, a été reçu le %s. ",
                  what, nature_of(letter), sent, received);
}

/* The day at whose end silence rejects it. */
static pia_status_t
count_silence(const label_letter_t *letter, char ret_day[64], pia_problem_t *problem)
{
    legal_facts_t facts = {.rule = legal_rule_find("silence-rejet")};
    legal_deadline_t deadline;
    char iso[DAY_TEXT_SIZE];
    (void)pia_date_parse(label_letter_fact(letter, "received"), &facts.from);
    (void)place_find(NULL, &facts.place);
    (void)place_find(NULL, &facts.court);
    pia_status_t status = legal_clock(&facts, &deadline, problem);
    if (status != PIA_OK)
        return status;
    day_format(deadline.last_day, iso);
    label_letter_day(iso, ret_day);
    return PIA_OK;
}

/* Each step of the count on a line. */
static void write_count(const label_letter_t *letter, const legal_deadline_t *deadline)
{
    (void)fprintf(letter->out, "Le délai est ainsi compté" NBSP ":\n");
    for (size_t i = 0; i < deadline->segment_count; i++) {
        const legal_segment_t *segment = &deadline->segments[i];
        char iso[DAY_TEXT_SIZE], to[64];
        day_format(segment->to, iso);
        label_letter_day(iso, to);
        (void)fprintf(letter->out, "– jusqu’au %s" NBSP ": %s (%s)\n", to, segment->text,
                      segment->article);
    }
}

static const char *day_text(int64_t day, char ret_text[64])
{
    char iso[DAY_TEXT_SIZE];
    day_format(day, iso);
    label_letter_day(iso, ret_text);
    return ret_text;
}

/* What an appeal does to the time for the court. */
typedef struct {
    legal_deadline_t own, court; /* until when it had to be sent; the court's, without it */
    int64_t notified;
    bool late, repeated; /* beyond the time; not the first of its nature */
} standing_t;

static pia_status_t
read_standing(const label_letter_t *letter, standing_t *ret_standing, pia_problem_t *problem)
{
    const act_t *act = letter->act;
    bool hierarchical = strcmp(label_letter_fact(letter, "nature"), "hierarchique") == 0;
    legal_facts_t facts;
    int64_t sent = 0;
    *ret_standing = (standing_t){.late = false};
    pia_status_t status = remedy_filed_facts(act->db, act->matter, &facts, problem);
    ret_standing->notified = facts.from;
    if (status == PIA_OK)
        status = legal_clock(&facts, &ret_standing->own, problem);
    if (status == PIA_OK)
        status = remedy_court_facts(act->db, act->matter, NULL, &facts, problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &ret_standing->court, problem);
    if (status != PIA_OK)
        return status;
    (void)pia_date_parse(label_letter_fact(letter, "sent"), &sent);
    ret_standing->late = ret_standing->own.running && sent > ret_standing->own.last_day;
    for (size_t i = 0; i < facts.appeal_count; i++)
        ret_standing->repeated |= facts.appeals[i].hierarchical == hierarchical;
    return PIA_OK;
}

/* That it does not interrupt, why, and until when the court may be seized all the same. */
static void write_without_effect(const label_letter_t *letter, const standing_t *standing)
{
    char day[64], notified[64];
    if (standing->late)
        (void)fprintf(letter->out,
                      "La décision qu’il conteste vous a été notifiée le %s"
                      "\u202f; envoyé après "
                      "le %s, il n’interrompt pas le délai du recours devant le tribunal "
                      "administratif (CRPA, article L411-2). ",
                      day_text(standing->notified, notified),
                      day_text(standing->own.last_day, day));
    else
        (void)fprintf(letter->out, "Un recours de même nature a déjà été formé contre la même "
                                   "décision" NBSP ": celui-ci n’interrompt pas une nouvelle fois "
                                   "le délai du recours devant le tribunal administratif. ");
    (void)fprintf(letter->out, "Ce délai %s %s. ",
                  standing->court.last_day < letter->today ? "a expiré le" : "expire le",
                  day_text(standing->court.last_day, day));
    write_count(letter, &standing->court);
}

static void write_effect(const label_letter_t *letter, const standing_t *standing)
{
    if (!standing->own.running)
        (void)fprintf(letter->out, "Les voies et délais de recours ne vous ayant pas été indiqués, "
                                   "le délai du recours devant le tribunal administratif ne court "
                                   "pas (CRPA, article L112-6"
                                   "\u202f; CJA, article R421-5).\n");
    else if (standing->late || standing->repeated)
        write_without_effect(letter, standing);
    else
        (void)fprintf(letter->out, "Il interrompt le délai du recours devant le tribunal "
                                   "administratif (CRPA, article L411-2), qui recommencera à "
                                   "courir pour deux mois (CJA, articles R421-1 et R421-2) de ce "
                                   "rejet, ou de la notification d’un rejet exprès.\n");
}

pia_status_t remedy_letter_receipt(const label_letter_t *letter, pia_problem_t *problem)
{
    char silence[64];
    standing_t standing;
    pia_status_t status = count_silence(letter, silence, problem);
    if (status == PIA_OK)
        status = read_standing(letter, &standing, problem);
    if (status != PIA_OK)
        return status;
    write_subject(letter, "accusé de réception de votre recours (CRPA, articles L112-3 et R112-5)");
    (void)fprintf(letter->out,
                  "Il est enregistré et sera examiné"
                  "\u202f; la décision contestée continue de "
                  "s’appliquer. À défaut de réponse le %s, il sera réputé rejeté (CRPA, article "
                  "L231-4).\n\n",
                  silence);
    write_effect(letter, &standing);
    return PIA_OK;
}

/* The day on which a rejection of today is notified. */
static pia_status_t
read_notification(const label_letter_t *letter, int64_t *ret_day, pia_problem_t *problem)
{
    *ret_day = letter->today;
    (void)pia_date_parse(label_letter_datum(letter, "notification"), ret_day);
    if (*ret_day >= letter->today)
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/data/notification",
                           "is before the decision is taken");
}

/* The time that is left for the court, as it is counted for who applies to it. */
static void
write_court(const label_letter_t *letter, const legal_deadline_t *court, int64_t notified)
{
    char day[64], told[64];
    if (!court->running)
        (void)fprintf(letter->out, "Voies et délais de recours. La décision initiale peut être "
                                   "contestée devant le tribunal administratif"
                                   "\u202f; le délai "
                                   "ne court pas, faute d’avoir été indiqué avec elle.\n");
    else if (court->last_day < letter->today)
        (void)fprintf(letter->out,
                      "Le délai du recours devant le tribunal administratif a expiré le %s" NBSP
                      "; cette réponse ne le rouvre pas. ",
                      day_text(court->last_day, day));
    else
        (void)fprintf(letter->out,
                      "Voies et délais de recours. Si cette décision vous est notifiée le %s, vous "
                      "pouvez la contester devant le tribunal administratif, y compris par "
                      "Télérecours citoyens, jusqu’au %s inclus (CJA, article R421-1). ",
                      day_text(notified, told), day_text(court->last_day, day));
    if (court->running)
        write_count(letter, court);
}

pia_status_t remedy_letter_rejection(const label_letter_t *letter, pia_problem_t *problem)
{
    const act_t *act = letter->act;
    legal_facts_t facts;
    legal_deadline_t court;
    int64_t notified;
    pia_status_t status = read_notification(letter, &notified, problem);
    if (status == PIA_OK)
        status = remedy_court_facts(act->db, act->matter, &notified, &facts, problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &court, problem);
    if (status != PIA_OK)
        return status;
    write_subject(letter, "rejet de votre recours");
    (void)fprintf(letter->out, "Il est rejeté pour les motifs suivants.\n\n");
    label_letter_reasons(letter);
    write_court(letter, &court, notified);
    return PIA_OK;
}

/* What it changes. */
static const char *outcome_of(const label_letter_t *letter)
{
    const char *outcome = label_letter_fact(letter, "suite");
    if (strcmp(outcome, remedy_replaced) == 0)
        return "La décision qu’il contestait a été remplacée par une autre, qui demeure.";
    if (strcmp(outcome, remedy_over) == 0)
        return "La décision qu’il contestait avait pris fin\u202f; elle est annulée pour le temps "
               "où "
               "elle a eu effet.";
    if (strcmp(outcome, remedy_other_dossier) == 0)
        return "Un autre dossier de renouvellement du même label étant ouvert ou accordé, "
               "l’instruction ne reprend pas sur celui-ci.";
    if (strcmp(outcome, remedy_occupied) == 0)
        return "Le pôle ayant un autre label pour la même période, celui-ci n’est pas rétabli.";
    return letter->act->matter->parent_kind == MACHINE_LABEL
               ? "Le label est rétabli."
               : "L’instruction de votre dossier reprend.";
}

pia_status_t remedy_letter_admission(const label_letter_t *letter, pia_problem_t *problem)
{
    (void)problem;
    write_subject(letter, "votre recours est admis");
    (void)fprintf(letter->out, "Il est admis. %s\n\nMotifs" NBSP ":\n%s\n", outcome_of(letter),
                  label_letter_datum(letter, "motifs"));
    return PIA_OK;
}
