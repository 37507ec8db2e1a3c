/* handlers_record.c - what stands in the record of a dossier: its history, its reviews. */
#include "handler.h"
#include "history.h"
#include "proto/dossier.h"
#include "review.h"
#include "view.h"

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

void handle_dossier_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_history_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        status = handler_history(self, &found, *request_p, fields->after, &page, &problem);
        matter_clear(&found.matter);
    }
    answer(request_p, status, page, &problem);
}

void handle_dossier_texts(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_dossier_texts_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *list = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        handler_find(self, *request_p, MACHINE_DOSSIER, fields->dossier, &found, &problem);
    if (status == PIA_OK) {
        const history_reader_t reader = handler_reader(&found, *request_p);
        status = history_texts(self->db, found.matter.id, &reader, fields->number, &list);
        matter_clear(&found.matter);
    }
    if (status == PIA_NOT_FOUND)
        (void)pia_problem_set(&problem, status, "/number", "there is no such entry");
    else if (status == PIA_FORBIDDEN)
        (void)pia_problem_set(&problem, status, "/number", "these texts are not for you");
    answer(request_p, status, list, &problem);
}

/* Also for an operator, who does not see the dossier: the answer holds nothing of it. */
void handle_dossier_verify(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_dossier_verify_t *fields = pia_request_fields(*request_p);
    matter_t dossier;
    json_t *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        matter_load(self->db, self->library, MACHINE_DOSSIER, fields->dossier, &dossier, &problem);
    if (status == PIA_OK) {
        status = history_verify(self->db, &dossier, &proof);
        matter_clear(&dossier);
    }
    answer(request_p, status, proof, &problem);
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
        if (view_is_reader(&found.matter, found.roles))
            status = review_list(self->db, found.matter.id, NULL, &list);
        else if ((found.roles & PIA_ROLE_REVIEWER) != 0)
            status = review_list(self->db, found.matter.id, principal->person, &list);
        else
            status =
                pia_problem_set(&problem, PIA_FORBIDDEN, NULL, "reviews are for those who decide");
        matter_clear(&found.matter);
    }
    answer(request_p, status, list, &problem);
}
