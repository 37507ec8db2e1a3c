/* export_draw.c - a dossier's summary, to be printed. */
#include <stdio.h>
#include <string.h>

#include "export.h"
#include "pdf_flow.h"
#include "pia/clock.h"
#include "pia/french.h"
#include "pia/json.h"
#include "words.h"

enum { TEXT_SIZE = 1200 };

static void add_head(flow_t *flow, const matter_t *dossier)
{
    char text[TEXT_SIZE], day[PIA_FRENCH_DAY_SIZE];
    const json_t *pole = json_object_get(dossier->card, "pole");
    const json_t *themes = json_object_get(dossier->card, "themes");
    flow_add(flow, &flow_network, "P", "Réseau des pôles d’innovation pour l’artisanat", 8);
    flow_add(flow, &flow_heading, "H1", pia_json_text_or(dossier->card, "title", ""), 8);
    (void)snprintf(text, sizeof text, "%s (%s)", pia_json_text_or(pole, "name", ""),
                   pia_json_text_or(pole, "code", ""));
    flow_add(flow, &flow_body, "P", text, 0);
    pia_french_day(day_of(dossier->entered_ms), day);
    (void)snprintf(text, sizeof text, "%s, depuis le %s",
                   dossier->machine->states[dossier->state].label, day);
    flow_add(flow, &flow_body, "P", text, 0);
    size_t used = (size_t)snprintf(text, sizeof text, "Thèmes :");
    for (size_t i = 0; i < json_array_size(themes) && used < sizeof text; i++)
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%s %s", i > 0 ? " ·" : "",
            words_of(dossier->definition, "themes", json_string_value(json_array_get(themes, i))));
    flow_add(flow, &flow_soft, "P", text, 0);
    if (dossier->demonstration)
        flow_add(flow, &flow_soft, "P", "Dossier fictif, pour une démonstration.", 0);
}

static void add_sections(flow_t *flow, const json_t *sections)
{
    size_t i;
    const json_t *section;
    json_array_foreach(sections, i, section)
    {
        flow_add_part(flow, pia_json_text_or(section, "label", ""));
        flow_add(flow, &flow_body, "P", pia_json_text_or(section, "text", ""), 0);
    }
}

static void add_entry(flow_t *flow, const matter_t *dossier, const json_t *entry)
{
    char text[TEXT_SIZE], day[PIA_FRENCH_DAY_SIZE] = "";
    int64_t at_ms;
    const transition_t *transition =
        machine_transition(dossier->machine, pia_json_text_or(entry, "transition", ""));
    int state = machine_state(dossier->machine, pia_json_text_or(entry, "to", ""));
    if (pia_time_parse(pia_json_text_or(entry, "effective_at", ""), &at_ms))
        pia_french_day(day_of(at_ms), day);
    (void)snprintf(text, sizeof text, "%lld. %s – %s (%s)",
                   (long long)json_integer_value(json_object_get(entry, "number")), day,
                   transition ? transition->label : pia_json_text_or(entry, "transition", ""),
                   state == STATE_NONE ? pia_json_text_or(entry, "to", "")
                                       : dossier->machine->states[state].label);
    flow_add(flow, &flow_body, "P", text, 2);
}

static void add_history(flow_t *flow, const matter_t *dossier, const json_t *history)
{
    size_t i;
    const json_t *entry;
    flow_add_part(flow, "Historique");
    json_array_foreach(history, i, entry)
    {
        add_entry(flow, dossier, entry);
    }
    flow_add(
        flow, &flow_soft, "P",
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
    const pdf_info_t info = {.title = title,
                             .subject = pia_json_text_or(dossier->card, "title", ""),
                             .made_ms = dossier->changed_ms};
    flow_t flow;
    flow_begin(&flow, pdf_new(&info), title);
    add_head(&flow, dossier);
    add_sections(&flow, sections);
    add_history(&flow, dossier, history);
    return pdf_end(&flow.pdf, ret_bytes, ret_size);
}
