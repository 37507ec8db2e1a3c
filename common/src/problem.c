/* problem.c - why something was refused, as a struct and as JSON. */
#include "pia/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pia/json.h"

/* Drops a UTF-8 character that the end of the buffer cut in two. */
static void trim_utf8(char *text)
{
    size_t size = strlen(text);
    size_t start = size;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80) {
        start--;
    }
    if (start == 0) {
        return;
    }
    unsigned char lead = (unsigned char)text[start - 1];
    size_t expected = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size - (start - 1) < expected) {
        text[start - 1] = '\0';
    }
}

static void copy_cut(char *ret_text, size_t size, const char *text)
{
    (void)snprintf(ret_text, size, "%s", text ? text : "");
    trim_utf8(ret_text);
}

pia_status_t pia_problem_set(
    pia_problem_t *problem, pia_status_t status, const char *pointer, const char *format, ...)
{
    if (!problem) {
        return status;
    }
    char detail[PIA_DETAIL_MAX]; /* apart, because an argument may be the problem's old detail */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    char where[PIA_POINTER_MAX];
    copy_cut(where, sizeof where, pointer);
    problem->status = status;
    copy_cut(problem->detail, sizeof problem->detail, detail);
    memcpy(problem->pointer, where, sizeof where);
    return status;
}

json_t *pia_problem_json(const pia_problem_t *problem)
{
    json_t *json = json_object();
    json_object_set_new(json, "status", json_string(pia_status_text(problem->status)));
    json_object_set_new(json, "detail", json_string(problem->detail));
    json_object_set_new(json, "pointer", json_string(problem->pointer));
    return json;
}

void pia_problem_parse(pia_status_t status, const json_t *json, pia_problem_t *ret_problem)
{
    ret_problem->status = status;
    copy_cut(ret_problem->detail, sizeof ret_problem->detail, pia_json_text(json, "detail"));
    copy_cut(ret_problem->pointer, sizeof ret_problem->pointer, pia_json_text(json, "pointer"));
}
