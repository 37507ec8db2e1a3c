/* minutes_draw.c - the minutes of a meeting, in French, over as many pages as they take. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "day.h"
#include "minutes.h"
#include "pdf_flow.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "session.h"
#include "words.h"

enum {
    TITLE_SIZE = 2048, /* an item's title has 400 characters at most: 1600 bytes */
    CLOCK_SIZE = 16,
};

static const int64_t minute_ms = INT64_C(60000), day_minutes = INT64_C(1440);

/* Where the minutes are being written. */
typedef struct {
    flow_t flow;
    const minutes_source_t *source;
} out_t;

static bool is_set(const json_t *json, const char *name)
{
    return json_is_true(json_object_get(json, name));
}

static const char *word(const out_t *out, const char *list, const char *code)
{
    return words_of(out->source->session->definition, list, code);
}

static void write_day(const json_t *json, const char *name, char ret_text[PIA_FRENCH_DAY_SIZE])
{
    int64_t day = 0;
    (void)pia_date_parse(pia_json_text_or(json, name, ""), &day);
    pia_french_day(day, ret_text);
}

static void say(out_t *out, const pdf_style_t *style, double gap, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(out_t *out, const pdf_style_t *style, double gap, const char *format, ...)
{
    char *line = NULL;
    size_t size = 0;
    va_list arguments;
    FILE *stream = open_memstream(&line, &size); /* names and titles have any length */
    assert(stream);
    va_start(arguments, format);
    (void)vfprintf(stream, format, arguments);
    va_end(arguments);
    (void)fclose(stream);
    flow_add(&out->flow, style, "P", line, gap);
    free(line);
}

/* Name and quality of a member or suppléant, as some sitting has it; its number if it was erased.
 */
static const char *name_in(const json_t *list, int64_t member)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *seat = json_array_get(list, i);
        const char *name =
            pia_json_integer(seat, "member") == member ? pia_json_text_or(seat, "name", "") : NULL;
        if (!name)
            name = name_in(json_object_get(seat, "substitutes"), member);
        if (name)
            return name;
    }
    return NULL;
}

static const char *name_of(const out_t *out, int64_t member)
{
    const json_t *sittings = out->source->sittings;
    for (size_t i = json_array_size(sittings); i-- > 0;) {
        const char *name = name_in(json_object_get(json_array_get(sittings, i), "seats"), member);
        if (name && name[0] != '\0')
            return name;
    }
    return "(nom effacé)";
}

static void write_head(out_t *out)
{
    const matter_t *session = out->source->session;
    const char *place = pia_json_text_or(session->facts, "place", "");
    flow_add(&out->flow, &flow_network, "P", "Réseau des pôles d’innovation pour l’artisanat", 8);
    flow_add(&out->flow, &flow_heading, "H1", "Procès-verbal", 4);
    say(out, &flow_body, 0, "%s", out->source->committee);
    say(out, &flow_body, 0, "%s", pia_json_text_or(session->card, "title", ""));
    if (place[0] == '\0')
        place = pia_json_text_or(session->card, "place", "");
    if (place[0] != '\0')
        say(out, &flow_body, 0, "%s", place);
    say(out, &flow_soft, 4,
        "Code des relations entre le public et l’administration, articles R133-3 "
        "à R133-13");
    if (session->demonstration)
        say(out, &flow_soft, 4, "Réunion fictive, pour une démonstration.");
}

static const char *mode_words(const json_t *held)
{
    static const struct {
        const char *mode, *words;
    } modes[] = {
        {"present", "présent"},
        {"remote", "présent à distance"},
        {"represented", "a donné mandat à"},
        {"substituted", "suppléé par"},
        {"absent", "absent"},
    };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].mode, pia_json_text_or(held, "mode", "")) == 0)
            return modes[i].words;
    return "absent";
}

/* The time of the day in Paris, counted back from its end, as clocks may change before dawn. */
static void write_clock(const char *time, char ret_text[CLOCK_SIZE])
{
    int64_t time_ms = 0;
    (void)pia_time_parse(time, &time_ms);
    int64_t left = (day_start(day_of(time_ms) + 1) - time_ms + minute_ms - 1) / minute_ms;
    int minute = (int)(day_minutes - left);
    (void)snprintf(ret_text, CLOCK_SIZE, "%d\u00a0h\u00a0%02d", minute / 60, minute % 60);
}

