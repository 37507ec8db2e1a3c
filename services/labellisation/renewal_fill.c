/* renewal_fill.c - a new dossier gets what an earlier one held. */
#include <stdio.h>
#include <stdlib.h>

#include "attachment.h"
#include "pia/json.h"
#include "renewal.h"
#include "section.h"

static const char author[] = "/services/labellisation";

static pia_status_t fill_section(const act_t *act,
                                 const matter_t *dossier,
                                 const section_rule_t *rule,
                                 const char *earlier)
{
    section_t section;
    char *text = NULL;
    pia_status_t status = section_find(act->db, earlier, rule->name, 0, &section);
    if (status == PIA_OK && section.size > rule->max)
        return PIA_OK;
    if (status == PIA_OK)
        status = text_get(act->db, section.text_hash, &text);
    if (status == PIA_NOT_FOUND) /* never written, or erased */
        return PIA_OK;
    const section_save_t save = {
        .dossier = dossier->id,
        .name = rule->name,
        .text = text,
        .author = author,
        .saved_ms = act->recorded_ms,
    };
    if (status == PIA_OK)
        status = section_save(act->db, &save);
    free(text);
    return status;
}

static pia_status_t fill_file(const act_t *act, const matter_t *dossier, const json_t *file)
{
    attachment_t attachment = {
        .size = json_integer_value(json_object_get(file, "size")),
        .added_ms = act->recorded_ms,
    };
    pia_uuid7_text(attachment.id);
    (void)snprintf(attachment.piece, sizeof attachment.piece, "%s", pia_json_text(file, "piece"));
    (void)snprintf(attachment.name, sizeof attachment.name, "%s", pia_json_text(file, "name"));
    (void)snprintf(attachment.type, sizeof attachment.type, "%s", pia_json_text(file, "type"));
    (void)snprintf(attachment.hash, sizeof attachment.hash, "%s", pia_json_text(file, "sha256"));
    return attachment_insert(act->db, dossier->id, &attachment);
}

/* The newest files of a piece, as many as it may have. */
static pia_status_t
fill_piece(const act_t *act, const matter_t *dossier, const piece_rule_t *rule, const json_t *files)
{
    int64_t left = rule->files_max;
    pia_status_t status = PIA_OK;
    for (size_t i = json_array_size(files); status == PIA_OK && left > 0 && i-- > 0;) {
        const json_t *file = json_array_get(files, i);
        const char *piece = pia_json_text(file, "piece");
        if (content_piece(&dossier->definition->content, piece) != rule)
            continue;
        status = fill_file(act, dossier, file);
        left--;
    }
    return status;
}

pia_status_t renewal_fill(const act_t *act, const matter_t *dossier, const char *earlier)
{
    const content_t *content = &dossier->definition->content;
    json_t *files = NULL;
    pia_status_t status = attachment_list(act->db, earlier, &files);
    for (size_t i = 0; status == PIA_OK && i < content->section_count; i++)
        status = fill_section(act, dossier, &content->sections[i], earlier);
    for (size_t i = 0; status == PIA_OK && i < content->piece_count; i++)
        status = fill_piece(act, dossier, &content->pieces[i], files);
    json_decref(files);
    return status;
}
