/* handlers_upload.c - files come in parts, and become attachments. */
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "attachment.h"
#include "format.h"
#include "pia/clock.h"
#include "pia/memory.h"
#include "proto/piece.h"
#include "upload.h"

/* Makes room for a file, or says why there is none. */
static pia_status_t check_room(labellisation_t *self,
                               const handler_found_t *found,
                               const piece_rule_t *rule,
                               int64_t size,
                               pia_problem_t *problem)
{
    upload_use_t use = {0};
    pia_status_t status = upload_use(self->db, found->matter.id, rule->name, &use);
    if (status != PIA_OK)
        return status;
    if (size > self->limits.file_max)
        return pia_problem_set(problem, PIA_TOO_LARGE, "/size", "a file has at most %lld bytes",
                               (long long)self->limits.file_max);
    if (size > self->limits.dossier_max - use.bytes)
        return pia_problem_set(
            problem, PIA_TOO_LARGE, "/size", "%lld bytes are left of the %lld of a dossier",
            (long long)(self->limits.dossier_max - use.bytes), (long long)self->limits.dossier_max);
    if (use.uploads >= UPLOADS_MAX)
        return pia_problem_set(problem, PIA_CONFLICT, NULL,
                               "%d uploads are open: finish or remove one", UPLOADS_MAX);
    if (use.files >= rule->files_max)
        return pia_problem_set(problem, PIA_CONFLICT, "/piece",
                               "this piece has at most %lld files: remove one first",
                               (long long)rule->files_max);
    return PIA_OK;
}

static pia_status_t check_names(const pia_labellisation_upload_create_t *fields,
                                const piece_rule_t *rule,
                                pia_problem_t *problem)
{
    if (!rule)
        return pia_problem_set(problem, PIA_NOT_FOUND, "/piece",
                               "the procedure asks for no piece of this name");
    if (!upload_is_name(fields->name))
        return pia_problem_set(problem, PIA_INVALID, "/name", "is not the name of a file");
    if (fields->sha256 && !upload_is_hash(fields->sha256))
        return pia_problem_set(problem, PIA_INVALID, "/sha256",
                               "is not 64 hexadecimal digits in lower case");
    return PIA_OK;
}

static pia_status_t create(labellisation_t *self,
                           const handler_found_t *found,
                           const pia_labellisation_upload_create_t *fields,
                           json_t **ret_json,
                           pia_problem_t *problem)
{
    const piece_rule_t *rule = content_piece(&found->matter.definition->content, fields->piece);
    pia_status_t status = check_names(fields, rule, problem);
    if (status == PIA_OK)
        status = check_room(self, found, rule, fields->size, problem);
    if (status != PIA_OK)
        return status;
    upload_t upload = {.size = fields->size, .touched_ms = pia_clock_wall()};
    pia_uuid7_text(upload.id);
    (void)snprintf(upload.dossier, sizeof upload.dossier, "%s", found->matter.id);
    (void)snprintf(upload.piece, sizeof upload.piece, "%s", rule->name);
    (void)snprintf(upload.name, sizeof upload.name, "%s", fields->name);
    (void)snprintf(upload.sha256, sizeof upload.sha256, "%s", fields->sha256 ? fields->sha256 : "");
    (void)crypto_hash_sha256_init(&upload.hashing);
    status = upload_insert(self->db, &upload);
    if (status == PIA_OK)
        *ret_json = upload_json(&upload, self->limits.upload_kept_ms);
    return status;
}

void handle_upload_create(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_upload_create_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_ATTACH, &found, &problem);
    if (status == PIA_OK) {
        status = create(self, &found, fields, &json, &problem);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}

