/* label_letter_check.c - what each letter is written from must be in the definition. */
#include <stdio.h>
#include <string.h>

#include "definition_internal.h"
#include "label_letter.h"
#include "pia/json.h"
#include "words.h"

enum { NEEDS_MAX = 5 };

/* Data of the transition, facts of the matter, and lists of words that have all values of a choice
 * among the data; NULL ends each. */
typedef struct {
    const char *letter;
    need_t needs[NEEDS_MAX];
    const char *facts[NEEDS_MAX];
    struct {
        const char *datum, *list;
    } choices[NEEDS_MAX];
    bool names_label;
} letter_needs_t;

static const letter_needs_t letters[] = {
    {.letter = "intention",
     .needs = {{"mesure", DATUM_CHOICE, false},
               {"fondement", DATUM_CHOICE, false},
               {"griefs", DATUM_TEXT, false},
               {"delai", DATUM_DATE, false}},
     .choices = {{"mesure", "measures"}, {"fondement", "bases"}},
     .names_label = true},
    {.letter = "suspension",
     .needs = {{"motifs_droit", DATUM_TEXT, false},
               {"motifs_fait", DATUM_TEXT, false},
               {"fin", DATUM_DATE, true}},
     .facts = {"fondement", "observations", "audition"},
     .names_label = true},
    {.letter = "abrogation",
     .needs = {{"motifs_droit", DATUM_TEXT, false}, {"motifs_fait", DATUM_TEXT, false}},
     .facts = {"fondement", "observations", "audition"},
     .names_label = true},
    {.letter = "retrait",
     .needs = {{"motifs_droit", DATUM_TEXT, false}, {"motifs_fait", DATUM_TEXT, false}},
     .facts = {"fondement", "observations", "audition"},
     .names_label = true},
    {.letter = "prorogation", .needs = {{"fin", DATUM_DATE, false}, {"motifs", DATUM_TEXT, false}}},
    {.letter = "recours_recu"},
    {.letter = "recours_rejete",
     .needs = {{"motifs_droit", DATUM_TEXT, false},
               {"motifs_fait", DATUM_TEXT, false},
               {"notification", DATUM_DATE, true}}},
    {.letter = "recours_admis", .needs = {{"motifs", DATUM_TEXT, false}}},
};

static const letter_needs_t *find(const char *name)
{
    for (size_t i = 0; name && i < sizeof letters / sizeof letters[0]; i++)
        if (strcmp(letters[i].letter, name) == 0)
            return &letters[i];
    return NULL;
}

static pia_status_t
check_facts(const letter_needs_t *letter, const place_of_rule_t *place, pia_problem_t *problem)
{
    for (const char *const *fact = letter->facts; *fact; fact++)
        if (!definition_records(place->machine, *fact, false))
            return pia_problem_set(problem, PIA_INVALID, place->at,
                                   "no effect records the fact %s, of which this letter tells",
                                   *fact);
    return PIA_OK;
}

static pia_status_t
need_word(const place_of_rule_t *place, const char *list, const char *code, pia_problem_t *problem)
{
    char at[PIA_POINTER_MAX];
    if (code && words_find(place->definition, list, code))
        return PIA_OK;
    (void)snprintf(at, sizeof at, "/words/%s", list);
    return pia_problem_set(
        problem, PIA_INVALID,
        json_object_get(json_object_get(place->definition->json, "words"), list) ? at : place->at,
        "words.%s has none for %s, which this letter writes", list, code ? code : "a value");
}

static pia_status_t
check_words(const letter_needs_t *letter, const place_of_rule_t *place, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    for (size_t i = 0; letter->choices[i].datum; i++) {
        const datum_t *datum = transition_datum(place->transition, letter->choices[i].datum);
        for (size_t j = 0; status == PIA_OK && j < json_array_size(datum->values); j++)
            status = need_word(place, letter->choices[i].list,
                               json_string_value(json_array_get(datum->values, j)), problem);
    }
    if (status == PIA_OK && letter->names_label)
        status = need_word(place, "documents", "label", problem);
    return status;
}

pia_status_t
label_letter_check(const place_of_rule_t *place, const json_t *parameters, pia_problem_t *problem)
{
    const letter_needs_t *letter = find(pia_json_text(parameters, "letter"));
    if (!letter)
        return definition_fault(problem, place->at, "letter", "there is no letter of this name");
    pia_status_t status =
        definition_check_needs(place->transition, letter->needs, place->at, problem);
    if (status == PIA_OK)
        status = check_facts(letter, place, problem);
    return status == PIA_OK ? check_words(letter, place, problem) : status;
}
