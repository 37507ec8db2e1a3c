/* handlers_section.c - reading and saving what a candidate writes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "pia/clock.h"
#include "proto/section.h"
#include "section.h"

static const section_rule_t *find_rule(const handler_found_t *found,
                                       const char *name,
                                       pia_status_t *status,
                                       pia_problem_t *problem)
{
    const section_rule_t *rule = content_section(&found->matter.definition->content, name);
    if (!rule)
        *status = pia_problem_set(problem, PIA_NOT_FOUND, "/section",
                                  "the procedure has no section of this name");
    return rule;
}

static void set_saved(json_t *json, const section_t *section, uint32_t roles)
{
    char saved_at[PIA_TIME_TEXT_SIZE];
    const char *author = access_author(roles, section->author);
    if (section->version == 0)
        return;
    pia_time_format(section->saved_ms, saved_at);
    json_object_set_new(json, "saved_at", json_string(saved_at));
    if (author)
        json_object_set_new(json, "author", json_string(author));
}

static pia_status_t
append_card(pia_db_t *db, const handler_found_t *found, const section_rule_t *rule, json_t *items)
{
    section_t section = {.version = 0};
    pia_status_t status = section_find(db, found->matter.id, rule->name, 0, &section);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    json_t *card =
        json_pack("{s:s, s:s, s:I, s:b, s:I, s:I}", "name", rule->name, "label", rule->label, "max",
                  (json_int_t)rule->max, "required", rule->required, "version",
                  (json_int_t)section.version, "size", (json_int_t)section.size);
    set_saved(card, &section, found->roles);
    json_array_append_new(items, card);
    return PIA_OK;
}

void handle_section_list(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_section_list_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        const content_t *content = &found.matter.definition->content;
        json_t *items = json_array();
        for (size_t i = 0; status == PIA_OK && i < content->section_count; i++)
            status = append_card(self->db, &found, &content->sections[i], items);
        json = json_pack("{s:o, s:b}", "items", items, "writable",
                         access_allows(&found.matter, found.roles, ACCESS_DRAFT));
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}

/* The text of a version, for the caller to free; NULL if it is erased or there is none. */
static pia_status_t read_text(pia_db_t *db, const section_t *section, char **ret_text)
{
    *ret_text = NULL;
    if (section->version == 0)
        return PIA_OK;
    pia_status_t status = text_get(db, section->text_hash, ret_text);
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

typedef struct {
    const char *name;
    int64_t revision; /* 0: the newest */
    bool compares;
    int64_t since;
} wanted_t;

static pia_status_t add_change(
    pia_db_t *db, const char *dossier, const wanted_t *wanted, const char *text, json_t *json)
{
    section_t before = {.version = 0};
    char *old = NULL;
    pia_status_t status = wanted->since == 0
                              ? PIA_OK
                              : section_find(db, dossier, wanted->name, wanted->since, &before);
    if (status == PIA_OK)
        status = read_text(db, &before, &old);
    if (status == PIA_OK && text && (old || wanted->since == 0)) {
        json_t *change = section_change(old ? old : "", text);
        if (change)
            json_object_set_new(json, "change", change);
    }
    free(old);
    return status == PIA_NOT_FOUND ? PIA_OK : status; /* too old to be kept */
}

/* Proto's section; a version that does not exist is PIA_NOT_FOUND. */
static pia_status_t view(labellisation_t *self,
                         const handler_found_t *found,
                         const section_rule_t *rule,
                         const wanted_t *wanted,
                         json_t **ret_json)
{
    section_t present = {.version = 0}, section;
    char *text = NULL;
    pia_status_t status = section_find(self->db, found->matter.id, rule->name, 0, &present);
    if (status != PIA_OK && status != PIA_NOT_FOUND)
        return status;
    section = present;
    if (wanted->revision > 0)
        status = section_find(self->db, found->matter.id, rule->name, wanted->revision, &section);
    else
        status = PIA_OK;
    if (status == PIA_OK)
        status = read_text(self->db, &section, &text);
    if (status != PIA_OK)
        return status;
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:s*}", "name", rule->name, "label", rule->label,
                  "version", (json_int_t)section.version, "present", (json_int_t)present.version,
                  "size", (json_int_t)section.size, "text", text);
    set_saved(json, &section, found->roles);
    if (wanted->compares)
        status = add_change(self->db, found->matter.id, wanted, text, json);
    free(text);
    if (status == PIA_OK)
        *ret_json = json;
    else
        json_decref(json);
    return status;
}

static int64_t version_of(const json_t *json)
{
    return json_integer_value(json_object_get(json, "version"));
}

