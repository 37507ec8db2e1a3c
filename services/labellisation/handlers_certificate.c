/* handlers_certificate.c - a label by its number, for anyone; its certificate, for its holder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "file_part.h"
#include "handler.h"
#include "label_number.h"
#include "pia/clock.h"
#include "proto/certificate.h"

enum { URL_SIZE = 320 };

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

static pia_status_t read_certificate(labellisation_t *self,
                                     const matter_t *label,
                                     int64_t day,
                                     json_t **ret_certificate,
                                     pia_problem_t *problem)
{
    pia_status_t status = certificate_read(self->db, label, day, ret_certificate);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, NULL, "this label has no number");
    return status;
}

/* Today (NULL), or a day before. */
static pia_status_t read_day(const char *text, int64_t *ret_day, pia_problem_t *problem)
{
    int64_t today = day_of(pia_clock_now());
    *ret_day = today;
    if (!text || (pia_date_parse(text, ret_day) && *ret_day <= today))
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/on", "nobody knows yet: it is after today");
}

void handle_certificate_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_certificate_get_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    char id[PIA_UUID_TEXT_SIZE];
    json_t *certificate = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    int64_t day = 0;
    pia_status_t status = read_day(fields->on, &day, &problem);
    if (status == PIA_OK)
        status = label_number_find(self->db, fields->number, id);
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(&problem, status, "/number", "there is no label of this number");
    if (status == PIA_OK)
        status = handler_find(self, *request_p, MACHINE_LABEL, id, &found, &problem);
    if (status == PIA_OK) {
        status = read_certificate(self, &found.matter, day, &certificate, &problem);
        matter_clear(&found.matter);
    }
    answer(request_p, status, certificate, &problem);
}

/* Only of a label that is valid: who shows the paper of another one would deceive. */
static pia_status_t check_valid(const json_t *certificate, pia_problem_t *problem)
{
    const char *standing = json_string_value(json_object_get(certificate, "standing"));
    if (strcmp(standing, "valid") == 0)
        return PIA_OK;
    return pia_problem_set(problem, PIA_CONFLICT, NULL, "the label is %s since %s", standing,
                           json_string_value(json_object_get(certificate, "since")));
}

static pia_status_t draw(labellisation_t *self,
                         const matter_t *label,
                         const json_t *certificate,
                         file_t *ret_file,
                         pia_problem_t *problem)
{
    char url[URL_SIZE];
    const char *number = json_string_value(json_object_get(certificate, "number"));
    int size = snprintf(url, sizeof url, "%s/verification/%s", self->public_url, number);
    *ret_file = (file_t){.type = "application/pdf"};
    (void)snprintf(ret_file->name, sizeof ret_file->name, "certificat-%s.pdf", number);
    pia_status_t status = (size_t)size < sizeof url
                              ? certificate_draw(certificate, url, label->created_ms,
                                                 &ret_file->bytes, &ret_file->size)
                              : PIA_TOO_LARGE;
    if (status == PIA_TOO_LARGE)
        return pia_problem_set(problem, PIA_INTERNAL, NULL, "the public address is too long");
    if (status == PIA_OK)
        file_hash(ret_file->bytes, ret_file->size, ret_file->sha256);
    return status;
}

void handle_label_certificate(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_label_certificate_t *fields = pia_request_fields(*request_p);
    const file_asked_t asked = {.offset = fields->has_offset ? fields->offset : 0,
                                .size = fields->has_size ? fields->size : FILE_PART_SIZE,
                                .sha256 = fields->sha256};
    handler_found_t found;
    file_t file = {.bytes = NULL};
    json_t *certificate = NULL, *part = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_LABEL, fields->label, &found, &problem);
    if (status == PIA_OK) {
        status =
            read_certificate(self, &found.matter, day_of(pia_clock_now()), &certificate, &problem);
        if (status == PIA_OK)
            status = check_valid(certificate, &problem);
        if (status == PIA_OK)
            status = draw(self, &found.matter, certificate, &file, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK)
        status = file_part(&file, &asked, &part, &problem);
    free(file.bytes);
    json_decref(certificate);
    answer(request_p, status, part, &problem);
}
