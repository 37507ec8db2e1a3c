/* handlers_record.c - what stands in the record of a dossier: its history, its reviews. */
#include "proto/dossier.h"
#include "report.h"
#include "serve.h"

void handle_dossier_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_DOSSIER, fields->dossier, fields->after);
}

void handle_dossier_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_DOSSIER, fields->dossier, fields->number);
}

/* Also for an operator, who does not see the dossier. */
void handle_dossier_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_DOSSIER, fields->dossier);
}

void handle_dossier_reviews(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_dossier_reviews_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    handler_found_t found;
    json_t *list = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        status = report_list(self->db, &found.matter, principal, found.roles, &list, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, list, 0);
    else
        handler_fail(request_p, status, &problem);
}
