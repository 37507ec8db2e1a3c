/* handlers_evidence.c - the log over all histories: its heads, its proofs, its check. */
#include "handler.h"
#include "proof.h"
#include "proto/evidence.h"
#include "verify.h"

enum { VERIFY_LIMIT = 1000 }; /* entries; measured: 13 ms of the store thread, SQLite */

static void
answer(pia_request_t **request_p, pia_status_t status, json_t *json, pia_problem_t *problem)
{
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, problem);
}

void handle_evidence_head(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_evidence_head_t *fields = pia_request_fields(*request_p);
    json_t *head = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const proof_source_t source = {self->db, &self->key, &problem};
    pia_status_t status = proof_head(&source, fields->has_size ? fields->size : 0, &head);
    answer(request_p, status, head, &problem);
}

void handle_evidence_consistency(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_evidence_consistency_t *fields = pia_request_fields(*request_p);
    json_t *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    const proof_source_t source = {self->db, &self->key, &problem};
    pia_status_t status =
        proof_consistency(&source, fields->first, fields->has_size ? fields->size : 0, &proof);
    answer(request_p, status, proof, &problem);
}

void handle_evidence_verify(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_evidence_verify_t *fields = pia_request_fields(*request_p);
    json_t *check = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = verify_log(self->db, &self->key, fields->has_from ? fields->from : 0,
                                     fields->has_limit ? fields->limit : VERIFY_LIMIT, &check);
    if (status == PIA_INVALID)
        (void)pia_problem_set(&problem, status, "/from", "the log has fewer entries");
    answer(request_p, status, check, &problem);
}

/* The proof of a history, for who may read it. */
static void answer_proof(labellisation_t *self,
                         pia_request_t **request_p,
                         machine_kind_t kind,
                         const char *id,
                         int64_t size)
{
    handler_found_t found;
    json_t *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = handler_find_inner(self, *request_p, kind, id, &found, &problem);
    if (status == PIA_OK) {
        const history_reader_t reader = handler_reader(&found, pia_request_principal(*request_p));
        const proof_source_t source = {self->db, &self->key, &problem};
        status = proof_matter(&source, &found.matter, &reader, size, &proof);
        matter_clear(&found.matter);
    }
    answer(request_p, status, proof, &problem);
}

void handle_dossier_proof(void *self, pia_request_t **request_p)
{
    const pia_labellisation_dossier_proof_t *fields = pia_request_fields(*request_p);
    answer_proof(self, request_p, MACHINE_DOSSIER, fields->dossier,
                 fields->has_size ? fields->size : 0);
}

void handle_label_proof(void *self, pia_request_t **request_p)
{
    const pia_labellisation_label_proof_t *fields = pia_request_fields(*request_p);
    answer_proof(self, request_p, MACHINE_LABEL, fields->label,
                 fields->has_size ? fields->size : 0);
}