void handle_section_get(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_section_get_t *fields = pia_request_fields(*request_p);
    const wanted_t wanted = {fields->section, fields->has_revision ? fields->revision : 0,
                             fields->has_since, fields->since};
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        const section_rule_t *rule = find_rule(&found, fields->section, &status, &problem);
        if (rule)
            status = view(self, &found, rule, &wanted, &json);
        if (rule && status == PIA_NOT_FOUND)
            (void)pia_problem_set(&problem, status, "/revision", "there is no such version");
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, version_of(json), &problem);
}

static pia_status_t check_text(const section_rule_t *rule, const char *text, pia_problem_t *problem)
{
    if ((int64_t)strlen(text) <= rule->max)
        return PIA_OK;
    return pia_problem_set(problem, PIA_TOO_LARGE, "/text", "this section has at most %lld bytes",
                           (long long)rule->max);
}

/* Saves, and shows what is there then: after a conflict what the other one has written. */
static pia_status_t save(labellisation_t *self,
                         const pia_request_t *request,
                         const handler_found_t *found,
                         json_t **ret_json,
                         pia_problem_t *problem)
{
    const pia_labellisation_section_save_t *fields = pia_request_fields(request);
    pia_status_t status = PIA_OK;
    const section_rule_t *rule = find_rule(found, fields->section, &status, problem);
    if (rule)
        status = check_text(rule, fields->text, problem);
    if (status != PIA_OK)
        return status;
    const section_save_t asked = {
        .dossier = found->matter.id,
        .name = rule->name,
        .text = fields->text,
        .author = pia_request_principal(request)->subject,
        .base = fields->version,
        .saved_ms = pia_clock_now(),
    };
    const wanted_t wanted = {rule->name, 0, true, fields->version};
    pia_status_t saved = section_save(self->db, &asked);
    if (saved != PIA_OK && (saved != PIA_CONFLICT || pia_db_is_retryable(self->db)))
        return saved;
    status = view(self, found, rule, &wanted, ret_json);
    if (status != PIA_OK || saved == PIA_OK)
        return status;
    return pia_problem_set(problem, PIA_CONFLICT, "/version",
                           "somebody else has saved: the present version is %lld",
                           (long long)version_of(*ret_json));
}

void handle_section_save(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_section_save_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_DRAFT, &found, &problem);
    if (status == PIA_OK) {
        status = save(self, *request_p, &found, &json, &problem);
        matter_clear(&found.matter);
    }
    if (status == PIA_CONFLICT && json)
        pia_request_conflict(request_p, &problem, json);
    else
        access_answer(request_p, status, json, version_of(json), &problem);
}

static pia_status_t parse_before(const char *after, int64_t *ret_before, pia_problem_t *problem)
{
    char *end = NULL;
    *ret_before = after ? strtoll(after, &end, 10) : 0;
    if (!after || (*end == '\0' && *ret_before > 0))
        return PIA_OK;
    return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
}

static pia_status_t versions(labellisation_t *self,
                             const pia_request_t *request,
                             const handler_found_t *found,
                             json_t **ret_json,
                             pia_problem_t *problem)
{
    const pia_labellisation_section_versions_t *fields = pia_request_fields(request);
    section_query_t query = {
        .dossier = found->matter.id,
        .name = fields->section,
        .limit = fields->has_limit ? fields->limit : PAGE_LIMIT,
        .authors = access_author(found->roles, "") != NULL,
    };
    json_t *items = NULL;
    pia_status_t status = PIA_OK;
    if (find_rule(found, fields->section, &status, problem))
        status = parse_before(fields->after, &query.before, problem);
    if (status == PIA_OK)
        status = section_versions(self->db, &query, &items);
    if (status != PIA_OK)
        return status;
    *ret_json = json_pack("{s:o}", "items", items);
    if ((int64_t)json_array_size(items) > query.limit) {
        char next[24];
        json_array_remove(items, (size_t)query.limit);
        (void)snprintf(next, sizeof next, "%lld",
                       (long long)version_of(json_array_get(items, (size_t)query.limit - 1)));
        json_object_set_new(*ret_json, "next", json_string(next));
    }
    return PIA_OK;
}

void handle_section_versions(void *arg, pia_request_t **request_p)
{
    labellisation_t *self = arg;
    const pia_labellisation_section_versions_t *fields = pia_request_fields(*request_p);
    handler_found_t found;
    json_t *json = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        access_find(self, *request_p, fields->dossier, ACCESS_READ, &found, &problem);
    if (status == PIA_OK) {
        status = versions(self, *request_p, &found, &json, &problem);
        matter_clear(&found.matter);
    }
    access_answer(request_p, status, json, 0, &problem);
}
