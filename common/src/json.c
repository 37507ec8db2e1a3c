/* json.c - JSON from outside: bounded in depth before the parser (which recurses) sees it. */
#include "pia/json.h"

#include <stdbool.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

/* Where reading stands: brackets inside a text do not count. */
typedef struct {
    int depth;
    bool in_text;
    bool escaped;
} scan_t;

static void scan_byte(scan_t *scan, char c)
{
    if (scan->in_text) {
        scan->in_text = scan->escaped || c != '"';
        scan->escaped = !scan->escaped && c == '\\';
    } else if (c == '"') {
        scan->in_text = true;
    } else if (c == '{' || c == '[') {
        scan->depth++;
    } else if (c == '}' || c == ']') {
        scan->depth--;
    }
}

static bool is_too_deep(const char *bytes, size_t size)
{
    scan_t scan = {0};
    for (size_t i = 0; i < size; i++) {
        scan_byte(&scan, bytes[i]);
        if (scan.depth > DEPTH_MAX) {
            return true;
        }
    }
    return false;
}

/* The parser's own text quotes the input; this one is safe to log and to show. */
static const char *reason(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        return "invalid UTF-8";
    case json_error_duplicate_key:
        return "a member is given twice";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "a NUL character";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something follows its end";
    case json_error_numeric_overflow:
        return "a number is too large";
    default:
        return "syntax error";
    }
}

pia_status_t
pia_json_parse(const void *bytes, size_t size, json_t **ret_json, pia_problem_t *problem)
{
    if (is_too_deep(bytes, size)) {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "The JSON is nested deeper than %d levels.", DEPTH_MAX);
    }
    json_error_t error = {0};
    json_t *json = json_loadb(size ? bytes : "", size, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        return pia_problem_set(problem, PIA_INVALID, "", "Not valid JSON: %s at byte %d.",
                               reason(&error), error.position);
    }
    if (!json_is_object(json)) {
        json_decref(json);
        return pia_problem_set(problem, PIA_INVALID, "", "The JSON is not an object.");
    }
    *ret_json = json;
    return PIA_OK;
}

const char *pia_json_text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

const char *pia_json_text_or(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = pia_json_text(object, name);
    return text ? text : otherwise;
}

int64_t pia_json_integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}
