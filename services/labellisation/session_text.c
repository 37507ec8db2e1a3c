/* session_text.c - the wording of a convocation, in French. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "session.h"

static const char *date_of(const json_t *json, const char *name, char ret_text[PIA_FRENCH_DAY_SIZE])
{
    int64_t day = 0;
    (void)pia_date_parse(pia_json_text_or(json, name, ""), &day);
    pia_french_day(day, ret_text);
    return ret_text;
}

static void write_head(FILE *out, const matter_t *session, const json_t *sitting)
{
    char day[PIA_FRENCH_DAY_SIZE];
    const char *place = pia_json_text_or(session->facts, "place", "");
    bool second = json_is_true(json_object_get(sitting, "second"));
    (void)fprintf(out, "%s\n(CRPA, articles R133-5 et R133-8)\n\n",
                  second ? "SECONDE CONVOCATION" : "CONVOCATION");
    (void)fprintf(out, "%s\n\n", pia_json_text_or(session->card, "title", ""));
    (void)fprintf(out, "La réunion se tiendra le %s", date_of(sitting, "day", day));
    if (place[0] == '\0')
        place = pia_json_text_or(session->card, "place", "");
    (void)fprintf(out, "%s%s.\n\n", place[0] != '\0' ? ", " : "", place);
    if (second)
        (void)fprintf(out, "Le quorum n’ayant pas été atteint à la réunion précédente, le comité "
                           "est convoqué de nouveau sur le même ordre du jour. Aucun quorum ne "
                           "sera exigé (article R133-10).\n\n");
    if (json_is_true(json_object_get(sitting, "urgent")))
        (void)fprintf(out, "Cette convocation est faite en urgence (article R133-8).\n\n");
}

static void write_agenda(FILE *out, const matter_t *session)
{
    const json_t *items = json_object_get(session->facts, "items");
    (void)fprintf(out, "Ordre du jour\u00a0:\n");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (!session_item_is(item, "pending"))
            continue;
        (void)fprintf(out, "%lld. %s\n",
                      (long long)json_integer_value(json_object_get(item, "number")),
                      pia_json_text_or(item, "title", ""));
        if (json_object_get(item, "dossier"))
            (void)fprintf(out,
                          "   Documents\u00a0: dossier %s et rapports, consultables en ligne.\n",
                          pia_json_text_or(item, "dossier", ""));
    }
    (void)fputc('\n', out);
}

static void write_rules(FILE *out)
{
    (void)fprintf(
        out, "Un membre qui a un intérêt personnel à une affaire le déclare et ne prend pas "
             "part à sa délibération (article R133-12). Un membre empêché se fait suppléer "
             "s’il a un suppléant\u202f; sinon il peut donner mandat à un autre membre, qui n’en "
             "détient qu’un (articles R133-3 et R133-9). Avec l’accord du président, la "
             "participation à distance est possible (article R133-6).\n");
}

char *session_convocation_text(const matter_t *session, const json_t *sitting)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out);
    write_head(out, session, sitting);
    write_agenda(out, session);
    write_rules(out);
    (void)fclose(out);
    return text;
}
