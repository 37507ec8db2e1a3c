/* export_draw.c - a dossier's summary, to be printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "pdf.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "typography.h"
#include "words.h"

enum { MARGIN = 64, INNER = PDF_WIDTH - 2 * MARGIN, BOTTOM = PDF_HEIGHT - 72, TEXT_SIZE = 1200 };

static const pdf_style_t network = {PDF_SANS, 8.5, 12, 0.3, PDF_BRAND, PDF_LEFT, false};
static const pdf_style_t heading = {PDF_SERIF, 25, 31, 0, PDF_BRAND, PDF_LEFT, false};
static const pdf_style_t part = {PDF_SERIF, 16, 24, 0, PDF_BRAND, PDF_LEFT, false};
static const pdf_style_t body = {PDF_SERIF, 11.5, 16, 0, PDF_INK, PDF_LEFT, false};
static const pdf_style_t soft = {PDF_SERIF_ITALIC, 11.5, 16, 0, PDF_SOFT, PDF_LEFT, false};
static const pdf_style_t foot = {PDF_SANS, 7.5, 10, 0, PDF_SOFT, PDF_LEFT, false};

/* Text that flows over pages. */
typedef struct {
    pdf_t *pdf;
    double y;
    int page;
    const char *title; /* of the foot */
} flow_t;

static void draw_foot(flow_t *flow)
{
    char text[TEXT_SIZE];
    const pdf_box_t rule = {MARGIN, BOTTOM + 16, INNER, 0};
    const pdf_box_t box = {MARGIN, BOTTOM + 22, INNER, 0};
    (void)snprintf(text, sizeof text, "%s – page %d", flow->title, flow->page);
    pdf_line(flow->pdf, &rule, 0.5, PDF_LINE);
    (void)pdf_text(flow->pdf, &foot, &box, "P", text, NULL);
}

static void next_page(flow_t *flow)
{
    pdf_next_page(flow->pdf);
    flow->page++;
    flow->y = MARGIN;
    draw_foot(flow);
}

/* Adds a paragraph, over as many pages as it takes, and `gap` points after it. */
static void
add(flow_t *flow, const pdf_style_t *style, const char *tag, const char *text, double gap)
{
    char *french = typography_french(text);
    for (const char *rest = french; rest;) {
        const pdf_box_t box = {MARGIN, flow->y, INNER, BOTTOM - flow->y};
        if (box.height < style->leading) {
            next_page(flow);
            continue;
        }
        flow->y += pdf_text(flow->pdf, style, &box, tag, rest, &rest);
        if (rest)
            next_page(flow);
    }
    flow->y += gap;
    free(french);
}

/* A heading does not stand alone at the end of a page. */
static void add_part(flow_t *flow, const char *text)
{
    if (flow->y + 4 * body.leading > BOTTOM)
        next_page(flow);
    flow->y += 10;
    add(flow, &part, "H2", text, 4);
}

static const char *text_of(const json_t *json, const char *member)
{
    const char *text = json_string_value(json_object_get(json, member));
    return text ? text : "";
}

static void add_head(flow_t *flow, const matter_t *dossier)
{
    char text[TEXT_SIZE], day[PIA_FRENCH_DAY_SIZE];
    const json_t *pole = json_object_get(dossier->card, "pole");
    const json_t *themes = json_object_get(dossier->card, "themes");
    add(flow, &network, "P", "Réseau des pôles d’innovation pour l’artisanat", 8);
    add(flow, &heading, "H1", text_of(dossier->card, "title"), 8);
    (void)snprintf(text, sizeof text, "%s (%s)", text_of(pole, "name"), text_of(pole, "code"));
    add(flow, &body, "P", text, 0);
    pia_french_day(day_of(dossier->entered_ms), day);
    (void)snprintf(text, sizeof text, "%s, depuis le %s",
                   dossier->machine->states[dossier->state].label, day);
    add(flow, &body, "P", text, 0);
    size_t used = (size_t)snprintf(text, sizeof text, "Thèmes :");
    for (size_t i = 0; i < json_array_size(themes) && used < sizeof text; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%s %s", i > 0 ? " ·" : "",
            words_of(dossier->definition, "themes", json_string_value(json_array_get(themes, i))));
    add(flow, &soft, "P", text, 0);
    if (dossier->demonstration)
        add(flow, &soft, "P", "Dossier fictif, pour une démonstration.", 0);
}

static void add_sections(flow_t *flow, const json_t *sections)
{
    size_t i;
    const json_t *section;
    json_array_foreach(sections, i, section)
    {
        add_part(flow, text_of(section, "label"));
        add(flow, &body, "P", text_of(section, "text"), 0);
    }
}

static void add_entry(flow_t *flow, const matter_t *dossier, const json_t *entry)
{
    char text[TEXT_SIZE], day[PIA_FRENCH_DAY_SIZE] = "";
    int64_t at_ms;
    const transition_t *transition =
        machine_transition(dossier->machine, text_of(entry, "transition"));
    int state = machine_state(dossier->machine, text_of(entry, "to"));
    if (pia_time_parse(text_of(entry, "effective_at"), &at_ms))
        pia_french_day(day_of(at_ms), day);
    (void)snprintf(text, sizeof text, "%lld. %s – %s (%s)",
                   (long long)json_integer_value(json_object_get(entry, "number")), day,
                   transition ? transition->label : text_of(entry, "transition"),
                   state == STATE_NONE ? text_of(entry, "to")
                                       : dossier->machine->states[state].label);
    add(flow, &body, "P", text, 2);
}

static void add_history(flow_t *flow, const matter_t *dossier, const json_t *history)
{
    size_t i;
    const json_t *entry;
    add_part(flow, "Historique");
    json_array_foreach(history, i, entry)
    {
        add_entry(flow, dossier, entry);
    }
    add(flow, &soft, "P",
        "Les étapes sont inscrites dans un journal de preuves. Le fichier preuve.json permet à un "
        "tiers de le vérifier.",
        0);
}

pia_status_t export_draw(const matter_t *dossier,
                         const json_t *history,
                         const json_t *sections,
                         uint8_t **ret_bytes,
                         size_t *ret_size)
{
    char title[TEXT_SIZE];
    (void)snprintf(title, sizeof title, "Dossier %s, version %lld", dossier->id,
                   (long long)dossier->version);
    const pdf_info_t info = {
        .title = title, .subject = text_of(dossier->card, "title"), .made_ms = dossier->changed_ms};
    flow_t flow = {.pdf = pdf_new(&info), .y = MARGIN, .page = 1, .title = title};
    draw_foot(&flow);
    add_head(&flow, dossier);
    add_sections(&flow, sections);
    add_history(&flow, dossier, history);
    return pdf_end(&flow.pdf, ret_bytes, ret_size);
}