static void write_held(const out_t *out, FILE *line, const json_t *held)
{
    (void)fputs(mode_words(held), line);
    if (json_object_get(held, "by"))
        (void)fprintf(line, " %s", name_of(out, pia_json_integer(held, "by")));
}

/* How a seat was held, one after the other, and until what time of the day in Paris. */
static void write_attendance(const out_t *out, FILE *line, const json_t *seat)
{
    const json_t *earlier = json_object_get(seat, "earlier");
    for (size_t i = 0; i < json_array_size(earlier); i++) {
        const json_t *held = json_array_get(earlier, i);
        char clock[CLOCK_SIZE];
        write_clock(pia_json_text_or(held, "until", ""), clock);
        write_held(out, line, held);
        (void)fprintf(line, " jusqu’à %s, puis ", clock);
    }
    write_held(out, line, seat);
}

static void write_seat(out_t *out, const json_t *seat)
{
    char *held = NULL;
    size_t size = 0;
    FILE *line = open_memstream(&held, &size);
    assert(line);
    write_attendance(out, line, seat);
    (void)fclose(line);
    say(out, &flow_body, 1, "– %s (%s%s%s) : %s", name_of(out, pia_json_integer(seat, "member")),
        word(out, "qualities", pia_json_text_or(seat, "capacity", "")),
        is_set(seat, "chair") ? ", président du comité" : "",
        is_set(seat, "votes") ? "" : ", sans voix délibérative", held);
    free(held);
}

static void write_convocation(out_t *out, const json_t *sitting)
{
    char convened[PIA_FRENCH_DAY_SIZE], received[PIA_FRENCH_DAY_SIZE];
    write_day(sitting, "convened_on", convened);
    write_day(sitting, "received_by", received);
    say(out, &flow_body, 2, "%s envoyée le %s, reçue le %s%s.",
        is_set(sitting, "second") ? "Seconde convocation, sur le même ordre du jour et spécifiant "
                                    "qu’aucun quorum ne serait exigé,"
                                  : "Convocation, avec l’ordre du jour et les documents,",
        convened, received, is_set(sitting, "urgent") ? ", en urgence" : "");
}

static void write_sitting(out_t *out, const json_t *sitting)
{
    char day[PIA_FRENCH_DAY_SIZE], title[TITLE_SIZE];
    const json_t *seats = json_object_get(sitting, "seats");
    write_day(sitting, "day", day);
    (void)snprintf(title, sizeof title, "Réunion du %s", day);
    flow_add_part(&out->flow, title);
    write_convocation(out, sitting);
    if (!json_object_get(sitting, "opened_at")) {
        say(out, &flow_body, 2, "La réunion n’a pas été ouverte.");
        return;
    }
    say(out, &flow_body, 2, "Présidence : %s.",
        name_of(out, pia_json_integer(sitting, "presiding")));
    for (size_t i = 0; i < json_array_size(seats); i++)
        write_seat(out, json_array_get(seats, i));
    if (!is_set(sitting, "quorum_met"))
        say(out, &flow_body, 2,
            "Le quorum n’est pas atteint : moins de la moitié des membres prennent part à chacun "
            "des points (article R133-10).");
}

static bool has_voted(const json_t *item, int64_t member)
{
    const json_t *ballots = json_object_get(item, "ballots");
    for (size_t i = 0; i < json_array_size(ballots); i++)
        if (session_ballot_seat(json_array_get(ballots, i), member))
            return true;
    return false;
}

static void write_interests(out_t *out, const json_t *item)
{
    const json_t *interests = json_object_get(item, "interests");
    for (size_t i = 0; i < json_array_size(interests); i++) {
        const json_t *interest = json_array_get(interests, i);
        const char *ruling = pia_json_text_or(interest, "ruling", "");
        const char *name = name_of(out, pia_json_integer(interest, "member"));
        const char *kind = word(out, "interests", pia_json_text_or(interest, "kind", ""));
        if (strcmp(ruling, "recused") == 0 && has_voted(item, pia_json_integer(interest, "member")))
            say(out, &flow_body, 1,
                "%s, qui avait pris part à un vote lors d’une réunion précédente, n’a plus pris "
                "part à la délibération (%s ; article R133-12).",
                name, kind);
        else if (strcmp(ruling, "recused") == 0)
            say(out, &flow_body, 1,
                "%s n’a pas pris part à la délibération (%s ; article R133-12).", name, kind);
        else if (strcmp(ruling, "dismissed") == 0)
            say(out, &flow_body, 1, "Intérêt de %s (%s) : examiné, sans objet.", name, kind);
    }
}

