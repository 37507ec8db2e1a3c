/* verification.c - the public page about a label. */
#include "verification.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "proto/certificate.h"
#include "reply.h"

extern const char gateway_web_verification_html[];

static const char MARK[] = "<!--CONTENU-->";

enum { ANSWER_MS = 5000, NUMBER_MAX = 23 };

typedef struct {
    gateway_t *gateway;
    http_request_t *http;
    bool past; /* a day was asked about */
} question_t;

/* Text in HTML. */
static void add_text(struct evbuffer *page, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '&')
            (void)evbuffer_add_printf(page, "&amp;");
        else if (*at == '<')
            (void)evbuffer_add_printf(page, "&lt;");
        else if (*at == '>')
            (void)evbuffer_add_printf(page, "&gt;");
        else if (*at == '"')
            (void)evbuffer_add_printf(page, "&quot;");
        else
            (void)evbuffer_add(page, at, 1);
    }
}

static void add_day(struct evbuffer *page, const char *date)
{
    char text[PIA_FRENCH_DAY_SIZE];
    int64_t day;
    if (!pia_date_parse(date, &day))
        return;
    pia_french_day(day, text);
    bool first = strncmp(text, "1er", 3) == 0;
    (void)evbuffer_add_printf(page, "%s%s", first ? "1<sup>er</sup>" : "", first ? text + 3 : text);
}

static void add_row(struct evbuffer *page, const char *name, const char *text)
{
    (void)evbuffer_add_printf(page, "      <dt>%s</dt><dd>", name);
    add_text(page, text);
    (void)evbuffer_add_printf(page, "</dd>\n");
}

static void add_words(struct evbuffer *page, const char *name, const json_t *list)
{
    size_t i;
    const json_t *item;
    if (json_array_size(list) == 0)
        return;
    (void)evbuffer_add_printf(page, "      <dt>%s</dt><dd>", name);
    json_array_foreach(list, i, item)
    {
        (void)evbuffer_add_printf(page, "%s", i > 0 ? " · " : "");
        add_text(page, pia_json_text_or(item, "label", ""));
    }
    (void)evbuffer_add_printf(page, "</dd>\n");
}

/* Who signed, in which function, as far as it is told. */
static void add_person(struct evbuffer *page, const json_t *signature)
{
    static const char *const members[] = {"name", "function"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_object_get(signature, members[i])) {
            (void)evbuffer_add_printf(page, ", ");
            add_text(page, pia_json_text_or(signature, members[i], ""));
        }
}

static void add_signatures(struct evbuffer *page, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        (void)evbuffer_add_printf(page, "      <dt>Décision signée</dt><dd>");
        add_text(page, pia_json_text_or(item, "label", ""));
        add_person(page, item);
        (void)evbuffer_add_printf(page, ", le ");
        add_day(page, pia_json_text_or(item, "signed_on", ""));
        (void)evbuffer_add_printf(page, "</dd>\n");
    }
}

/* A standing in words; a label was that before it is over, and has been that since. */
typedef struct {
    const char *standing, *state, *since;
    bool good;
} verdict_t;

static const verdict_t *find_verdict(const char *standing)
{
    static const verdict_t verdicts[] = {
        {"valid", "valide", "depuis le ", true},
        {"suspended", "suspendu", "depuis le ", false},
        {"not_yet", "accordé, mais pas encore en vigueur", "par décision du ", false},
        {"repealed", "abrogé", "depuis le ", false},
        {"withdrawn", "retiré, et réputé n’avoir jamais existé", "par décision du ", false},
        {"renounced", "abandonné par son titulaire", "depuis le ", false},
        {"expired", "expiré", "depuis le ", false},
    };
    enum { VERDICTS = sizeof verdicts / sizeof verdicts[0] };
    size_t which = 0;
    while (which < VERDICTS - 1 && strcmp(verdicts[which].standing, standing) != 0)
        which++;
    return &verdicts[which];
}

/* What the page says first; `past`: a day was asked about. */
static void add_verdict(struct evbuffer *page, const json_t *certificate, bool past)
{
    const verdict_t *verdict = find_verdict(pia_json_text_or(certificate, "standing", ""));
    (void)evbuffer_add_printf(page, "    <h1 id=\"titre\">Label ");
    add_text(page, pia_json_text_or(certificate, "number", ""));
    (void)evbuffer_add_printf(page, "</h1>\n    <p class=\"verdict %s\" role=\"status\">",
                              verdict->good ? "good" : "bad");
    if (past) {
        (void)evbuffer_add_printf(page, "Au jour du ");
        add_day(page, pia_json_text_or(certificate, "on", ""));
        (void)evbuffer_add_printf(page, ", ce label est tenu pour <strong>%s</strong> %s",
                                  verdict->state, verdict->since);
    } else {
        (void)evbuffer_add_printf(page, "Ce label est <strong>%s</strong> %s", verdict->state,
                                  verdict->since);
    }
    add_day(page, pia_json_text_or(certificate, "since", ""));
    (void)evbuffer_add_printf(page, " (");
    add_text(page, pia_json_text_or(certificate, "state_label", ""));
    (void)evbuffer_add_printf(page, ").</p>\n");
}

static void add_notice(struct evbuffer *page, const char *text)
{
    (void)evbuffer_add_printf(page, "    <p class=\"notice\">%s</p>\n", text);
}

