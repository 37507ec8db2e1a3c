/* mustache.c - renders a template in one pass, sections by recursion over its bytes. */
#include "mustache.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { NAME_MAX_SIZE = 64 };

typedef struct {
    mustache_escape_t escape;
    const json_t *stack[MUSTACHE_DEPTH_MAX]; /* innermost context last */
    size_t depth;
    char *output;
    size_t used, size;
    pia_status_t status; /* the first failure ends everything */
    pia_problem_t *problem;
} render_t;

/* A tag: {{#name}}. */
typedef struct {
    char kind;                /* '#', '^', '/', '!', '&' or '{' (unescaped), 'v' (variable) */
    char name[NAME_MAX_SIZE]; /* "" for a comment */
    const char *start;        /* of its first brace */
    const char *end;          /* after its last brace */
} tag_t;

static void fail(render_t *self, pia_status_t status, const char *reason, const char *name)
{
    if (self->status == PIA_OK) {
        self->status = pia_problem_set(self->problem, status, "", "%s%s", reason, name);
    }
}

static void put(render_t *self, const char *text, size_t size)
{
    if (self->status != PIA_OK) {
        return;
    }
    if (size > MUSTACHE_OUTPUT_MAX - self->used) {
        fail(self, PIA_TOO_LARGE, "the text becomes too long", "");
        return;
    }
    if (self->used + size + 1 > self->size) {
        self->size = 2 * (self->used + size + 1);
        self->output = pia_realloc(self->output, self->size);
    }
    memcpy(self->output + self->used, text, size);
    self->used += size;
    self->output[self->used] = '\0';
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return NULL;
    }
}

static void put_text(render_t *self, const char *text, bool escaped)
{
    if (!escaped || self->escape == MUSTACHE_PLAIN) {
        put(self, text, strlen(text));
        return;
    }
    for (; *text; text++) {
        const char *replaced = entity(*text);
        put(self, replaced ? replaced : text, replaced ? strlen(replaced) : 1);
    }
}

static void put_value(render_t *self, const json_t *value, bool escaped)
{
    char number[48];
    if (json_is_string(value)) {
        put_text(self, json_string_value(value), escaped);
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        put_text(self, number, escaped);
    } else if (json_is_real(value)) {
        (void)snprintf(number, sizeof number, "%.15g", json_real_value(value));
        put_text(self, number, escaped);
    } else if (json_is_boolean(value)) {
        put_text(self, json_is_true(value) ? "true" : "false", escaped);
    }
}

/* The first name of a dotted one is looked for from the innermost context outwards, the others
 * inside what was found. */
static const json_t *look_up(const render_t *self, const char *name)
{
    if (strcmp(name, ".") == 0) {
        return self->stack[self->depth - 1];
    }
    char part[NAME_MAX_SIZE];
    size_t size = strcspn(name, ".");
    memcpy(part, name, size);
    part[size] = '\0';
    const json_t *value = NULL;
    for (size_t i = self->depth; i > 0 && !value; i--) {
        value = json_object_get(self->stack[i - 1], part);
    }
    while (value && name[size]) {
        name += size + 1;
        size = strcspn(name, ".");
        memcpy(part, name, size);
        part[size] = '\0';
        value = json_object_get(value, part);
    }
    return value;
}

static bool is_true(const json_t *value)
{
    if (!value || json_is_null(value) || json_is_false(value)) {
        return false;
    }
    if (json_is_string(value)) {
        return json_string_length(value) > 0;
    }
    return !json_is_array(value) || json_array_size(value) > 0;
}

static bool is_name(const char *name)
{
    if (strcmp(name, ".") == 0) {
        return true;
    }
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    return size > 0 && !name[size] && name[0] != '.' && name[size - 1] != '.' &&
           !strstr(name, "..");
}

/* Reads the name between `start` and `end` without the blanks around it. */
static bool read_name(const char *start, const char *end, char ret_name[NAME_MAX_SIZE])
{
    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    size_t size = (size_t)(end - start);
    if (size >= NAME_MAX_SIZE) {
        return false;
    }
    memcpy(ret_name, start, size);
    ret_name[size] = '\0';
    return is_name(ret_name);
}

/* The next tag at or after `text`, before `end`: false if there is none, or if it is not one. */
static bool next_tag(render_t *self, const char *text, const char *end, tag_t *ret_tag)
{
    const char *start = strstr(text, "{{");
    if (!start || start >= end) {
        return false;
    }
    bool triple = start[2] == '{';
    const char *close = strstr(start + 2, triple ? "}}}" : "}}");
    if (!close || close >= end) {
        fail(self, PIA_INVALID, "a tag is not closed", "");
        return false;
    }
    char kind = start[2]; /* a triple one's is '{' */
    bool marked = kind && strchr("#^/!&{", kind);
    *ret_tag = (tag_t){.start = start, .end = close + (triple ? 3 : 2), .kind = 'v'};
    if (marked) {
        ret_tag->kind = kind;
    }
    if (kind != '!' && !read_name(start + (marked ? 3 : 2), close, ret_tag->name)) {
        fail(self, PIA_INVALID, "a tag has no proper name", "");
        return false;
    }
    return true;
}

