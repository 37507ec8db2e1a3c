/* handlers_piece.c - what is asked for, what is there; reading and removing files. */
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "attachment.h"
#include "completion.h"
#include "pia/memory.h"
#include "proto/piece.h"
#include "section.h"

/* What the list of pieces is made from. */
typedef struct {
    labellisation_t *self;
    const handler_found_t *found;
    json_t *attachments, *completions;
} source_t;

static json_t *attachments_of(const source_t *source, const char *piece)
{
    json_t *own = json_array();
    for (size_t i = 0; i < json_array_size(source->attachments); i++) {
        json_t *attachment = json_array_get(source->attachments, i);
        if (strcmp(json_string_value(json_object_get(attachment, "piece")), piece) == 0)
            json_array_append(own, attachment);
    }
    return own;
}

/* Uploads are told to those who may go on with them. */
static pia_status_t uploads_of(const source_t *source, const char *piece, json_t **ret_uploads)
{
    if ((source->found->roles & PIA_ROLE_CANDIDAT) == 0) {
        *ret_uploads = json_array();
        return PIA_OK;
    }
    return upload_list(source->self->db, source->found->matter.id, piece,
                       source->self->limits.upload_kept_ms, ret_uploads);
}

static pia_status_t append_piece(const source_t *source, const piece_rule_t *rule, json_t *items)
{
    bool has = false;
    const char *why;
    json_t *uploads = NULL;
    pia_status_t status = completion_has(source->self->db, &source->found->matter,
                                         source->completions, rule->name, &has);
    if (status == PIA_OK)
        status = uploads_of(source, rule->name, &uploads);
    if (status != PIA_OK)
        return status;
    (void)completion_of(source->completions, rule->name, &why);
    json_t *item =
        json_pack("{s:s, s:s, s:b, s:O, s:I, s:b, s:o, s:o}", "name", rule->name, "label",
                  rule->label, "indispensable", rule->indispensable, "formats", rule->formats,
                  "files_max", (json_int_t)rule->files_max, "provided", has, "attachments",
                  attachments_of(source, rule->name), "uploads", uploads);
    if (why && !has)
        json_object_set_new(item, "requested", json_string(why));
    json_array_append_new(items, item);
    return PIA_OK;
}

static pia_status_t list_pieces(const source_t *source, json_t **ret_items)
{
    const content_t *content = &source->found->matter.definition->content;
    json_t *items = json_array();
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < content->piece_count; i++)
        status = append_piece(source, &content->pieces[i], items);
    *ret_items = items;
    return status;
}

/* Adds what is missing, and how much is used. */
static pia_status_t add_totals(const source_t *source, json_t *json)
{
    const matter_t *dossier = &source->found->matter;
    json_t *pieces = NULL, *sections = NULL;
    upload_use_t use = {0};
    pia_status_t status = completion_missing(source->self->db, dossier, &pieces);
    if (status == PIA_OK)
        status = section_missing(source->self->db, dossier, &sections);
    if (status == PIA_OK)
        status = upload_use(source->self->db, dossier->id, "", &use);
    bool complete = json_array_size(pieces) + json_array_size(sections) == 0;
    json_object_set_new(json, "complete", json_boolean(complete));
    json_object_set_new(json, "missing_pieces", pieces);
    json_object_set_new(json, "missing_sections", sections);
    json_object_set_new(json, "used", json_integer(use.bytes));
    json_object_set_new(json, "quota", json_integer(source->self->limits.dossier_max));
    return status;
}

static pia_status_t
view_pieces(labellisation_t *self, const handler_found_t *found, json_t **ret_json)
{
    source_t source = {.self = self, .found = found};
    json_t *items = NULL;
    pia_status_t status = attachment_list(self->db, found->matter.id, &source.attachments);
    if (status == PIA_OK)
        status = completion_list(self->db, found->matter.id, &source.completions);
    if (status == PIA_OK)
        status = list_pieces(&source, &items);
    json_t *json = json_pack("{s:o*, s:b}", "items", items, "writable",
                             access_allows(&found->matter, found->roles, ACCESS_ATTACH));
    if (status == PIA_OK)
        status = add_totals(&source, json);
    json_decref(source.attachments);
    json_decref(source.completions);
    *ret_json = json;
    return status;
}

