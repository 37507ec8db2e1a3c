/* handlers_remedy.c - filing, reading and moving remedies. */
#include "pia/clock.h"
#include "proto/remedy.h"
#include "remedy.h"
#include "serve.h"

/* What a remedy is against: a dossier or a label, one of them. For its holder and those who decide.
 */
static pia_status_t find_parent(labellisation_t *self,
                                const pia_request_t *request,
                                const char *dossier,
                                const char *label,
                                handler_found_t *ret_found,
                                pia_problem_t *problem)
{
    if (!dossier == !label) {
        (void)pia_problem_set(problem, PIA_INVALID, "/dossier", "either a dossier or a label");
        return PIA_INVALID;
    }
    return handler_find_inner(self, request, dossier ? MACHINE_DOSSIER : MACHINE_LABEL,
                              dossier ? dossier : label, ret_found, problem);
}

static pia_status_t create(labellisation_t *self,
                           const pia_request_t *request,
                           handler_found_t *ret_remedy,
                           pia_problem_t *problem)
{
    const pia_labellisation_remedy_create_t *fields = pia_request_fields(request);
    handler_found_t parent;
    pia_status_t status =
        find_parent(self, request, fields->dossier, fields->label, &parent, problem);
    if (status != PIA_OK)
        return status;
    if (parent.matter.definition->machines[MACHINE_REMEDY].state_count == 0) {
        matter_clear(&parent.matter);
        return pia_problem_set(problem, PIA_INVALID, "/transition",
                               "its process definition knows no remedies");
    }
    child_t child = {
        .kind = MACHINE_REMEDY,
        .transition = fields->transition,
        .data = fields->data,
    };
    return handler_create_child(self, request, &parent, &child, ret_remedy, problem);
}

void handle_remedy_create(void *self, pia_request_t **request_p)
{
    serve_create(self, request_p, create, view_remedy);
}

void handle_remedy_get(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_get_t *fields = pia_request_fields(*request_p);
    serve_get(self, request_p, MACHINE_REMEDY, fields->remedy, view_remedy);
}

/* Of one dossier or label, all, or those of the asker's structure. */
void handle_remedy_list(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_list_t *fields = pia_request_fields(*request_p);
    const pia_principal_t *principal = pia_request_principal(*request_p);
    bool own = !handler_reads_all(principal);
    const matter_filter_t filter = {
        .state = fields->state,
        .structure = own ? principal->structure : NULL,
        .person = principal->person,
        .parent = fields->dossier ? fields->dossier : fields->label,
        .after = fields->after,
    };
    serve_list(self, request_p, MACHINE_REMEDY, &filter, view_remedy);
}

void handle_remedy_transition(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_transition_t *fields = pia_request_fields(*request_p);
    const handler_move_t move = {
        .kind = MACHINE_REMEDY,
        .id = fields->remedy,
        .transition = fields->transition,
        .version = fields->version,
        .data = fields->data,
    };
    serve_move(self, request_p, &move, view_remedy);
}

void handle_remedy_transitions(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_transitions_t *fields = pia_request_fields(*request_p);
    serve_transitions(self, request_p, MACHINE_REMEDY, fields->remedy);
}

void handle_remedy_history(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_history_t *fields = pia_request_fields(*request_p);
    serve_history(self, request_p, MACHINE_REMEDY, fields->remedy, fields->after);
}

void handle_remedy_texts(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_texts_t *fields = pia_request_fields(*request_p);
    serve_texts(self, request_p, MACHINE_REMEDY, fields->remedy, fields->number);
}

void handle_remedy_verify(void *self, pia_request_t **request_p)
{
    const pia_labellisation_remedy_verify_t *fields = pia_request_fields(*request_p);
    serve_verify(self, request_p, MACHINE_REMEDY, fields->remedy);
}

/* When the decision was notified: as recorded, else as asked; silence needs no notice. */
static pia_status_t read_notified(const char *text,
                                  const remedy_decision_t *decision,
                                  int64_t *ret_day,
                                  pia_problem_t *problem)
{
    *ret_day = decision->notified;
    if (!text || decision->proven || (pia_date_parse(text, ret_day) && *ret_day >= decision->day))
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/notified", "is before the decision was made");
}

static pia_status_t count(labellisation_t *self,
                          const pia_request_t *request,
                          const matter_t *parent,
                          json_t **ret_json,
                          pia_problem_t *problem)
{
    const pia_labellisation_remedy_deadline_t *fields = pia_request_fields(request);
    remedy_decision_t decision;
    remedy_case_t remedy = {
        .parent = parent->id,
        .card = parent->card,
        .decision = &decision,
        .court = fields->court,
    };
    pia_status_t status = remedy_contested(self->db, parent, &decision);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, PIA_CONFLICT, NULL,
                               "it is %s: there is no decision to contest",
                               parent->machine->states[parent->state].name);
    if (status == PIA_OK)
        status = read_notified(fields->notified, &decision, &remedy.notified, problem);
    return status == PIA_OK ? view_remedy_deadlines(self->db, &remedy, ret_json, problem) : status;
}

void handle_remedy_deadline(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_remedy_deadline_t *fields = pia_request_fields(*request_p);
    handler_found_t parent;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        find_parent(self, *request_p, fields->dossier, fields->label, &parent, &problem);
    if (status == PIA_OK) {
        status = count(self, *request_p, &parent.matter, &json, &problem);
        matter_clear(&parent.matter);
    }
    if (status == PIA_OK)
        pia_request_answer(request_p, json, 0);
    else
        handler_fail(request_p, status, &problem);
}
