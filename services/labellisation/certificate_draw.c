/* certificate_draw.c - a label's certificate on one page. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "legal_words.h"
#include "pdf.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "typography.h"

#define NBSP "\xc2\xa0"

enum {
    MARGIN = 64,
    INNER = PDF_WIDTH - 2 * MARGIN,
    TEXT_SIZE = 1024,
    DATE_SIZE = PIA_FRENCH_DAY_SIZE + 8
};

static const pdf_style_t network = {PDF_SANS, 9.5, 12, 0.45, PDF_BRAND, PDF_CENTRE, false};
static const pdf_style_t heading = {PDF_SERIF, 36, 44, 0, PDF_BRAND, PDF_CENTRE, false};
static const pdf_style_t sentence = {PDF_SERIF_ITALIC, 14, 20, 0, PDF_INK, PDF_CENTRE, false};
static const pdf_style_t name = {PDF_SERIF, 27, 33, 0, PDF_INK, PDF_CENTRE, false};
static const pdf_style_t holder = {PDF_SERIF, 14, 20, 0, PDF_INK, PDF_CENTRE, false};
static const pdf_style_t themes = {PDF_SERIF_ITALIC, 12.5, 18, 0, PDF_SOFT, PDF_CENTRE, false};
static const pdf_style_t caption = {PDF_SANS, 8, 11, 0, PDF_SOFT, PDF_CENTRE, false};
static const pdf_style_t value = {PDF_SERIF, 15, 20, 0, PDF_INK, PDF_CENTRE, true};
static const pdf_style_t capacity = {PDF_SERIF, 12.5, 17, 0, PDF_INK, PDF_CENTRE, false};
static const pdf_style_t note = {PDF_SERIF, 10.5, 14.5, 0, PDF_SOFT, PDF_LEFT, false};
static const pdf_style_t note_centred = {PDF_SERIF, 10.5, 14.5, 0, PDF_SOFT, PDF_CENTRE, false};
static const pdf_style_t note_title = {PDF_SANS_BOLD, 8.5, 14, 0.3, PDF_BRAND, PDF_LEFT, false};
static const pdf_style_t address = {PDF_SANS, 7.5, 11, 0, PDF_BRAND, PDF_LEFT, false};
static const pdf_style_t warning = {PDF_SANS_BOLD, 9, 13, 0.35, PDF_ACCENT, PDF_CENTRE, false};

/* An ISO date in words, "er" of 1er raised. */
static void write_day(const char *date, char ret_text[DATE_SIZE])
{
    char text[PIA_FRENCH_DAY_SIZE] = "";
    int64_t day;
    if (pia_date_parse(date, &day))
        pia_french_day(day, text);
    bool first = strncmp(text, "1er", 3) == 0;
    (void)snprintf(ret_text, DATE_SIZE, "%s%s", first ? "1\u1d49\u02b3" : "",
                   first ? text + 3 : text);
}

/* Draws a text in French typography from y on; returns where it ends. */
static double
set_line(pdf_t *pdf, const pdf_style_t *style, double y, const char *tag, const char *text)
{
    const pdf_box_t box = {MARGIN, y, INNER, 0};
    char *french = typography_french(text);
    double height = pdf_text(pdf, style, &box, tag, french, NULL);
    free(french);
    return y + height;
}

static void draw_frame(pdf_t *pdf)
{
    const pdf_box_t outer = {28, 28, PDF_WIDTH - 56, PDF_HEIGHT - 56};
    const pdf_box_t inner = {32, 32, PDF_WIDTH - 64, PDF_HEIGHT - 64};
    const pdf_box_t rule = {PDF_WIDTH / 2.0 - 28, 178, 56, 0};
    pdf_frame(pdf, &outer, 1.4, PDF_BRAND);
    pdf_frame(pdf, &inner, 0.5, PDF_LINE);
    pdf_line(pdf, &rule, 1.6, PDF_ACCENT);
}

/* The words of a list, with points between. */
static void join(const json_t *list, char ret_text[TEXT_SIZE])
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < json_array_size(list) && used < TEXT_SIZE; i++)
        used += (size_t)snprintf(ret_text + used, TEXT_SIZE - used, "%s%s",
                                 i == 0 ? "" : "\u2002·\u2002",
                                 pia_json_text_or(json_array_get(list, i), "label", ""));
}

/* To whom, and for what. */
static double draw_award(pdf_t *pdf, const json_t *certificate, double y)
{
    char text[TEXT_SIZE];
    const json_t *pole = json_object_get(certificate, "pole");
    const char *departement = pia_json_text_or(pole, "departement", ""),
               *who = pia_json_text_or(certificate, "holder", "");
    (void)snprintf(text, sizeof text, "Le label «" NBSP "%s" NBSP "» est accordé à",
                   pia_json_text_or(certificate, "label_name", ""));
    y = set_line(pdf, &sentence, y, "P", text) + 14;
    y = set_line(pdf, &name, y, "H2", pia_json_text_or(pole, "name", ""));
    (void)snprintf(text, sizeof text, "porté par %s%s%s%s", who[0] ? who : "sa structure",
                   departement[0] ? " (département" NBSP : "", departement,
                   departement[0] ? ")" : "");
    y = set_line(pdf, &holder, y + 6, "P", text);
    join(json_object_get(certificate, "themes"), text);
    return set_line(pdf, &themes, y + 8, "P", text);
}

