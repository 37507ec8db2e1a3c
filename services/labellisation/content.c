/* content.c - the member `content` of a definition. */
#include "content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "pia/json.h"
#include "pia/memory.h"

static pia_status_t fault(
    pia_problem_t *problem, const char *list, size_t index, const char *member, const char *detail)
{
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "/content/%s/%zu%s", list, index, member);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", detail);
}

static bool is_name(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return name[size] == '\0' && name[0] >= 'a' && name[0] <= 'z';
}

static pia_status_t read_states(const machine_t *machine,
                                const json_t *json,
                                const char *list,
                                uint64_t *ret_set,
                                pia_problem_t *problem)
{
    const json_t *names = json_object_get(json, list);
    for (size_t i = 0; i < json_array_size(names); i++) {
        int state = machine_state(machine, json_string_value(json_array_get(names, i)));
        if (state == STATE_NONE)
            return fault(problem, list, i, "", "there is no state of this name");
        *ret_set |= (uint64_t)1 << state;
    }
    return PIA_OK;
}

static pia_status_t
load_section(content_t *content, const json_t *json, size_t index, pia_problem_t *problem)
{
    const char *name = pia_json_text(json, "name");
    if (!is_name(name) || content_section(content, name))
        return fault(problem, "sections", index, "/name",
                     "a name is lower-case letters, digits and _, and only once");
    content->sections[content->section_count++] = (section_rule_t){
        .name = name,
        .label = pia_json_text(json, "label"),
        .max = json_integer_value(json_object_get(json, "max")),
        .required = json_is_true(json_object_get(json, "required")),
    };
    return PIA_OK;
}

static pia_status_t
load_piece(content_t *content, const json_t *json, size_t index, pia_problem_t *problem)
{
    const char *name = pia_json_text(json, "name");
    const json_t *formats = json_object_get(json, "formats");
    const json_t *files_max = json_object_get(json, "files_max");
    if (!is_name(name) || content_piece(content, name))
        return fault(problem, "pieces", index, "/name",
                     "a name is lower-case letters, digits and _, and only once");
    for (size_t i = 0; i < json_array_size(formats); i++)
        if (!format_find(json_string_value(json_array_get(formats, i))))
            return fault(problem, "pieces", index, "/formats", "there is no format of this name");
    content->pieces[content->piece_count++] = (piece_rule_t){
        .name = name,
        .label = pia_json_text(json, "label"),
        .indispensable = json_is_true(json_object_get(json, "indispensable")),
        .formats = formats,
        .files_max = files_max ? json_integer_value(files_max) : 1,
    };
    return PIA_OK;
}

typedef pia_status_t load_fn(content_t *, const json_t *, size_t, pia_problem_t *);

static pia_status_t load_list(
    content_t *content, const json_t *json, const char *list, load_fn *load, pia_problem_t *problem)
{
    const json_t *items = json_object_get(json, list);
    pia_status_t status = PIA_OK;
    for (size_t i = 0; status == PIA_OK && i < json_array_size(items); i++)
        status = load(content, json_array_get(items, i), i, problem);
    return status;
}

pia_status_t content_load(content_t *content,
                          const json_t *json,
                          const machine_t *dossier,
                          pia_problem_t *problem)
{
    size_t sections = json_array_size(json_object_get(json, "sections"));
    size_t pieces = json_array_size(json_object_get(json, "pieces"));
    content->sections = pia_alloc((sections + 1) * sizeof *content->sections);
    content->pieces = pia_alloc((pieces + 1) * sizeof *content->pieces);
    pia_status_t status = read_states(dossier, json, "draft_in", &content->draft_in, problem);
    if (status == PIA_OK)
        status = read_states(dossier, json, "complete_in", &content->complete_in, problem);
    if (status == PIA_OK)
        status = load_list(content, json, "sections", load_section, problem);
    if (status == PIA_OK)
        status = load_list(content, json, "pieces", load_piece, problem);
    return status;
}

void content_clear(content_t *content)
{
    free(content->sections);
    free(content->pieces);
    *content = (content_t){0};
}

const section_rule_t *content_section(const content_t *content, const char *name)
{
    for (size_t i = 0; i < content->section_count; i++)
        if (strcmp(content->sections[i].name, name) == 0)
            return &content->sections[i];
    return NULL;
}

const piece_rule_t *content_piece(const content_t *content, const char *name)
{
    for (size_t i = 0; i < content->piece_count; i++)
        if (strcmp(content->pieces[i].name, name) == 0)
            return &content->pieces[i];
    return NULL;
}