void handle_piece_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_piece_list_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        status = view_pieces(self, &found, &json);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}

void handle_completion_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_completion_list_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *list = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        status = completion_list(self->db, found.matter.id, &list);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json_pack("{s:o*}", "items", list), 0, &problem);
}

/* The dossier for this access, and one of its attachments. */
static pia_status_t find_attachment(labellisation_t *self,
                                    const pia_request_t *request,
                                    access_t access,
                                    attachment_t *ret_attachment,
                                    pia_problem_t *problem)
{
    const char *dossier = json_string_value(json_object_get(pia_request_body(request), "dossier"));
    const char *id = json_string_value(json_object_get(pia_request_body(request), "attachment"));
    handler_found_t found;
    pia_status_t status = access_find(self, request, dossier, access, &found, problem);
    if (status != PIA_OK)
        return status;
    matter_clear(&found.matter);
    status = attachment_find(self->db, dossier, id, ret_attachment);
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(problem, status, "/attachment", "there is no such attachment");
    return status;
}

static json_t *
part_json(const attachment_t *attachment, int64_t offset, const void *bytes, size_t size)
{
    size_t room = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = pia_alloc(room);
    (void)sodium_bin2base64(text, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    json_t *json =
        json_pack("{s:o, s:I, s:I, s:s}", "attachment", attachment_json(attachment), "offset",
                  (json_int_t)offset, "size", (json_int_t)size, "content", text);
    free(text);
    return json;
}

static pia_status_t read_part(labellisation_t *self,
                              const pia_labellisation_attachment_read_t *fields,
                              const attachment_t *attachment,
                              json_t **ret_json,
                              pia_problem_t *problem)
{
    int64_t offset = fields->has_offset ? fields->offset : 0;
    int64_t size = fields->has_size ? fields->size : BLOB_PART_MAX;
    size_t got = 0;
    if (offset > attachment->size)
        return pia_problem_set(problem, PIA_INVALID, "/offset", "the file has %lld bytes",
                               (long long)attachment->size);
    if (size > attachment->size - offset)
        size = attachment->size - offset;
    char *bytes = pia_alloc((size_t)size);
    pia_status_t status =
        blob_read(self->blobs, attachment->hash, offset, bytes, (size_t)size, &got);
    if (status == PIA_OK && got != (size_t)size)
        status = pia_problem_set(problem, PIA_INTERNAL, NULL, "the file is not whole");
    if (status == PIA_OK)
        *ret_json = part_json(attachment, offset, bytes, got);
    free(bytes);
    return status;
}

void handle_attachment_read(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_attachment_read_t *fields = pia_request_fields(*request_p);
    attachment_t attachment;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find_attachment(self, *request_p, ACCESS_READ, &attachment, &problem);
    if (status == PIA_OK)
        status = read_part(self, fields, &attachment, &json, &problem);
    access_answer(request_p, status, json, 0, &problem);
}

void handle_attachment_remove(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    attachment_t attachment;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find_attachment(self, *request_p, ACCESS_ATTACH, &attachment, &problem);
    if (status == PIA_OK && attachment.filed != 0)
        status = pia_problem_set(&problem, PIA_CONFLICT, NULL,
                                 "this file was filed: it stays, and a newer one may be added");
    if (status == PIA_OK)
        status = attachment_remove(self->db, attachment.id);
    if (status == PIA_OK)
        status = blob_release(self->blobs, attachment.hash);
    if (status == PIA_OK)
        json = json_pack("{s:s}", "id", attachment.id);
    access_answer(request_p, status, json, 0, &problem);
}