static void draw_cell(pdf_t *pdf, double x, double width, const char *above, const char *text)
{
    pdf_box_t box = {x, 424, width, 0};
    box.y += pdf_text(pdf, &caption, &box, "P", above, NULL) + 3;
    (void)pdf_text(pdf, &value, &box, "P", text, NULL);
}

/* Number and validity, in a band. */
static void draw_terms(pdf_t *pdf, const json_t *certificate)
{
    const pdf_box_t band = {MARGIN, 408, INNER, 66};
    const double third = INNER / 3.0;
    char from[DATE_SIZE], last[DATE_SIZE];
    write_day(pia_json_text_or(certificate, "from", ""), from);
    write_day(pia_json_text_or(certificate, "last_day", ""), last);
    pdf_fill(pdf, &band, PDF_BAND);
    draw_cell(pdf, MARGIN, third, "Numéro", pia_json_text_or(certificate, "number", ""));
    draw_cell(pdf, MARGIN + third, third, "Valable du", from);
    draw_cell(pdf, MARGIN + 2 * third, third, "au, inclus", last);
}

static void draw_signature(pdf_t *pdf, const json_t *signature, double x, double width)
{
    static const char *const persons[] = {"name", "function"};
    char day[DATE_SIZE], text[TEXT_SIZE];
    pdf_box_t box = {x, 520, width, 0};
    write_day(pia_json_text_or(signature, "signed_on", ""), day);
    char *who = typography_french(pia_json_text_or(signature, "label", ""));
    box.y += pdf_text(pdf, &capacity, &box, "P", who, NULL) + 4;
    free(who);
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++)
        if (json_object_get(signature, persons[i])) {
            char *person = typography_french(pia_json_text_or(signature, persons[i], ""));
            box.y += pdf_text(pdf, &note_centred, &box, "P", person, NULL) + 2;
            free(person);
        }
    (void)snprintf(text, sizeof text, "décision signée le %s", day);
    (void)pdf_text(pdf, &note_centred, &box, "P", text, NULL);
}

static void draw_signatures(pdf_t *pdf, const json_t *certificate)
{
    const json_t *list = json_object_get(certificate, "signatures");
    size_t count = json_array_size(list);
    const double gap = 24;
    if (count == 0) {
        (void)set_line(pdf, &sentence, 520, "P",
                       "Label acquis par décision implicite d’acceptation.");
        return;
    }
    const double width = (INNER - gap * (double)(count - 1)) / (double)count;
    for (size_t i = 0; i < count; i++)
        draw_signature(pdf, json_array_get(list, i), MARGIN + (width + gap) * (double)i, width);
}

/* Where it is verified. */
static pia_status_t draw_verification(pdf_t *pdf, const char *url)
{
    const pdf_box_t code = {MARGIN - 10, 640, 118, 118};
    const pdf_box_t rule = {MARGIN, 628, INNER, 0};
    pdf_box_t box = {MARGIN + 122, 664, INNER - 122, 0};
    pdf_line(pdf, &rule, 0.6, PDF_LINE);
    pia_status_t status = pdf_qr(pdf, &code, url);
    box.y += pdf_text(pdf, &note_title, &box, "P", "Vérifier ce certificat", NULL) + 2;
    box.y += pdf_text(pdf, &note, &box, "P",
                      "Ce code mène à la page publique qui fait foi" NBSP ": elle dit si le label "
                      "est valide, suspendu ou terminé, et depuis quand.",
                      NULL) +
             4;
    pdf_box_t link = box;
    link.height = pdf_text(pdf, &address, &box, "P", url, NULL);
    pdf_link(pdf, &link, url);
    return status;
}

static void draw_page(pdf_t *pdf, const json_t *certificate)
{
    draw_frame(pdf);
    (void)set_line(pdf, &network, 72, "P", "RÉSEAU DES PÔLES D’INNOVATION POUR L’ARTISANAT");
    (void)set_line(pdf, &heading, 112, "H1", "Certificat de label");
    (void)draw_award(pdf, certificate, 214);
    draw_terms(pdf, certificate);
    draw_signatures(pdf, certificate);
    if (json_is_true(json_object_get(certificate, "demonstration")))
        (void)set_line(pdf, &warning, 778, "P", "LABEL FICTIF, POUR UNE DÉMONSTRATION");
}

pia_status_t certificate_draw(const json_t *certificate,
                              const char *url,
                              int64_t made_ms,
                              uint8_t **ret_bytes,
                              size_t *ret_size)
{
    char title[TEXT_SIZE];
    (void)snprintf(title, sizeof title, "Certificat de label %s",
                   pia_json_text_or(certificate, "number", ""));
    const pdf_info_t info = {
        .title = title, .subject = pia_json_text_or(certificate, "title", ""), .made_ms = made_ms};
    pdf_t *pdf = pdf_new(&info);
    draw_page(pdf, certificate);
    pia_status_t status = draw_verification(pdf, url);
    if (status == PIA_OK)
        return pdf_end(&pdf, ret_bytes, ret_size);
    (void)pdf_end(&pdf, NULL, NULL);
    return status;
}
