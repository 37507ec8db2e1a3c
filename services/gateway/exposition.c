/* exposition.c - families of samples, sorted and written. */
#include "exposition.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { NAME_MAX_SIZE = 128 };

typedef struct {
    char name[NAME_MAX_SIZE];
    char *labels; /* as written, with braces; owned */
    double value;
} sample_t;

struct exposition {
    sample_t *samples;
    size_t count, room;
};

exposition_t *exposition_new(void)
{
    return pia_alloc(sizeof(exposition_t));
}

void exposition_destroy(exposition_t **self_p)
{
    exposition_t *self = *self_p;
    *self_p = NULL;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->count; i++)
        free(self->samples[i].labels);
    free(self->samples);
    free(self);
}

/* Writes `a="b"` for each of "a=b,c=d" with what the format wants escaped. */
static void write_labels(FILE *out, const char *labels)
{
    for (const char *at = labels; *at != '\0';) {
        size_t size = strcspn(at, "=");
        (void)fprintf(out, "%s%.*s=\"", at == labels ? "" : ",", (int)size, at);
        at += size;
        for (at += *at == '='; *at != '\0' && *at != ','; at++) {
            if (*at == '\n')
                (void)fputs("\\n", out);
            else
                (void)fprintf(out, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
        }
        at += *at == ',';
        (void)fputc('"', out);
    }
}

/* `own` is the label that the name carries, with its braces; or "". */
static char *labels_text(const char *labels, const char *own)
{
    char *text = NULL;
    size_t size = 0;
    char *inside = own[0] == '{' ? pia_strndup(own + 1, strcspn(own + 1, "}")) : pia_strdup("");
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    (void)fputc('{', out);
    size_t joined_size = strlen(labels) + strlen(inside) + 2;
    char *joined = pia_alloc(joined_size);
    (void)snprintf(joined, joined_size, "%s%s%s", labels, inside[0] != '\0' ? "," : "", inside);
    write_labels(out, joined);
    (void)fputc('}', out);
    (void)fclose(out);
    free(joined);
    free(inside);
    return text;
}

/* Replaces the ending and returns what the value is to be divided by. */
static double to_base_units(char name[NAME_MAX_SIZE])
{
    size_t size = strlen(name);
    const char *end = size > 3 ? name + size - 3 : "";
    double divisor = strcmp(end, "_ms") == 0 ? 1e3 : strcmp(end, "_us") == 0 ? 1e6 : 0;
    if (divisor == 0)
        return 1;
    (void)snprintf(name + size - 2, NAME_MAX_SIZE - (size - 2), "seconds");
    return divisor;
}

void exposition_add(exposition_t *self, const char *name, const char *labels, double value)
{
    if (self->count == self->room) {
        self->room = 2 * self->room + 64;
        self->samples = pia_realloc(self->samples, self->room * sizeof *self->samples);
    }
    sample_t *sample = &self->samples[self->count++];
    size_t size = strcspn(name, "{");
    (void)snprintf(sample->name, sizeof sample->name, "pia_%.*s", (int)size, name);
    for (char *at = sample->name; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) || (unsigned char)*at > 0x7f)
            *at = '_';
    sample->labels = labels_text(labels, name + size);
    sample->value = value / to_base_units(sample->name);
}

static int compare(const void *a, const void *b)
{
    const sample_t *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->labels, right->labels);
}

static void write_family(FILE *out, const char *name)
{
    size_t size = strlen(name);
    bool counter = size > 6 && strcmp(name + size - 6, "_total") == 0;
    (void)fprintf(out, "# HELP %s As its instance counts it.\n", name);
    (void)fprintf(out, "# TYPE %s %s\n", name, counter ? "counter" : "gauge");
}

char *exposition_text(exposition_t *self)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    if (self->count > 0)
        qsort(self->samples, self->count, sizeof *self->samples, compare);
    for (size_t i = 0; i < self->count; i++) {
        const sample_t *sample = &self->samples[i];
        bool first = i == 0 || strcmp(sample->name, self->samples[i - 1].name) != 0;
        if (first)
            write_family(out, sample->name);
        if (first || strcmp(sample->labels, self->samples[i - 1].labels) != 0)
            (void)fprintf(out, "%s%s %.15g\n", sample->name, sample->labels, sample->value);
    }
    (void)fclose(out);
    return text;
}
