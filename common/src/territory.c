/* territory.c - régions and départements, from the tables embedded at build time. */
#include "pia/territory.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

extern const char pia_departements_tsv[];
extern const char pia_regions_tsv[];

enum { PLACE_MAX = 160, CODE_SIZE = 4, REGION_COLUMN = 2 };

typedef struct {
    char departement[CODE_SIZE];
    char region[CODE_SIZE];
} place_t;

/* Read once from the embedded text, constant after that. */
static struct {
    pthread_once_t once;
    place_t places[PLACE_MAX];
    size_t place_count;
    char regions[PLACE_MAX][CODE_SIZE];
    size_t region_count;
} table = {.once = PTHREAD_ONCE_INIT};

/* Copies column `column` of a tab-separated row; longer than a code: "". */
static void read_code(const char *row, int column, char ret_code[CODE_SIZE])
{
    for (; column > 0; column--) {
        row += strcspn(row, "\t\n");
        row += *row == '\t';
    }
    size_t size = strcspn(row, "\t\n");
    size = size < CODE_SIZE ? size : 0;
    memcpy(ret_code, row, size);
    ret_code[size] = '\0';
}

/* The row after this one; NULL at the end. */
static const char *next_row(const char *row)
{
    const char *end = strchr(row, '\n');
    return end && end[1] ? end + 1 : NULL;
}

static void load(void)
{
    const char *row = next_row(pia_departements_tsv); /* after the headings */
    for (; row && table.place_count < PLACE_MAX; row = next_row(row)) {
        place_t *place = &table.places[table.place_count++];
        read_code(row, 0, place->departement);
        read_code(row, REGION_COLUMN, place->region);
    }
    row = next_row(pia_regions_tsv);
    for (; row && table.region_count < PLACE_MAX; row = next_row(row)) {
        read_code(row, 0, table.regions[table.region_count++]);
    }
}

const char *pia_territory_region_of(const char *departement)
{
    (void)pthread_once(&table.once, load);
    for (size_t i = 0; i < table.place_count; i++) {
        if (strcmp(table.places[i].departement, departement) == 0) {
            return table.places[i].region;
        }
    }
    return NULL;
}

const char *pia_territory_next_region(const char *region)
{
    (void)pthread_once(&table.once, load);
    size_t i = 0;
    while (region && i < table.region_count && strcmp(table.regions[i++], region) != 0)
        ;
    return i < table.region_count ? table.regions[i] : NULL;
}

const char *pia_territory_next_departement(const char *region, const char *departement)
{
    (void)pthread_once(&table.once, load);
    bool behind = departement == NULL;
    for (size_t i = 0; i < table.place_count; i++) {
        const place_t *place = &table.places[i];
        if (behind && strcmp(place->region, region) == 0) {
            return place->departement;
        }
        behind = behind || strcmp(place->departement, departement) == 0;
    }
    return NULL;
}

int pia_territory_has_region(const char *region)
{
    (void)pthread_once(&table.once, load);
    for (size_t i = 0; i < table.region_count; i++) {
        if (strcmp(table.regions[i], region) == 0) {
            return 1;
        }
    }
    return 0;
}

void pia_territory_departement_of(const char *commune, char ret_departement[4])
{
    size_t size = strncmp(commune, "97", 2) >= 0 ? 3 : 2;
    size = strnlen(commune, size);
    memcpy(ret_departement, commune, size);
    ret_departement[size] = '\0';
}
