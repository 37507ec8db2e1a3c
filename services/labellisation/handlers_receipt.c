/* handlers_receipt.c - reading receipts. */
#include "access.h"
#include "proto/receipt.h"
#include "receipt.h"

void handle_receipt_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_receipt_get_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        matter_clear(&found.matter);
        status =
            receipt_find(self->db, fields->dossier, fields->has_number ? fields->number : 0, &json);
        if (status == PIA_NOT_FOUND)
            (void)pia_problem_set(&problem, status, "/number",
                                  "there is no receipt: the dossier was not filed");
    }
    access_answer(request_p, status, json, 0, &problem);
}