/* The dossier that may be attached to, and one of its uploads. */
static pia_status_t find_upload(labellisation_t *self,
                                const pia_request_t *request,
                                handler_found_t *ret_found,
                                upload_t *ret_upload,
                                pia_problem_t *problem)
{
    const char *dossier = json_string_value(json_object_get(pia_request_body(request), "dossier"));
    const char *id = json_string_value(json_object_get(pia_request_body(request), "upload"));
    pia_status_t status = access_find(self, request, dossier, ACCESS_ATTACH, ret_found, problem);
    if (status != PIA_OK)
        return status;
    status = upload_find(self->db, dossier, id, ret_upload);
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(problem, status, "/upload", "there is no such upload");
    else if (status == PIA_GONE)
        (void)pia_problem_set(problem, status, NULL, "this upload cannot go on: begin again");
    if (status != PIA_OK)
        matter_clear(&ret_found->matter);
    return status;
}

void handle_upload_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    handler_found_t found;
    upload_t upload;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find_upload(self, *request_p, &found, &upload, &problem);
    if (status == PIA_OK) {
        json = upload_json(&upload, self->limits.upload_kept_ms);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}

static pia_status_t put_bytes(labellisation_t *self,
                              upload_t *upload,
                              const char *bytes,
                              const upload_plan_t *plan,
                              pia_problem_t *problem)
{
    if (plan->take == 0)
        return PIA_OK;
    bytes += plan->skip;
    pia_status_t status = blob_write(self->blobs, upload->id, upload->held, bytes, plan->take);
    if (status == PIA_GONE)
        return pia_problem_set(problem, status, NULL,
                               "what was held of this upload is lost: begin again");
    return status == PIA_OK ? upload_advance(self->db, upload, bytes, plan->take) : status;
}

static pia_status_t
put(labellisation_t *self, const pia_request_t *request, upload_t *upload, pia_problem_t *problem)
{
    const pia_labellisation_upload_put_t *fields = pia_request_fields(request);
    upload_plan_t plan;
    size_t size = 0;
    char *bytes = upload_decode(fields->content, &size);
    if (!bytes)
        return pia_problem_set(problem, PIA_INVALID, "/content",
                               "is not base64 of at most %d bytes", BLOB_PART_MAX);
    pia_status_t status = upload_plan(upload, fields->offset, size, &plan, problem);
    if (status == PIA_OK)
        status = put_bytes(self, upload, bytes, &plan, problem);
    free(bytes);
    return status;
}

void handle_upload_put(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    handler_found_t found;
    upload_t upload;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find_upload(self, *request_p, &found, &upload, &problem);
    if (status == PIA_OK) {
        status = put(self, *request_p, &upload, &problem);
        json = upload_json(&upload, self->limits.upload_kept_ms);
        matter_clear(&found.matter);
    }
    if (status == PIA_CONFLICT && problem.status == PIA_CONFLICT && json)
        pia_request_conflict(request_p, &problem, json);
    else
        access_answer(request_p, status, json, 0, &problem);
}

/* The hash of a whole upload, which must be the one that was announced, before or now. */
static pia_status_t check_hash(const upload_t *upload,
                               const char *announced,
                               char ret_hash[BLOB_HASH_SIZE],
                               pia_problem_t *problem)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hashing = upload->hashing;
    const char *wanted = announced ? announced : upload->sha256;
    if (upload->held < upload->size)
        return pia_problem_set(problem, PIA_CONFLICT, NULL, "%lld of %lld bytes are held",
                               (long long)upload->held, (long long)upload->size);
    if (!upload_is_hash(wanted))
        return pia_problem_set(problem, PIA_INVALID, "/sha256",
                               "the SHA-256 of the file is needed: 64 hexadecimal digits");
    (void)crypto_hash_sha256_final(&hashing, hash);
    (void)sodium_bin2hex(ret_hash, BLOB_HASH_SIZE, hash, sizeof hash);
    if (strcmp(ret_hash, wanted) != 0 ||
        (upload->sha256[0] && strcmp(ret_hash, upload->sha256) != 0))
        return pia_problem_set(problem, PIA_INVALID, "/sha256",
                               "the bytes that came have another SHA-256: %s", ret_hash);
    return PIA_OK;
}

