/* print.c - on stdout. */
#include "print.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

enum { COLUMNS_MAX = 16, NAME_SIZE = 64, GAP = 2 };

void print_json(const json_t *json)
{
    (void)json_dumpf(json, stdout, JSON_INDENT(2));
    (void)fputc('\n', stdout);
}

/* What a terminal would take as a command does not reach it. */
static void clean(char *text)
{
    for (char *letter = text; *letter; letter++)
        if ((unsigned char)*letter < 0x20 || *letter == 0x7f)
            *letter = ' ';
}

/* What an item of a list is called: itself, or its name. NULL: it has none. */
static const char *name_of(const json_t *item)
{
    return json_is_string(item) ? json_string_value(item) : pia_json_text(item, "name");
}

static bool all_named(const json_t *array)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(array, i, item)
    {
        if (!name_of(item))
            return false;
    }
    return true;
}

static char *join(const json_t *array)
{
    size_t size = 1, i = 0;
    const json_t *item = NULL;
    json_array_foreach(array, i, item) size += strlen(name_of(item)) + 1;
    char *text = pia_alloc(size);
    char *end = text;
    json_array_foreach(array, i, item)
    {
        if (i > 0)
            *end++ = ',';
        size_t length = strlen(name_of(item));
        memcpy(end, name_of(item), length);
        end += length;
    }
    return text;
}

char *print_text(const json_t *value)
{
    char *text = NULL;
    if (!value || json_is_null(value))
        text = pia_strdup("");
    else if (json_is_string(value))
        text = pia_strdup(json_string_value(value));
    else if (json_is_boolean(value))
        text = pia_strdup(json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value) && all_named(value))
        text = join(value);
    else
        text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    clean(text);
    return text;
}

/* The member at a path "a.b". */
static const json_t *member(const json_t *object, const char *path)
{
    char name[NAME_SIZE];
    const char *dot = strchr(path, '.');
    if (!dot)
        return json_object_get(object, path);
    (void)snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
    return member(json_object_get(object, name), dot + 1);
}

size_t print_width(const char *text)
{
    size_t letters = 0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            letters++;
    return letters;
}

static void put_cell(const char *text, size_t column_width, bool last)
{
    (void)fputs(text, stdout);
    if (last) {
        (void)fputc('\n', stdout);
        return;
    }
    for (size_t i = print_width(text); i < column_width + GAP; i++)
        (void)fputc(' ', stdout);
}

typedef struct {
    char names[COLUMNS_MAX][NAME_SIZE];
    size_t widths[COLUMNS_MAX];
    size_t count;
} table_t;

static void read_columns(table_t *table, const char *columns)
{
    while (*columns && table->count < COLUMNS_MAX) {
        size_t size = strcspn(columns, " ");
        char *name = table->names[table->count];
        (void)snprintf(name, NAME_SIZE, "%.*s", (int)size, columns);
        table->widths[table->count++] = print_width(name);
        columns += size;
        columns += strspn(columns, " ");
    }
}

static void measure(table_t *table, const json_t *items)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(items, i, item)
    {
        for (size_t c = 0; c < table->count; c++) {
            char *text = print_text(member(item, table->names[c]));
            if (print_width(text) > table->widths[c])
                table->widths[c] = print_width(text);
            free(text);
        }
    }
}

void print_table(const json_t *items, const char *columns)
{
    if (json_array_size(items) == 0) {
        (void)puts("(none)");
        return;
    }
    table_t table = {.count = 0};
    read_columns(&table, columns);
    measure(&table, items);
    for (size_t c = 0; c < table.count; c++)
        put_cell(table.names[c], table.widths[c], c + 1 == table.count);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(items, i, item)
    {
        for (size_t c = 0; c < table.count; c++) {
            char *text = print_text(member(item, table.names[c]));
            put_cell(text, table.widths[c], c + 1 == table.count);
            free(text);
        }
    }
}

static bool holds_objects(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

/* Values come from the services, which bound their depth. */
static void print_value(json_t *value, const char *path)
{
    char inner[2 * NAME_SIZE];
    const char *name = NULL;
    json_t *member = NULL;
    size_t i = 0;
    if (holds_objects(value)) {
        json_array_foreach(value, i, member)
        {
            (void)snprintf(inner, sizeof inner, "%s.%zu", path, i + 1);
            print_value(member, inner);
        }
        return;
    }
    if (json_is_object(value)) {
        json_object_foreach(value, name, member)
        {
            (void)snprintf(inner, sizeof inner, "%s%s%s", path, *path ? "." : "", name);
            print_value(member, inner);
        }
        return;
    }
    char *text = print_text(value);
    (void)printf("%-18s %s\n", path, text);
    free(text);
}

void print_object(const json_t *object)
{
    print_value((json_t *)object, ""); /* jansson's iteration alone wants it without const */
}