/* Who voted so, by name. */
static void write_votes(out_t *out, const json_t *ballot, const char *vote, const char *words)
{
    const json_t *votes = json_object_get(ballot, "votes");
    char *names = NULL;
    size_t size = 0, count = 0;
    FILE *line = open_memstream(&names, &size);
    assert(line);
    for (size_t i = 0; i < json_array_size(votes); i++) {
        const json_t *item = json_array_get(votes, i);
        if (strcmp(pia_json_text_or(item, "vote", ""), vote) == 0)
            (void)fprintf(line, "%s%s", count++ ? " ; " : "",
                          name_of(out, pia_json_integer(item, "member")));
    }
    (void)fclose(line);
    if (count > 0)
        say(out, &flow_body, 1, "%s : %s.", words, names);
    free(names);
}

/* Who presided over the item, if that was not who presided over the sitting. */
static void write_presiding(out_t *out, const json_t *ballot)
{
    const json_t *sittings = out->source->sittings;
    long long presiding = pia_json_integer(ballot, "presiding");
    for (size_t i = 0; i < json_array_size(sittings); i++) {
        const json_t *sitting = json_array_get(sittings, i);
        if (pia_json_integer(sitting, "number") == pia_json_integer(ballot, "sitting") &&
            pia_json_integer(sitting, "presiding") != presiding)
            say(out, &flow_body, 1, "Présidence de ce point : %s, %s n’y prenant pas part.",
                name_of(out, presiding), name_of(out, pia_json_integer(sitting, "presiding")));
    }
}

static void write_ballot(out_t *out, const json_t *ballot)
{
    if (json_object_get(ballot, "presiding"))
        write_presiding(out, ballot);
    say(out, &flow_body, 1,
        "Proposition : %s. %s : %" PRId64 " pour, %" PRId64 " contre, %" PRId64
        " abstention%s. %s%s.",
        word(out, "opinions", pia_json_text_or(ballot, "proposition", "")),
        is_set(ballot, "secret") ? "Scrutin secret" : "Vote", pia_json_integer(ballot, "votes_for"),
        pia_json_integer(ballot, "votes_against"), pia_json_integer(ballot, "abstentions"),
        pia_json_integer(ballot, "abstentions") > 1 ? "s" : "",
        is_set(ballot, "adopted") ? "Adoptée" : "Rejetée",
        is_set(ballot, "casting") ? " par la voix prépondérante du président de séance" : "");
    write_votes(out, ballot, "against", "Contre");
    write_votes(out, ballot, "abstention", "Abstention");
    say(out, &flow_soft, 1, "%" PRId64 " membres sur %" PRId64 " ont pris part à ce point%s.",
        pia_json_integer(ballot, "taking_part"), pia_json_integer(ballot, "composing"),
        is_set(ballot, "quorum") ? "" : " ; le quorum n’était pas atteint");
}

static void write_outcome(out_t *out, const json_t *item)
{
    const json_t *ballots = json_object_get(item, "ballots");
    const json_t *last = json_array_get(ballots, json_array_size(ballots) - 1);
    if (session_item_is(item, "given")) {
        say(out, &flow_body, 2, "Le comité donne l’avis : %s.",
            word(out, "opinions", pia_json_text_or(item, "opinion", "")));
        flow_add(&out->flow, &flow_body, "P", pia_json_text_or(last, "text", ""), 2);
    } else if (session_item_is(item, "moot")) {
        say(out, &flow_body, 2, "Sans objet : le dossier n’attend plus d’avis.");
    } else {
        say(out, &flow_body, 2, "Point renvoyé à une autre réunion.");
    }
}

