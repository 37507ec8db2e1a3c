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

pia_status_t remedy_letter_receipt(const label_letter_t *letter, pia_problem_t *problem)
{
    char silence[64];
    pia_status_t status = count_silence(letter, silence, problem);
    if (status != PIA_OK)
        return status;
    write_subject(letter, "accusé de réception de votre recours (CRPA, articles L112-3 et R112-5)");
    (void)fprintf(letter->out,
                  "Il est enregistré et sera examiné. Il interrompt le délai du recours devant le "
                  "tribunal administratif (CRPA, article L411-2)" NBSP "; la décision contestée "
                  "continue de s’appliquer.\n\n"
                  "À défaut de réponse le %s, il sera réputé rejeté (CRPA, article L231-4). Le "
                  "tribunal administratif pourra alors être saisi dans les deux mois qui suivent "
                  "(CJA, articles R421-1 et R421-2). Une réponse expresse de rejet fait courir ce "
                  "délai à compter de sa notification.\n",
                  silence);
    return PIA_OK;
}

/* Each step of the count on a line. */
static void write_count(const label_letter_t *letter, const legal_deadline_t *deadline)
{
    for (size_t i = 0; i < deadline->segment_count; i++) {
        const legal_segment_t *segment = &deadline->segments[i];
        char iso[DAY_TEXT_SIZE], to[64];
        day_format(segment->to, iso);
        label_letter_day(iso, to);
        (void)fprintf(letter->out, "- jusqu’au %s" NBSP ": %s (%s)\n", to, segment->text,
                      segment->article);
    }
}

pia_status_t remedy_letter_late(const label_letter_t *letter, pia_problem_t *problem)
{
    legal_facts_t facts;
    legal_deadline_t deadline;
    char last[64], notified[64];
    const act_t *act = letter->act;
    pia_status_t status = remedy_filed_facts(act->db, act->matter, &facts, problem);
    if (status == PIA_OK)
        status = legal_clock(&facts, &deadline, problem);
    if (status != PIA_OK)
        return status;
    label_letter_day(label_letter_fact(letter, "last_day"), last);
    label_letter_day(label_letter_fact(letter, "notified"), notified);
    write_subject(letter, "votre recours est irrecevable");
    (void)fprintf(letter->out,
                  "La décision qu’il conteste vous a été notifiée le %s" NBSP "; il pouvait être "
                  "envoyé jusqu’au %s inclus. Il est donc tardif et ne peut pas être examiné.\n\n"
                  "Le délai est ainsi compté" NBSP ":\n",
                  notified, last);
    write_count(letter, &deadline);
    return PIA_OK;
}

pia_status_t remedy_letter_rejection(const label_letter_t *letter, pia_problem_t *problem)
{
    write_subject(letter, "rejet de votre recours");
    (void)fprintf(letter->out, "Il est rejeté pour les motifs suivants.\n\n");
    label_letter_reasons(letter);
    return label_letter_remedies(letter, false, problem);
}

pia_status_t remedy_letter_admission(const label_letter_t *letter, pia_problem_t *problem)
{
    (void)problem;
    write_subject(letter, "votre recours est admis");
    (void)fprintf(letter->out, "Il est admis. %s\n\nMotifs" NBSP ":\n%s\n",
                  letter->act->matter->parent_kind == MACHINE_LABEL
                      ? "Le label est rétabli."
                      : "L’instruction de votre dossier reprend.",
                  label_letter_datum(letter, "motifs"));
    return PIA_OK;
}