static bool is_blank(const char *start, const char *end)
{
    for (; start < end; start++) {
        if (*start != ' ' && *start != '\t' && *start != '\r') {
            return false;
        }
    }
    return true;
}

/* A section tag or a comment alone on its line takes the whole line with it ("standalone"). */
static void widen(const char *beginning, const char *end, tag_t *tag)
{
    if (strchr("v&{", tag->kind)) {
        return;
    }
    const char *line = tag->start;
    while (line > beginning && line[-1] != '\n') {
        line--;
    }
    const char *rest = tag->end;
    while (rest < end && *rest != '\n') {
        rest++;
    }
    if (is_blank(line, tag->start) && is_blank(tag->end, rest)) {
        tag->start = line;
        tag->end = rest < end ? rest + 1 : rest;
    }
}

/* The tag that closes the section opened by `open`, with sections of inside skipped. */
static bool
find_close(render_t *self, const char *whole, const tag_t *open, const char *end, tag_t *ret_close)
{
    int level = 1;
    const char *text = open->end;
    while (next_tag(self, text, end, ret_close)) {
        if (strcmp(ret_close->name, open->name) == 0) {
            level += ret_close->kind == '#' || ret_close->kind == '^';
            level -= ret_close->kind == '/';
        }
        text = ret_close->end;
        widen(whole, end, ret_close);
        if (level == 0) {
            return true;
        }
    }
    fail(self, PIA_INVALID, "a section is not closed: ", open->name);
    return false;
}

static void render_part(render_t *self, const char *whole, const char *text, const char *end);

/* Renders text[0..end) with `context` on top of the stack. */
static void render_inside(
    render_t *self, const char *whole, const char *text, const char *end, const json_t *context)
{
    if (self->depth == MUSTACHE_DEPTH_MAX) {
        fail(self, PIA_INVALID, "sections are nested too deep", "");
        return;
    }
    self->stack[self->depth++] = context;
    render_part(self, whole, text, end);
    self->depth--;
}

static void render_section(
    render_t *self, const char *whole, const tag_t *open, const char *close, const json_t *value)
{
    if (open->kind == '^') {
        if (!is_true(value)) {
            render_inside(self, whole, open->end, close, self->stack[self->depth - 1]);
        }
        return;
    }
    if (!is_true(value)) {
        return;
    }
    if (!json_is_array(value)) {
        render_inside(self, whole, open->end, close, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value) && self->status == PIA_OK; i++) {
        render_inside(self, whole, open->end, close, json_array_get(value, i));
    }
}

/* Renders what one tag stands for; returns where the text goes on. */
static const char *render_tag(render_t *self, const char *whole, const tag_t *tag, const char *end)
{
    tag_t close;
    switch (tag->kind) {
    case '#':
    case '^':
        if (!find_close(self, whole, tag, end, &close)) {
            return end;
        }
        render_section(self, whole, tag, close.start, look_up(self, tag->name));
        return close.end;
    case '/':
        fail(self, PIA_INVALID, "a section is closed that was not opened: ", tag->name);
        return end;
    case 'v':
    case '&':
    case '{':
        put_value(self, look_up(self, tag->name), tag->kind == 'v');
        return tag->end;
    default:
        return tag->end;
    }
}

static void render_part(render_t *self, const char *whole, const char *text, const char *end)
{
    tag_t tag;
    while (self->status == PIA_OK && text < end && next_tag(self, text, end, &tag)) {
        widen(whole, end, &tag);
        const char *start = tag.start > text ? tag.start : text;
        put(self, text, (size_t)(start - text));
        text = render_tag(self, whole, &tag, end);
    }
    if (text < end) {
        put(self, text, (size_t)(end - text));
    }
}

pia_status_t mustache_render(const char *text,
                             const json_t *view,
                             mustache_escape_t escape,
                             char **ret_text,
                             pia_problem_t *problem)
{
    render_t self = {.escape = escape, .problem = problem, .output = pia_alloc(1), .size = 1};
    render_inside(&self, text, text, text + strlen(text), view);
    if (self.status != PIA_OK) {
        free(self.output);
        return self.status;
    }
    *ret_text = self.output;
    return PIA_OK;
}
