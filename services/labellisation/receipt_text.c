/* receipt_text.c - the wording of a receipt, in French. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "receipt.h"

/* "26 novembre 2026". */
static const char *date_of(const json_t *json, const char *name, char ret_text[PIA_FRENCH_DAY_SIZE])
{
    int64_t day = 0;
    bool good = pia_date_parse(pia_json_text_or(json, name, ""), &day);
    assert(good);
    pia_french_day(day, ret_text);
    return ret_text;
}

static void write_head(FILE *out, const json_t *receipt)
{
    char received[PIA_FRENCH_DAY_SIZE], registration[PIA_FRENCH_DAY_SIZE], due[PIA_FRENCH_DAY_SIZE];
    (void)fprintf(out, "ACCUSÉ DE RÉCEPTION\n(CRPA, articles L112-3, L112-11, R112-5)\n\n");
    (void)fprintf(out, "Dossier «\u00a0%s\u00a0»\nNuméro\u00a0: %s\n\n",
                  pia_json_text_or(receipt, "title", ""), pia_json_text_or(receipt, "dossier", ""));
    (void)fprintf(out, "Votre demande a été reçue par voie électronique le %s et enregistrée ",
                  date_of(receipt, "received_on", received));
    (void)fprintf(out,
                  "aussitôt (l’enregistrement était dû au plus tard le %s, le présent accusé de "
                  "réception au plus tard le %s).\n\n",
                  date_of(receipt, "registration_due", registration),
                  date_of(receipt, "receipt_due", due));
}

static void write_line(FILE *out, const char *label, const char *text)
{
    if (text[0] != '\0')
        (void)fprintf(out, "%s\u00a0: %s\n", label, text);
}

static void write_office(FILE *out, const json_t *office)
{
    write_line(out, "Service chargé du dossier", pia_json_text_or(office, "service", ""));
    write_line(out, "Adresse postale", pia_json_text_or(office, "address", ""));
    write_line(out, "Adresse électronique", pia_json_text_or(office, "email", ""));
    write_line(out, "Téléphone", pia_json_text_or(office, "phone", ""));
    (void)fputc('\n', out);
}

static void write_missing(FILE *out, const json_t *receipt)
{
    const json_t *missing = json_object_get(receipt, "missing");
    bool accepts = json_is_true(json_object_get(receipt, "attestation"));
    if (json_array_size(missing) == 0)
        return;
    (void)fprintf(out, "Pièces indispensables qui manquent à ce jour (article L114-5)\u00a0:\n");
    for (size_t i = 0; i < json_array_size(missing); i++)
        (void)fprintf(out, "– %s\n", pia_json_text_or(json_array_get(missing, i), "label", ""));
    (void)fprintf(out, "%s\n\n",
                  accepts
                      ? "Le délai au terme duquel le silence vaut acceptation ne court qu’à "
                        "compter de la réception de ces pièces."
                      : "Si le service vous demande de les produire, le délai qu’il vous fixe "
                        "suspend celui qui est indiqué ci-dessous\u202f; leur production met fin "
                        "à cette suspension.");
}

static void write_remedies(FILE *out, const json_t *receipt)
{
    const json_t *remedies = json_object_get(receipt, "remedies");
    (void)fprintf(out, "Cette décision implicite de rejet pourra être contestée\u00a0:\n");
    for (size_t i = 0; i < json_array_size(remedies); i++) {
        const json_t *remedy = json_array_get(remedies, i);
        char last[PIA_FRENCH_DAY_SIZE];
        (void)fprintf(out, "– %s\u00a0: %s (%s)", pia_json_text_or(remedy, "label", ""),
                      pia_json_text_or(remedy, "period", ""),
                      pia_json_text_or(remedy, "article", ""));
        if (json_object_get(remedy, "last_day"))
            (void)fprintf(out, ", soit jusqu’au %s inclus si la décision naît à cette date",
                          date_of(remedy, "last_day", last));
        (void)fprintf(out, "%s\n", i + 1 < json_array_size(remedies) ? "\u202f;" : ".");
    }
}

static void write_silence(FILE *out, const json_t *receipt)
{
    const json_t *silence = json_object_get(receipt, "silence");
    bool accepts = json_is_true(json_object_get(receipt, "attestation"));
    const char *what = accepts ? "acceptée" : "rejetée";
    char on[PIA_FRENCH_DAY_SIZE];
    if (json_object_get(silence, "on"))
        (void)fprintf(out, "À défaut de décision expresse le %s, votre demande sera réputée %s ",
                      date_of(silence, "on", on), what);
    else
        (void)fprintf(out,
                      "À défaut de décision expresse au terme du délai, votre demande sera "
                      "réputée %s ",
                      what);
    (void)fprintf(out, "(silence gardé pendant %s, %s).\n", pia_json_text_or(silence, "period", ""),
                  pia_json_text_or(silence, "article", ""));
    if (accepts)
        (void)fprintf(out, "Une attestation de cette décision implicite d’acceptation vous sera "
                           "délivrée sur demande (article L232-3).\n");
    else
        write_remedies(out, receipt);
}

char *receipt_text(const json_t *receipt)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out);
    write_head(out, receipt);
    write_office(out, json_object_get(receipt, "office"));
    write_missing(out, receipt);
    write_silence(out, receipt);
    (void)fclose(out);
    return text;
}