static pia_status_t check_format(labellisation_t *self,
                                 const upload_t *upload,
                                 const piece_rule_t *rule,
                                 const format_t **ret_format,
                                 pia_problem_t *problem)
{
    size_t size = 0;
    char *head = pia_alloc(FORMAT_HEAD_SIZE);
    pia_status_t status = blob_read(self->blobs, upload->id, 0, head, FORMAT_HEAD_SIZE, &size);
    if (status == PIA_OK)
        status = format_read(self->formats, head, size, rule->formats, ret_format, problem);
    free(head);
    return status;
}

/* The upload becomes an attachment of the same id. */
static pia_status_t keep(labellisation_t *self, const upload_t *upload, attachment_t *attachment)
{
    pia_status_t status = blob_keep(self->blobs, upload->id, attachment->hash, attachment->size);
    if (status == PIA_OK)
        status = attachment_insert(self->db, upload->dossier, attachment);
    return status == PIA_OK ? upload_remove(self->db, upload->id) : status;
}

static pia_status_t finish(labellisation_t *self,
                           const handler_found_t *found,
                           const upload_t *upload,
                           const char *announced,
                           json_t **ret_json,
                           pia_problem_t *problem)
{
    const piece_rule_t *rule = content_piece(&found->matter.definition->content, upload->piece);
    const format_t *format = NULL;
    attachment_t attachment = {.size = upload->size, .added_ms = pia_clock_now()};
    pia_status_t status = check_hash(upload, announced, attachment.hash, problem);
    if (status == PIA_OK)
        status = check_format(self, upload, rule, &format, problem);
    if (status != PIA_OK)
        return status;
    memcpy(attachment.id, upload->id, sizeof attachment.id);
    memcpy(attachment.piece, upload->piece, sizeof attachment.piece);
    memcpy(attachment.name, upload->name, sizeof attachment.name);
    (void)snprintf(attachment.type, sizeof attachment.type, "%s", format->media_type);
    status = keep(self, upload, &attachment);
    if (status == PIA_GONE)
        return pia_problem_set(problem, status, NULL,
                               "what was held of this upload is lost: begin again");
    if (status == PIA_OK)
        *ret_json = attachment_json(&attachment);
    return status;
}

/* An upload that was finished before is told again. */
static pia_status_t tell_again(labellisation_t *self,
                               const pia_labellisation_upload_finish_t *fields,
                               json_t **ret_json)
{
    attachment_t attachment;
    pia_status_t status = attachment_find(self->db, fields->dossier, fields->upload, &attachment);
    if (status == PIA_OK && fields->sha256 && strcmp(fields->sha256, attachment.hash) != 0)
        return PIA_NOT_FOUND;
    if (status == PIA_OK)
        *ret_json = attachment_json(&attachment);
    return status;
}

void handle_upload_finish(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_upload_finish_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    upload_t upload;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_ATTACH, &found, &problem);
    if (status == PIA_OK) {
        status = upload_find(self->db, fields->dossier, fields->upload, &upload);
        if (status == PIA_OK)
            status = finish(self, &found, &upload, fields->sha256, &json, &problem);
        else if (status == PIA_NOT_FOUND)
            status = tell_again(self, fields, &json);
        matter_clear(&found.matter);
    }
    if (status == PIA_NOT_FOUND && problem.status != status)
        (void)pia_problem_set(&problem, status, "/upload", "there is no such upload");
    else if (status == PIA_GONE && problem.status != status)
        (void)pia_problem_set(&problem, status, NULL, "this upload cannot go on: begin again");
    access_answer(request_p, status, json, 0, &problem);
}

void handle_upload_remove(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    handler_found_t found;
    upload_t upload;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = find_upload(self, *request_p, &found, &upload, &problem);
    if (status == PIA_OK) {
        status = upload_remove(self->db, upload.id);
        if (status == PIA_OK)
            status = blob_drop(self->blobs, upload.id);
        json = json_pack("{s:s}", "id", upload.id);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}
