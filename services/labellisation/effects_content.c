/* effects_content.c - what is filed becomes part of the history; pieces are asked for. */
#include "effects_content.h"

#include <stdio.h>
#include <string.h>

#include "attachment.h"
#include "completion.h"
#include "legal_clock.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "receipt.h"
#include "section.h"

/* Each section as a text of its own, so that the history's check finds it. */
static void add_sections(act_t *act, const json_t *texts)
{
    const char *name;
    json_t *text;
    json_object_foreach((json_t *)texts, name, text)
    {
        char member[80];
        (void)snprintf(member, sizeof member, "section.%s", name);
        json_object_set(act->record, member, text);
    }
}

/* A file's name may tell of a person, its hash does not. */
static json_t *file_of(const json_t *attachment)
{
    json_t *file = json_object();
    static const char *const members[] = {"id", "piece", "size", "sha256", "type"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        json_object_set(file, members[i], json_object_get(attachment, members[i]));
    return file;
}

static void add_files(act_t *act, const json_t *attachments)
{
    json_t *files = json_array();
    for (size_t i = 0; i < json_array_size(attachments); i++) {
        const json_t *attachment = json_array_get(attachments, i);
        if (!json_is_true(json_object_get(attachment, "filed")))
            json_array_append_new(files, file_of(attachment));
    }
    json_object_set_new(act->record, "files", files);
}

/* The present texts and the files that are new stand in the history from here on. */
pia_status_t run_file_content(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)parameters;
    (void)problem;
    json_t *texts = NULL, *attachments = NULL;
    pia_status_t status = section_file(act->db, act->matter, &texts);
    if (status == PIA_OK)
        status = attachment_list(act->db, act->matter->id, &attachments);
    if (status == PIA_OK) {
        add_sections(act, texts);
        add_files(act, attachments);
        status = attachment_file(act->db, act->matter->id, act->matter->version);
    }
    json_decref(texts);
    json_decref(attachments);
    return status;
}

pia_status_t run_request_pieces(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    const char *datum = pia_json_text(parameters, "until");
    const char *until = pia_json_text(act->data, datum);
    char at[PIA_POINTER_MAX];
    bool indispensable = false;
    completion_request_t request = {
        .items = json_object_get(act->data, pia_json_text(parameters, "pieces")),
        .requested_ms = act->effective_ms,
    };
    (void)snprintf(at, sizeof at, "/data/%s", datum);
    if (!pia_date_parse(until, &request.until) || request.until < day_of(act->effective_ms))
        return pia_problem_set(problem, PIA_INVALID, at,
                               "the last day to produce the pieces is before today");
    pia_status_t status = completion_add(act->db, act->matter, &request, &indispensable, problem);
    json_object_set_new(act->matter->facts, pia_json_text(parameters, "fact"),
                        json_boolean(indispensable));
    return status;
}

pia_status_t run_close_request(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    (void)problem;
    return completion_close(act->db, act->matter->id, pia_json_text(parameters, "value"),
                            day_of(act->effective_ms));
}

pia_status_t run_issue_receipt(act_t *act, const json_t *parameters, pia_problem_t *problem)
{
    return receipt_issue(act, legal_rule_find(pia_json_text(parameters, "rule")), problem);
}
