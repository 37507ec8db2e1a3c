/* export.c - what is in a dossier's zip. */
#include "export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "attachment.h"
#include "letter.h"
#include "pia/memory.h"
#include "proof.h"
#include "receipt.h"
#include "report.h"
#include "section.h"
#include "view.h"

enum { NAME_SIZE = 400, PAGE = 200 };

/* An export in the making. */
typedef struct {
    labellisation_t *self;
    const handler_found_t *found;
    const pia_request_t *request;
    archive_t *archive;
    json_t *history;  /* all of the reader's */
    json_t *sections; /* [{"name", "label", "text"}] */
    json_t *left_out; /* pieces, of the manifest */
    int64_t pieces;   /* bytes */
} export_t;

static const matter_t *dossier_of(const export_t *export)
{
    return &export->found->matter;
}

static bool may_read(const export_t *export)
{
    return access_allows(dossier_of(export), export->found->roles, ACCESS_READ);
}

static pia_status_t read_history(export_t *export)
{
    const history_reader_t reader =
        handler_reader(export->found, pia_request_principal(export->request));
    pia_status_t status = PIA_OK;
    int64_t after = 0;
    while (status == PIA_OK) {
        json_t *page = NULL;
        status =
            history_page(export->self->db, dossier_of(export)->id, &reader, after, PAGE, &page);
        json_array_extend(export->history, json_object_get(page, "items"));
        bool more = json_object_get(page, "next") != NULL;
        json_decref(page);
        if (!more)
            break;
        after += PAGE;
    }
    return status;
}

static pia_status_t read_section(export_t *export, const section_rule_t *rule)
{
    section_t section;
    char *text = NULL;
    pia_status_t status =
        section_find(export->self->db, dossier_of(export)->id, rule->name, 0, &section);
    if (status == PIA_OK)
        status = text_get(export->self->db, section.text_hash, &text);
    if (status == PIA_OK)
        json_array_append_new(export->sections, json_pack("{s:s, s:s, s:s}", "name", rule->name,
                                                          "label", rule->label, "text", text));
    free(text);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t read_sections(export_t *export)
{
    const content_t *content = &dossier_of(export)->definition->content;
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && may_read(export) && i < content->section_count; i++)
        status = read_section(export, &content->sections[i]);
    return status;
}

static pia_status_t add_summary(export_t *export)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    pia_status_t status =
        export_draw(dossier_of(export), export->history, export->sections, &bytes, &size);
    if (status == PIA_OK)
        archive_add(export->archive, "resume.pdf", bytes, size);
    return status;
}

static pia_status_t add_dossier(export_t *export)
{
    json_t *json = NULL;
    pia_status_t status =
        view_dossier(export->self->db, dossier_of(export), pia_request_principal(export->request),
                     export->found->roles, &json);
    if (status == PIA_OK)
        archive_add_json(export->archive, "dossier.json", json);
    json_decref(json);
    if (status == PIA_OK)
        archive_add_json(export->archive, "historique.json", export->history);
    return status;
}

static pia_status_t add_sections(export_t *export)
{
    size_t i;
    const json_t *section;
    json_array_foreach(export->sections, i, section)
    {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof name, "sections/%s.txt",
                       json_string_value(json_object_get(section, "name")));
        archive_add_text(export->archive, name,
                         json_string_value(json_object_get(section, "text")));
    }
    return PIA_OK;
}

/* The texts that one entry names, as far as they are not erased. */
static void add_texts_of(export_t *export, int64_t number, const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(json_object_get(list, "items"), i, item)
    {
        char name[NAME_SIZE];
        const char *text = json_string_value(json_object_get(item, "text"));
        (void)snprintf(name, sizeof name, "textes/%04lld-%s.txt", (long long)number,
                       json_string_value(json_object_get(item, "name")));
        if (text)
            archive_add_text(export->archive, name, text);
    }
}

static pia_status_t add_texts(export_t *export)
{
    const history_reader_t reader =
        handler_reader(export->found, pia_request_principal(export->request));
    pia_status_t status = PIA_OK;
    for (int64_t number = 1; status == PIA_OK && number <= dossier_of(export)->version; number++) {
        json_t *list = NULL;
        status = history_texts(export->self->db, dossier_of(export)->id, &reader, number, &list);
        if (status == PIA_OK)
            add_texts_of(export, number, list);
        json_decref(list);
        if (status == PIA_FORBIDDEN)
            status = PIA_OK;
    }
    return status;
}

