/* decision_text.c - the wording of a decision, in French. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "decision.h"
#include "matter.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "signature.h"
#include "words.h"

static const char *date_of(const json_t *json, const char *name, char ret_text[PIA_FRENCH_DAY_SIZE])
{
    int64_t day = 0;
    (void)pia_date_parse(pia_json_text_or(json, name, ""), &day);
    pia_french_day(day, ret_text);
    return ret_text;
}

typedef struct {
    const char *sense, *title, *sentence;
} wording_t;

static const wording_t *words_for(const json_t *content)
{
    static const wording_t rows[] = {
        {"award", "DÉCISION D’ATTRIBUTION", "Le label est accordé"},
        {"inadmissible", "DÉCISION D’IRRECEVABILITÉ", "La demande est déclarée irrecevable"},
        {"refusal", "DÉCISION DE REFUS", "Le label est refusé"},
    };
    size_t i = 0;
    while (i + 1 < sizeof rows / sizeof rows[0] &&
           strcmp(pia_json_text_or(content, "sense", ""), rows[i].sense) != 0)
        i++;
    return &rows[i];
}

static void write_opinion(FILE *out, const json_t *content, const act_t *act)
{
    const json_t *opinion = json_object_get(content, "opinion");
    char day[PIA_FRENCH_DAY_SIZE];
    if (!opinion)
        return;
    (void)fprintf(
        out, "Vu l’avis du comité (%s)",
        words_of(act->matter->definition, "opinions", pia_json_text_or(opinion, "opinion", "")));
    if (json_object_get(opinion, "given_on"))
        (void)fprintf(out, " rendu le %s", date_of(opinion, "given_on", day));
    if (json_object_get(opinion, "item"))
        (void)fprintf(out, ", point %lld de sa réunion",
                      (long long)json_integer_value(json_object_get(opinion, "item")));
    (void)fprintf(out, "\u202f;\n");
}

static void write_head(FILE *out, const json_t *content, const act_t *act)
{
    const json_t *pole = json_object_get(act->matter->card, "pole");
    (void)fprintf(out, "%s\n%s\n\n", words_for(content)->title, act->matter->definition->title);
    (void)fprintf(out, "Vu le code des relations entre le public et l’administration\u202f;\n");
    (void)fprintf(out, "Vu le dossier «\u00a0%s\u00a0» (%s), numéro %s\u202f;\n",
                  pia_json_text_or(content, "title", ""), pia_json_text_or(pole, "name", ""),
                  act->matter->id);
    write_opinion(out, content, act);
    (void)fputc('\n', out);
}

static void write_reason(FILE *out, const char *label, const char *text)
{
    if (text && text[0] != '\0')
        (void)fprintf(out, "%s\u00a0:\n%s\n\n", label, text);
}

static void write_signatures(FILE *out, const json_t *content)
{
    const json_t *list = json_object_get(content, "signatures");
    for (size_t i = 0; i < json_array_size(list); i++)
        signature_write(out, json_array_get(list, i));
    if (json_array_size(list) > 0)
        (void)fputc('\n', out);
}

static void write_remedies(FILE *out, const json_t *content)
{
    const json_t *list = json_object_get(content, "remedies");
    size_t count = json_array_size(list);
    char day[PIA_FRENCH_DAY_SIZE];
    if (count == 0)
        return;
    (void)fprintf(out,
                  "Voies et délais de recours (CJA, article R421-5). Cette décision peut être "
                  "contestée à compter de sa notification\u202f; notifiée le %s\u00a0:\n",
                  date_of(content, "notified_on", day));
    for (size_t i = 0; i < count; i++) {
        const json_t *remedy = json_array_get(list, i);
        (void)fprintf(out, "– %s\u00a0: %s (%s), jusqu’au %s inclus%s\n",
                      pia_json_text_or(remedy, "label", ""), pia_json_text_or(remedy, "period", ""),
                      pia_json_text_or(remedy, "article", ""), date_of(remedy, "last_day", day),
                      i + 1 < count ? "\u202f;" : ".");
    }
}

char *decision_text(const json_t *content, const decision_reasons_t *reasons, const act_t *act)
{
    char *text = NULL;
    size_t size = 0;
    char day[PIA_FRENCH_DAY_SIZE];
    FILE *out = open_memstream(&text, &size);
    assert(out);
    write_head(out, content, act);
    write_reason(out, "Motifs de droit", reasons->law);
    write_reason(out, "Motifs de fait", reasons->fact);
    if (json_is_true(json_object_get(content, "departs")))
        write_reason(out, "Motifs de s’écarter de l’avis du comité", reasons->departure);
    (void)fprintf(out, "%s le %s.\n\n", words_for(content)->sentence,
                  date_of(content, "decided_on", day));
    write_signatures(out, content);
    write_remedies(out, content);
    (void)fclose(out);
    return text;
}
