/* handlers_export.c - a dossier as a file, part by part. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "pia/clock.h"
#include "proto/certificate.h"

enum { KEPT_MS = 60000 };

/* Whether what is kept is what is asked for: made for the same asker from the same version, and the
 * one whose other parts the asker has. */
static bool is_kept(const export_kept_t *kept, const char *whose, const file_asked_t *asked)
{
    return kept->file.bytes && asked->sha256 && strcmp(kept->whose, whose) == 0 &&
           strcmp(kept->file.sha256, asked->sha256) == 0;
}

static void forget(export_kept_t *kept)
{
    free(kept->file.bytes);
    *kept = (export_kept_t){.until_ms = 0};
}

void export_forget(labellisation_t *self, bool at_once)
{
    if (self->export.file.bytes && (at_once || pia_clock_monotonic() > self->export.until_ms))
        forget(&self->export);
}

/* The file for this asker, kept between its parts. */
static pia_status_t take(labellisation_t *self,
                         const handler_found_t *found,
                         const pia_request_t *request,
                         const file_asked_t *asked,
                         pia_problem_t *problem)
{
    char whose[sizeof self->export.whose];
    export_kept_t *kept = &self->export;
    (void)snprintf(whose, sizeof whose, "%s %lld %s %u", found->matter.id,
                   (long long)found->matter.version, pia_request_principal(request)->subject,
                   found->roles);
    pia_status_t status = PIA_OK;
    if (!is_kept(kept, whose, asked)) {
        forget(kept);
        status = export_make(self, found, request, &kept->file, problem);
        memcpy(kept->whose, whose, sizeof whose);
    }
    kept->until_ms = pia_clock_monotonic() + KEPT_MS;
    return status;
}

void handle_dossier_export(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_dossier_export_t *fields = pia_request_fields(*request_p);
    const file_asked_t asked = {.offset = fields->has_offset ? fields->offset : 0,
                                .size = fields->has_size ? fields->size : FILE_PART_SIZE,
                                .sha256 = fields->sha256};
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find_inner(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        status = take(self, &found, *request_p, &asked, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK)
        status = file_part(&self->export.file, &asked, &json, &problem);
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, &problem);
}