/* What must be known beside it. */
static void add_notices(struct evbuffer *page, const json_t *certificate)
{
    const char *then = pia_json_text_or(certificate, "shown_then", "");
    if (then[0] != '\0')
        (void)evbuffer_add_printf(page,
                                  "    <p class=\"notice\">À cette date, le registre le disait "
                                  "%s ; une décision ou un jugement en a disposé autrement "
                                  "depuis.</p>\n",
                                  find_verdict(then)->state);
    if (json_is_true(json_object_get(certificate, "held")))
        add_notice(page, "Sa durée est échue : il reste en vigueur jusqu’à la décision sur son "
                         "renouvellement, qui a été demandé à temps.");
    if (json_is_true(json_object_get(certificate, "demonstration")))
        add_notice(page, "Ce label est fictif : il sert à une démonstration.");
}

/* From when to when; one that was withdrawn has no such days. */
static void add_validity(struct evbuffer *page, const json_t *certificate)
{
    if (!json_object_get(certificate, "last_day"))
        return;
    (void)evbuffer_add_printf(page, "      <dt>Validité</dt><dd>du ");
    add_day(page, pia_json_text_or(certificate, "from", ""));
    (void)evbuffer_add_printf(page, " au ");
    add_day(page, pia_json_text_or(certificate, "last_day", ""));
    (void)evbuffer_add_printf(page, " inclus</dd>\n");
}

static void add_certificate(struct evbuffer *page, const json_t *certificate, bool past)
{
    add_verdict(page, certificate, past);
    add_notices(page, certificate);
    (void)evbuffer_add_printf(page, "    <dl class=\"fiche\">\n");
    add_row(page, "Pôle", pia_json_text_or(json_object_get(certificate, "pole"), "name", ""));
    if (json_object_get(certificate, "holder"))
        add_row(page, "Porté par", pia_json_text_or(certificate, "holder", ""));
    add_words(page, "Thèmes", json_object_get(certificate, "themes"));
    add_validity(page, certificate);
    if (json_object_get(certificate, "renews"))
        add_row(page, "Fait suite au label", pia_json_text_or(certificate, "renews", ""));
    add_signatures(page, json_object_get(certificate, "signatures"));
    (void)evbuffer_add_printf(page, "    </dl>\n    <h2>Vérifier un autre label</h2>\n");
}

static void add_message(struct evbuffer *page, const char *title, const char *text)
{
    (void)evbuffer_add_printf(page, "    <h1 id=\"titre\">%s</h1>\n    <p class=\"lead\">%s</p>\n",
                              title, text);
}

/* The page with what was put into `content`, which it takes. */
static void send_page(http_request_t **request_p, int status, struct evbuffer *content)
{
    struct evbuffer *page = evbuffer_new();
    const char *mark = strstr(gateway_web_verification_html, MARK);
    (void)evbuffer_add(page, gateway_web_verification_html,
                       (size_t)(mark - gateway_web_verification_html));
    (void)evbuffer_add_buffer(page, content);
    (void)evbuffer_add(page, mark + sizeof MARK - 1, strlen(mark + sizeof MARK - 1));
    size_t size = evbuffer_get_length(page);
    reply_t reply = {.status = status,
                     .content_type = "text/html; charset=utf-8",
                     .body = evbuffer_pullup(page, -1),
                     .size = size};
    reply_send(request_p, &reply);
    evbuffer_free(page);
    evbuffer_free(content);
}

static void on_answer(void *arg, const pia_answer_t *answer)
{
    question_t *self = arg;
    struct evbuffer *content = evbuffer_new();
    int status = pia_status_http(answer->status);
    if (answer->status == PIA_OK)
        add_certificate(content, answer->body, self->past);
    else if (answer->status == PIA_INVALID && self->past)
        add_message(content, "Jour impossible",
                    "L’état du label se lit aujourd’hui ou à un jour passé.");
    else if (answer->status == PIA_NOT_FOUND || answer->status == PIA_INVALID)
        add_message(content, "Label inconnu",
                    "Aucun label n’a ce numéro. Vérifiez la saisie, ou méfiez-vous du document "
                    "qui le porte.");
    else
        add_message(content, "Vérification impossible pour l’instant",
                    "Le service ne répond pas. Réessayez dans quelques minutes.");
    send_page(&self->http, answer->status == PIA_INVALID ? 404 : status, content);
    self->gateway->exchanges--;
    free(self);
}

/* `day`: ISO, NULL or "" today. */
static void ask(gateway_t *gateway, const char *number, const char *day, http_request_t **request_p)
{
    question_t *self = pia_alloc(sizeof *self);
    self->past = day && day[0] != '\0';
    self->gateway = gateway;
    self->http = *request_p;
    *request_p = NULL;
    gateway->exchanges++;
    pia_call_t call = {.message = &pia_msg_labellisation_certificate_get, .timeout_ms = ANSWER_MS};
    json_t *body = json_pack("{s:s, s:s*}", "number", number, "on", self->past ? day : NULL);
    bus_ask(gateway->bus, &call, body, on_answer, self);
    json_decref(body);
}

bool verification_serve(gateway_t *gateway, const target_t *target, http_request_t **request_p)
{
    if (target->segments < 1 || target->segments > 2 ||
        strcmp(target->segment[0], "verification") != 0)
        return false;
    const char *method = http_request_method(*request_p);
    const char *number =
        target->segments == 2 ? target->segment[1] : target_parameter(target, "numero");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        http_reply_header(*request_p, "Allow", "GET, HEAD");
        reply_problem(request_p, 405, "this can only be read", NULL, NULL);
    } else if (number && number[0] != '\0' && strlen(number) <= NUMBER_MAX) {
        ask(gateway, number, target_parameter(target, "le"), request_p);
    } else {
        struct evbuffer *content = evbuffer_new();
        add_message(content, "Vérifier un label",
                    "Le numéro figure sur le certificat : PIA, l’année et quatre chiffres.");
        send_page(request_p, number && number[0] != '\0' ? 404 : 200, content);
    }
    return true;
}
