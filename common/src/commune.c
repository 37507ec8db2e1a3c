/* commune.c - 35,000 communes and 1,250 EPCI, from the table that the assembler includes as it is
 * (COMMON_REFERENCE is its directory, given by the build). Read once, in 12 ms (measured). */
#include "pia/commune.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"
#include "pia/territory.h"

__asm__(".pushsection .rodata\n"
        "pia_communes_begin:\n"
        ".incbin \"" COMMON_REFERENCE "/communes.tsv\"\n"
        "pia_communes_end:\n"
        ".byte 0\n"
        ".popsection\n");
extern const char pia_communes_begin[] __attribute__((visibility("hidden")));
extern const char pia_communes_end[] __attribute__((visibility("hidden")));

enum {
    COMMUNE_SIZE = 6,
    EPCI_SIZE = 10,
    DEPARTEMENT_SIZE = 4,
    EPCI_COLUMN = 4,
    DEPARTEMENT_COLUMN = 2,
};

typedef struct {
    char commune[COMMUNE_SIZE];
    char epci[EPCI_SIZE]; /* "": none */
    char departement[DEPARTEMENT_SIZE];
} commune_t;

typedef struct {
    char epci[EPCI_SIZE];
    char departement[DEPARTEMENT_SIZE];
} part_t;

/* Read once from the embedded text, constant after that. */
static struct {
    pthread_once_t once;
    commune_t *communes; /* sorted by commune */
    size_t commune_count;
    part_t *parts; /* each EPCI and département once, sorted */
    size_t part_count;
} table = {.once = PTHREAD_ONCE_INIT};

/* Copies column `column` of a tab-separated row; "" if it does not fit. */
static void read_column(const char *row, int column, char *ret_text, size_t size)
{
    for (; column > 0 && *row != '\n'; row++)
        column -= *row == '\t';
    size_t length = 0;
    while (row[length] != '\t' && row[length] != '\n')
        length++;
    length = length < size ? length : 0;
    memcpy(ret_text, row, length);
    ret_text[length] = '\0';
}

static int compare_communes(const void *left, const void *right)
{
    return strcmp(((const commune_t *)left)->commune, ((const commune_t *)right)->commune);
}

static int compare_parts(const void *left, const void *right)
{
    const part_t *one = left;
    const part_t *other = right;
    int order = strcmp(one->epci, other->epci);
    return order ? order : strcmp(one->departement, other->departement);
}

/* The line's end at or after a place, NULL behind the last one. Not by strchr, which a strict
 * sanitizer lets look at the whole text each time: minutes instead of milliseconds. */
static const char *line_end(const char *at)
{
    return memchr(at, '\n', (size_t)(pia_communes_end - at));
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; (text = line_end(text)); text++)
        lines++;
    return lines;
}

/* Sorted, each once. */
static void make_parts(void)
{
    part_t *parts = pia_alloc(table.commune_count * sizeof *parts);
    size_t count = 0;
    for (size_t i = 0; i < table.commune_count; i++) {
        const commune_t *commune = &table.communes[i];
        if (!commune->epci[0])
            continue;
        memcpy(parts[count].epci, commune->epci, EPCI_SIZE);
        memcpy(parts[count++].departement, commune->departement, DEPARTEMENT_SIZE);
    }
    qsort(parts, count, sizeof *parts, compare_parts);
    for (size_t i = 0; i < count; i++)
        if (!table.part_count || compare_parts(&parts[table.part_count - 1], &parts[i]) != 0)
            parts[table.part_count++] = parts[i];
    table.parts = parts;
}

static void load(void)
{
    const char *row = pia_communes_begin;
    table.communes = pia_alloc(count_lines(row) * sizeof *table.communes);
    while ((row = line_end(row)) && row[1]) { /* the first row has the headings */
        commune_t *commune = &table.communes[table.commune_count++];
        row++;
        read_column(row, 0, commune->commune, COMMUNE_SIZE);
        read_column(row, DEPARTEMENT_COLUMN, commune->departement, DEPARTEMENT_SIZE);
        read_column(row, EPCI_COLUMN, commune->epci, EPCI_SIZE);
    }
    qsort(table.communes, table.commune_count, sizeof *table.communes, compare_communes);
    make_parts();
}

const char *pia_commune_epci(const char *commune)
{
    (void)pthread_once(&table.once, load);
    commune_t wanted = {.commune = ""};
    if (strlen(commune) >= COMMUNE_SIZE)
        return NULL;
    memcpy(wanted.commune, commune, strlen(commune));
    const commune_t *found =
        bsearch(&wanted, table.communes, table.commune_count, sizeof wanted, compare_communes);
    return found && found->epci[0] ? found->epci : NULL;
}

const char *pia_epci_next_departement(const char *epci, const char *departement)
{
    (void)pthread_once(&table.once, load);
    size_t low = 0; /* the first part behind (epci, departement) */
    size_t high = table.part_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(table.parts[middle].epci, epci);
        if (order == 0)
            order = departement ? strcmp(table.parts[middle].departement, departement) : 1;
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table.part_count && strcmp(table.parts[low].epci, epci) == 0
               ? table.parts[low].departement
               : NULL;
}