static pia_status_t add_receipt(export_t *export)
{
    json_t *receipt = NULL;
    if (!may_read(export))
        return PIA_OK;
    pia_status_t status = receipt_find(export->self->db, dossier_of(export)->id, 0, &receipt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_OK : status;
    char *text = receipt_text(receipt);
    archive_add_text(export->archive, "accuse-de-reception.txt", text);
    archive_add_json(export->archive, "accuse-de-reception.json", receipt);
    free(text);
    json_decref(receipt);
    return PIA_OK;
}

static pia_status_t add_reviews(export_t *export)
{
    json_t *list = NULL;
    pia_status_t status =
        report_list(export->self->db, dossier_of(export), pia_request_principal(export->request),
                    export->found->roles, &list, NULL);
    if (status == PIA_FORBIDDEN)
        return PIA_OK;
    if (status == PIA_OK && json_array_size(json_object_get(list, "items")) > 0)
        archive_add_json(export->archive, "rapports.json", list);
    json_decref(list);
    return status;
}

/* All messages with the candidate; notes are confidential and leave with no file. The candidate's
 * side reads them: who wrote for the office is not named. */
static pia_status_t add_messages(export_t *export)
{
    letter_query_t query = {dossier_of(export)->id, LETTER_MESSAGE, SIDE_CANDIDATE, 0, PAGE};
    json_t *all = json_array();
    pia_status_t status = PIA_OK;
    if (!access_allows(dossier_of(export), export->found->roles, ACCESS_LETTER)) {
        json_decref(all);
        return PIA_OK;
    }
    for (bool more = true; status == PIA_OK && more;) {
        json_t *page = NULL;
        status = letter_list(export->self->db, &query, &page);
        const json_t *items = json_object_get(page, "items");
        json_array_extend(all, (json_t *)items);
        query.after += (int64_t)json_array_size(items);
        more = json_object_get(page, "next") != NULL;
        json_decref(page);
    }
    if (status == PIA_OK && json_array_size(all) > 0)
        archive_add_json(export->archive, "messages.json", all);
    json_decref(all);
    return status;
}

static pia_status_t read_blob(export_t *export, const char *hash, size_t size, uint8_t *ret_bytes)
{
    pia_status_t status = PIA_OK;
    for (size_t at = 0, got = 0; status == PIA_OK && at < size; at += got) {
        size_t part = size - at < BLOB_PART_MAX ? size - at : BLOB_PART_MAX;
        status = blob_read(export->self->blobs, hash, (int64_t)at, ret_bytes + at, part, &got);
        if (status == PIA_OK && got != part)
            status = PIA_INTERNAL;
    }
    return status;
}

/* A file of a piece: its id stands before its name, so that names are unique. */
static pia_status_t add_piece(export_t *export, const json_t *attachment)
{
    char name[NAME_SIZE];
    int64_t size = json_integer_value(json_object_get(attachment, "size"));
    (void)snprintf(name, sizeof name, "pieces/%s/%s-%s",
                   json_string_value(json_object_get(attachment, "piece")),
                   json_string_value(json_object_get(attachment, "id")),
                   json_string_value(json_object_get(attachment, "name")));
    if (export->pieces + size > EXPORT_PIECES_MAX) {
        json_array_append_new(export->left_out,
                              json_pack("{s:s, s:I, s:O}", "name", name, "size", (json_int_t)size,
                                        "sha256", json_object_get(attachment, "sha256")));
        return PIA_OK;
    }
    uint8_t *bytes = pia_alloc((size_t)size);
    pia_status_t status = read_blob(
        export, json_string_value(json_object_get(attachment, "sha256")), (size_t)size, bytes);
    if (status != PIA_OK) {
        free(bytes);
        return status;
    }
    export->pieces += size;
    archive_add(export->archive, name, bytes, (size_t)size);
    return PIA_OK;
}

static pia_status_t add_pieces(export_t *export)
{
    json_t *attachments = NULL;
    size_t i;
    const json_t *attachment;
    if (!may_read(export))
        return PIA_OK;
    pia_status_t status = attachment_list(export->self->db, dossier_of(export)->id, &attachments);
    json_array_foreach(attachments, i, attachment)
    {
        if (status == PIA_OK)
            status = add_piece(export, attachment);
    }
    json_decref(attachments);
    return status;
}

/* In the head that first had its last entry: later entries of others change nothing. */
static pia_status_t add_proof(export_t *export)
{
    const history_reader_t reader =
        handler_reader(export->found, pia_request_principal(export->request));
    json_t *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const proof_source_t source = {export->self->db, &export->self->key, &problem};
    pia_status_t status = proof_matter(&source, dossier_of(export), &reader, PROOF_LEAST, &proof);
    if (status == PIA_OK)
        archive_add_json(export->archive, "preuve.json", proof);
    json_decref(proof);
    return status;
}

static pia_status_t add_manifest(export_t *export)
{
    const matter_t *dossier = dossier_of(export);
    json_t *manifest = json_pack("{s:s, s:s, s:I, s:o, s:O}", "format", "pia export 1", "dossier",
                                 dossier->id, "version", (json_int_t)dossier->version, "files",
                                 archive_list(export->archive), "left_out", export->left_out);
    archive_add_json(export->archive, "manifeste.json", manifest);
    json_decref(manifest);
    return PIA_OK;
}

typedef pia_status_t step_fn(export_t *export);

static pia_status_t fill(export_t *export)
{
    static step_fn *const steps[] = {read_history, read_sections, add_summary, add_dossier,
                                     add_sections, add_texts,     add_receipt, add_messages,
                                     add_reviews,  add_pieces,    add_proof,   add_manifest};
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < sizeof steps / sizeof steps[0]; i++)
        status = steps[i](export);
    return status;
}

pia_status_t export_make(labellisation_t *self,
                         const handler_found_t *found,
                         const pia_request_t *request,
                         file_t *ret_file,
                         pia_problem_t *problem)
{
    export_t export = {.self = self,
                       .found = found,
                       .request = request,
                       .archive = archive_new(),
                       .history = json_array(),
                       .sections = json_array(),
                       .left_out = json_array()};
    pia_status_t status = fill(&export);
    *ret_file = (file_t){.type = "application/zip"};
    (void)snprintf(ret_file->name, sizeof ret_file->name, "dossier-%s.zip", found->matter.id);
    if (status == PIA_OK)
        status = archive_zip(export.archive, &ret_file->bytes, &ret_file->size);
    if (status == PIA_OK)
        file_hash(ret_file->bytes, ret_file->size, ret_file->sha256);
    else if (status == PIA_INTERNAL)
        (void)pia_problem_set(problem, status, NULL, "the dossier cannot be put together");
    archive_destroy(&export.archive);
    json_decref(export.history);
    json_decref(export.sections);
    json_decref(export.left_out);
    return status;
}
