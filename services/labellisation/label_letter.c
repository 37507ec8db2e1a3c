/* label_letter.c - the letters about labels, and what all letters share. */
#include "label_letter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "authority.h"
#include "label_number.h"
#include "legal_clock.h"
#include "office.h"
#include "people.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "signature.h"
#include "text.h"
#include "words.h"

#define NBSP "\xc2\xa0"

const char *label_letter_datum(const label_letter_t *letter, const char *name)
{
    return pia_json_text_or(letter->act->data, name, "");
}

const char *label_letter_fact(const label_letter_t *letter, const char *name)
{
    return pia_json_text_or(letter->act->matter->facts, name, "");
}

void label_letter_day(const char *iso, char ret_text[64])
{
    char text[PIA_FRENCH_DAY_SIZE] = "";
    int64_t day;
    if (pia_date_parse(iso, &day))
        pia_french_day(day, text);
    (void)snprintf(ret_text, 64, "%s", text);
}

void label_letter_reasons(const label_letter_t *letter)
{
    (void)fprintf(letter->out, "En droit" NBSP ":\n%s\n\nEn fait" NBSP ":\n%s\n\n",
                  label_letter_datum(letter, "motifs_droit"),
                  label_letter_datum(letter, "motifs_fait"));
}

/* The last day of a remedy against a decision that is notified today. */
static pia_status_t
count(const label_letter_t *letter, const char *rule, char ret_day[64], pia_problem_t *problem)
{
    const json_t *pole = json_object_get(letter->act->matter->card, "pole");
    legal_facts_t facts = {.rule = legal_rule_find(rule), .from = letter->today};
    legal_deadline_t deadline;
    char iso[DAY_TEXT_SIZE];
    if (!place_find(pia_json_text_or(pole, "departement", ""), &facts.place))
        (void)place_find(NULL, &facts.place);
    (void)place_find(NULL, &facts.court);
    pia_status_t status = legal_clock(&facts, &deadline, problem);
    if (status != PIA_OK)
        return status;
    day_format(deadline.last_day, iso);
    label_letter_day(iso, ret_day);
    return PIA_OK;
}

/* How a decision of today that is notified today may be contested, with the last days. */
static pia_status_t write_remedies(const label_letter_t *letter, pia_problem_t *problem)
{
    char administration[64], court[64];
    pia_status_t status = count(letter, "recours-administratif", administration, problem);
    if (status == PIA_OK)
        status = count(letter, "recours-contentieux", court, problem);
    if (status != PIA_OK)
        return status;
    (void)fprintf(letter->out,
                  "Voies et délais de recours. Si cette décision vous est notifiée ce jour, vous "
                  "pouvez la contester" NBSP ":\n"
                  "– par un recours gracieux auprès de son auteur ou hiérarchique auprès de "
                  "son supérieur, envoyé jusqu’au %s inclus, qui conserve le délai ci-après "
                  "(CRPA, article L411-2)"
                  "\u202f;\n",
                  administration);
    (void)fprintf(letter->out,
                  "– devant le tribunal administratif, y compris par Télérecours citoyens, "
                  "jusqu’au %s inclus (CJA, article R421-1).\n",
                  court);
    return PIA_OK;
}

/* In the definition's words, which it has (label_letter_check). */
static const char *in_words(const label_letter_t *letter, const char *list, const char *code)
{
    return words_of(letter->act->matter->definition, list, code);
}

static const char *pole_of(const label_letter_t *letter)
{
    return pia_json_text_or(json_object_get(letter->act->matter->card, "pole"), "name", "");
}

