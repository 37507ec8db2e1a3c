/* json_line.c - finds the value of a pointer in a JSON text. */
#include "json_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *at, *end;
} scan_t;

static void skip_space(scan_t *scan)
{
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) && *scan->at)
        scan->at++;
}

/* Behind the closing quote. */
static void skip_string(scan_t *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++)
        if (*scan->at == '\\' && scan->at + 1 < scan->end)
            scan->at++;
    if (scan->at < scan->end)
        scan->at++;
}

/* Behind a value: up to the comma or bracket that is not its own. */
static void skip_value(scan_t *scan)
{
    size_t depth = 0;
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c == '"') {
            skip_string(scan);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        scan->at++;
    }
}

static bool is_next(scan_t *scan, char c)
{
    skip_space(scan);
    if (scan->at >= scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* To the value of a member; false if there is none. */
static bool enter_member(scan_t *scan, const char *name, size_t size)
{
    for (scan->at++; scan->at < scan->end; scan->at++) {
        skip_space(scan);
        const char *key = scan->at;
        if (key >= scan->end || *key != '"')
            return false;
        skip_string(scan);
        size_t length = (size_t)(scan->at - key);
        bool same = length == size + 2 && memcmp(key + 1, name, size) == 0;
        if (!is_next(scan, ':'))
            return false;
        skip_space(scan);
        if (same)
            return true;
        skip_value(scan);
        if (scan->at >= scan->end || *scan->at != ',')
            return false;
    }
    return false;
}

static bool enter_item(scan_t *scan, const char *name)
{
    long index = strtol(name, NULL, 10);
    for (scan->at++; scan->at < scan->end; scan->at++) {
        skip_space(scan);
        if (index-- == 0)
            return scan->at < scan->end && *scan->at != ']';
        skip_value(scan);
        if (scan->at >= scan->end || *scan->at != ',')
            return false;
    }
    return false;
}

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

int json_line(const char *text, size_t size, const char *pointer)
{
    scan_t scan = {text, text + size};
    skip_space(&scan);
    while (*pointer == '/' && scan.at < scan.end) {
        const char *name = pointer + 1;
        size_t length = strcspn(name, "/");
        scan_t inner = scan;
        bool found = *scan.at == '{'   ? enter_member(&inner, name, length)
                     : *scan.at == '[' ? enter_item(&inner, name)
                                       : false;
        if (!found)
            break;
        scan = inner;
        pointer = name + length;
    }
    return line_of(text, scan.at);
}