static void write_dissents(out_t *out, const json_t *item)
{
    const json_t *dissents = json_object_get(item, "dissents");
    for (size_t i = 0; i < json_array_size(dissents); i++) {
        const json_t *dissent = json_array_get(dissents, i);
        const char *reasons = pia_json_text_or(dissent, "reasons", "");
        say(out, &flow_body, 1,
            "À sa demande, il est fait mention du désaccord de %s avec l’avis rendu%s",
            name_of(out, pia_json_integer(dissent, "member")), reasons[0] != '\0' ? " :" : ".");
        if (reasons[0] != '\0')
            flow_add(&out->flow, &flow_body, "P", reasons, 2);
    }
}

static void write_item(out_t *out, const json_t *item)
{
    const json_t *ballots = json_object_get(item, "ballots");
    char title[TITLE_SIZE];
    (void)snprintf(title, sizeof title, "%" PRId64 ". %s", pia_json_integer(item, "number"),
                   pia_json_text_or(item, "title", ""));
    flow_add_part(&out->flow, title);
    if (json_object_get(item, "dossier"))
        say(out, &flow_soft, 1, "Dossier %s", pia_json_text_or(item, "dossier", ""));
    write_interests(out, item);
    for (size_t i = 0; i < json_array_size(ballots); i++)
        write_ballot(out, json_array_get(ballots, i));
    write_outcome(out, item);
    write_dissents(out, item);
}

static void write_breaches(out_t *out)
{
    const json_t *breaches = json_object_get(out->source->session->facts, "breaches");
    if (json_array_size(breaches) == 0)
        return;
    flow_add_part(&out->flow, "Règles qui n’ont pas été suivies");
    say(out, &flow_soft, 2, "La consultation du comité n’est pas obligatoire.");
    for (size_t i = 0; i < json_array_size(breaches); i++) {
        const json_t *breach = json_array_get(breaches, i);
        say(out, &flow_body, 1, "– %s (%s)", pia_json_text_or(breach, "text", ""),
            pia_json_text_or(breach, "article", ""));
    }
}

/* Who has established them, when; what they replace. */
static void write_end(out_t *out)
{
    const minutes_source_t *source = out->source;
    const char *name = pia_json_text_or(source->signatory, "name", "");
    const char *function = pia_json_text_or(source->signatory, "function", "");
    char first[PIA_FRENCH_DAY_SIZE], made[PIA_FRENCH_DAY_SIZE];
    pia_french_day(day_of(source->first_ms), first);
    pia_french_day(day_of(source->made_ms), made);
    flow_add_part(&out->flow, "Signature");
    if (function[0] != '\0')
        say(out, &flow_body, 2, "Établi le %s par %s%s%s.", first, name,
            name[0] != '\0' ? ", " : "", function);
    else
        say(out, &flow_body, 2, "Établi le %s par le secrétariat.", first);
    if (source->first_sha256)
        say(out, &flow_body, 2,
            "Des textes ont été effacés le %s (RGPD, article 17) ; ce fichier remplace celui qui "
            "avait été signé et dont l’empreinte SHA-256 était %s.",
            made, source->first_sha256);
    say(out, &flow_soft, 0,
        "Ce fichier est signé par le service (Ed25519) ; sa signature et la clé se lisent avec "
        "lui.");
}

pia_status_t minutes_draw(const minutes_source_t *source, uint8_t **ret_bytes, size_t *ret_size)
{
    char title[TITLE_SIZE];
    (void)snprintf(title, sizeof title, "Procès-verbal, réunion %s", source->session->id);
    const pdf_info_t info = {
        .title = title,
        .subject = pia_json_text_or(source->session->card, "title", ""),
        .made_ms = source->made_ms,
    };
    out_t out = {.source = source};
    flow_begin(&out.flow, pdf_new(&info), title);
    write_head(&out);
    for (size_t i = 0; i < json_array_size(source->sittings); i++)
        write_sitting(&out, json_array_get(source->sittings, i));
    for (size_t i = 0; i < json_array_size(source->items); i++)
        write_item(&out, json_array_get(source->items, i));
    write_breaches(&out);
    write_end(&out);
    return pdf_end(&out.flow.pdf, ret_bytes, ret_size);
}