static pia_status_t write_intention(const label_letter_t *letter, pia_problem_t *problem)
{
    char from[64], until[64];
    (void)problem;
    label_letter_day(label_letter_fact(letter, "from"), from);
    label_letter_day(label_letter_datum(letter, "delai"), until);
    (void)fprintf(letter->out,
                  "Objet" NBSP
                  ": procédure contradictoire avant décision (CRPA, article L122-1)\n\n"
                  "Madame, Monsieur,\n\n"
                  "Le label «" NBSP "%s" NBSP "» n°" NBSP
                  "%s a été accordé à %s à compter du %s. Il est envisagé d’en prononcer %s, au "
                  "motif suivant" NBSP ": %s.\n\nGriefs" NBSP ":\n%s\n\n",
                  in_words(letter, "documents", "label"), letter->number, pole_of(letter), from,
                  in_words(letter, "measures", label_letter_datum(letter, "mesure")),
                  in_words(letter, "bases", label_letter_datum(letter, "fondement")),
                  label_letter_datum(letter, "griefs"));
    (void)fprintf(letter->out,
                  "Vous pouvez présenter des observations écrites jusqu’au %s inclus et, si vous "
                  "le demandez, des observations orales. Vous pouvez vous faire assister par un "
                  "conseil ou représenter par un mandataire de votre choix, et demander "
                  "communication du dossier. Passé ce délai, la décision pourra être prise, avec "
                  "ou sans réponse de votre part.\n",
                  until);
    return PIA_OK;
}

/* How the holder was heard. */
static void write_hearing(const label_letter_t *letter)
{
    bool observed = label_letter_fact(letter, "observations")[0] != '\0';
    const char *hearing = words_find(letter->act->matter->definition, "hearings",
                                     label_letter_fact(letter, "audition"));
    (void)fprintf(letter->out, "%s%s%s.\n\n",
                  observed ? "Vous avez présenté des observations, dont il a été tenu compte"
                           : "Vous n’avez pas présenté d’observations dans le délai imparti",
                  hearing ? " " : "", hearing ? hearing : "");
}

/* A decision whose effect `what` says. */
static pia_status_t write_decision(const label_letter_t *letter,
                                   const char *subject,
                                   const char *what,
                                   pia_problem_t *problem)
{
    char today[PIA_FRENCH_DAY_SIZE];
    pia_french_day(letter->today, today);
    (void)fprintf(letter->out,
                  "Objet" NBSP ": %s du label\n\nMadame, Monsieur,\n\n"
                  "Par décision du %s, le label «" NBSP "%s" NBSP "» n°" NBSP
                  "%s, accordé à %s, est %s. Motif" NBSP ": %s.\n\n",
                  subject, today, in_words(letter, "documents", "label"), letter->number,
                  pole_of(letter), what,
                  in_words(letter, "bases", label_letter_fact(letter, "fondement")));
    write_hearing(letter);
    label_letter_reasons(letter);
    return write_remedies(letter, problem);
}

static pia_status_t write_suspension(const label_letter_t *letter, pia_problem_t *problem)
{
    char end[64], what[160];
    label_letter_day(label_letter_datum(letter, "fin"), end);
    (void)snprintf(what, sizeof what, end[0] ? "suspendu jusqu’au %s inclus" : "suspendu%s", end);
    return write_decision(letter, "suspension", what, problem);
}

static pia_status_t write_repeal(const label_letter_t *letter, pia_problem_t *problem)
{
    return write_decision(letter, "abrogation",
                          "abrogé à compter de ce jour"
                          "\u202f; il a été valable jusqu’à la veille",
                          problem);
}

static pia_status_t write_withdrawal(const label_letter_t *letter, pia_problem_t *problem)
{
    return write_decision(letter, "retrait",
                          "retiré" NBSP ": il est réputé n’avoir jamais été accordé", problem);
}

static pia_status_t write_extension(const label_letter_t *letter, pia_problem_t *problem)
{
    char end[64];
    (void)problem;
    label_letter_day(label_letter_datum(letter, "fin"), end);
    (void)fprintf(letter->out,
                  "Objet" NBSP ": prorogation du label\n\nMadame, Monsieur,\n\n"
                  "La validité du label n°" NBSP "%s, accordé à %s, est prorogée jusqu’au %s "
                  "inclus.\n\nMotifs" NBSP ":\n%s\n",
                  letter->number, pole_of(letter), end, label_letter_datum(letter, "motifs"));
    return PIA_OK;
}

