/* label_letter.h - the letters that tell the holder of a label what is intended or decided, and
 * what became of a remedy: French texts that stand with the entry of the history that they tell of,
 * as its text "letter". Store thread. */
#ifndef LABEL_LETTER_H
#define LABEL_LETTER_H

#include <stdio.h>

#include "matter.h"
#include "rule.h"

/* The effect: writes the letter that parameter `letter` names. */
effect_fn run_issue_letter;

/* Whether the definition has what that letter is written from: data, facts and words. */
rule_check_fn label_letter_check;

/* What a letter is written from. Texts are borrowed. */
typedef struct {
    const act_t *act;
    FILE *out;
    const char *holder; /* the structure's name; "" if it is not known */
    const char *number; /* the label's; "" if there is none */
    int64_t today;      /* in Paris */
} label_letter_t;

typedef pia_status_t label_letter_fn(const label_letter_t *letter, pia_problem_t *problem);

/* Of remedies (remedy_letter.c). */
label_letter_fn remedy_letter_receipt, remedy_letter_rejection, remedy_letter_admission;

/* A datum of the transition or a fact of the matter, as it is; "" if it is absent. */
const char *label_letter_datum(const label_letter_t *letter, const char *name);
const char *label_letter_fact(const label_letter_t *letter, const char *name);

/* An ISO day in words, "" for none. */
void label_letter_day(const char *iso, char ret_text[64]);

/* "En droit : … En fait : …", from motifs_droit and motifs_fait. */
void label_letter_reasons(const label_letter_t *letter);

#endif