static const struct {
    const char *name;
    label_letter_fn *write;
} letters[] = {
    {"intention", write_intention},
    {"suspension", write_suspension},
    {"abrogation", write_repeal},
    {"retrait", write_withdrawal},
    {"prorogation", write_extension},
    {"recours_recu", remedy_letter_receipt},
    {"recours_rejete", remedy_letter_rejection},
    {"recours_admis", remedy_letter_admission},
};

/* Who writes, when, to whom. */
static pia_status_t write_head(const label_letter_t *letter)
{
    char today[PIA_FRENCH_DAY_SIZE];
    json_t *office = NULL;
    pia_status_t status = office_read(letter->act->db, &office);
    const char *service = pia_json_text_or(office, "service", ""),
               *address = pia_json_text_or(office, "address", "");
    pia_french_day(letter->today, today);
    (void)fprintf(letter->out, "%s\n%s%sLe %s\n\nÀ %s\n\n",
                  service[0] ? service : "Secrétariat du réseau des pôles d’innovation", address,
                  address[0] ? "\n" : "", today,
                  letter->holder[0] ? letter->holder : "la structure qui porte le pôle");
    json_decref(office);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static label_letter_fn *find_writer(const char *name)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (strcmp(letters[i].name, name) == 0)
            return letters[i].write;
    return NULL;
}

/* Who has taken the decision that the letter tells of, if that takes an authority (CRPA L212-1). */
static pia_status_t write_signature(const label_letter_t *letter, pia_problem_t *problem)
{
    const act_t *act = letter->act;
    char id[PIA_UUID_TEXT_SIZE] = "", today[DAY_TEXT_SIZE];
    json_t *card = NULL;
    pia_status_t status = PIA_OK;
    if (act->principal && authority_is_asked(act->transition))
        status = authority_find(act, NULL, NULL, id, problem);
    if (status != PIA_OK || id[0] == '\0')
        return status;
    status = authority_card(act->db, id, &card);
    if (status != PIA_OK)
        return status;
    day_format(letter->today, today);
    json_object_set_new(card, "label",
                        json_string(words_of(act->matter->definition, "capacities",
                                             pia_json_text(card, "capacity"))));
    json_object_set_new(card, "signed_on", json_string(today));
    (void)fputc('\n', letter->out);
    signature_write(letter->out, card);
    json_object_set_new(act->record, "authority", json_string(id));
    json_decref(card);
    return PIA_OK;
}

/* The letter, for the caller to free. */
static pia_status_t write_letter(label_letter_t *letter,
                                 label_letter_fn *write,
                                 char **ret_text,
                                 pia_problem_t *problem)
{
    size_t size = 0;
    letter->out = open_memstream(ret_text, &size);
    assert(letter->out);
    pia_status_t status = write_head(letter);
    if (status == PIA_OK)
        status = write(letter, problem);
    if (status == PIA_OK)
        status = write_signature(letter, problem);
    (void)fclose(letter->out);
    return status;
}

pia_status_t run_issue_letter(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    char holder[PEOPLE_NAME_SIZE] = "", number[LABEL_NUMBER_SIZE] = "", hash[TEXT_HASH_SIZE];
    label_letter_t letter = {
        .act = act, .holder = holder, .number = number, .today = day_of(act->effective_ms)};
    label_letter_fn *write = find_writer(pia_json_text_or(parameters, "letter", ""));
    char *text = NULL;
    assert(write); /* the definition was checked */
    pia_status_t status = people_structure_name(act->db, act->matter->structure, holder);
    if (status == PIA_OK)
        status = label_number_of(act->db, act->matter->id, number);
    if (status == PIA_OK || status == PIA_NOT_FOUND)
        status = write_letter(&letter, write, &text, problem);
    if (status == PIA_OK)
        status = text_add(act->db, act->matter->id, text, act->recorded_ms, hash);
    if (status == PIA_OK)
        json_object_set_new(act->record, "letter", json_pack("{s:s}", "blake2b", hash));
    free(text);
    return status;
}
