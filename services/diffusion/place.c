/* place.c - which places share ground. */
#include "place.h"

#include <stdio.h>
#include <string.h>

#include "pia/commune.h"
#include "pia/territory.h"

static const struct {
    const char *level;
    attribute_t attribute;
} levels[] = {
    {"commune:", ATTRIBUTE_COMMUNES},
    {"epci:", ATTRIBUTE_EPCIS},
    {"departement:", ATTRIBUTE_DEPARTEMENTS},
    {"region:", ATTRIBUTE_REGIONS},
};
enum { LEVELS = sizeof levels / sizeof *levels };

const char *place_code(const char *place, const char *level)
{
    size_t size = strlen(level);
    return strncmp(place, level, size) == 0 ? place + size : NULL;
}

static void tell(const char *level, const char *code, place_fn *each, void *arg)
{
    char place[PLACE_SIZE];
    if (!code)
        return;
    (void)snprintf(place, sizeof place, "%s%s", level, code);
    each(arg, place);
}

static void tell_departement(const char *departement, place_fn *each, void *arg)
{
    tell("departement:", departement, each, arg);
    tell("region:", pia_territory_region_of(departement), each, arg);
}

static void each_above_commune(const char *commune, place_fn *each, void *arg)
{
    char departement[4];
    tell("epci:", pia_commune_epci(commune), each, arg);
    pia_territory_departement_of(commune, departement);
    tell_departement(departement, each, arg);
}

void place_each_above(const char *place, place_fn *each, void *arg)
{
    const char *code = NULL;
    if ((code = place_code(place, "commune:"))) {
        each_above_commune(code, each, arg);
    } else if ((code = place_code(place, "epci:"))) {
        const char *departement = NULL;
        while ((departement = pia_epci_next_departement(code, departement)))
            tell_departement(departement, each, arg);
    } else if ((code = place_code(place, "departement:"))) {
        tell("region:", pia_territory_region_of(code), each, arg);
    }
}

void place_each_of(const attributes_t *attributes, place_fn *each, void *arg)
{
    for (size_t i = 0; i < LEVELS; i++) {
        const char *list = attributes->value[levels[i].attribute];
        const char *item = NULL;
        size_t size = 0;
        while (attributes_list_next(&list, &item, &size)) {
            char place[PLACE_SIZE];
            (void)snprintf(place, sizeof place, "%s%.*s", levels[i].level, (int)size, item);
            each(arg, place);
        }
    }
}

bool place_is_everywhere(const attributes_t *attributes)
{
    const char *scope = attributes->value[ATTRIBUTE_SCOPE];
    return scope && strcmp(scope, "national") == 0;
}

typedef struct {
    const char *wanted;
    bool found;
} search_t;

static void compare(void *arg, const char *place)
{
    search_t *search = arg;
    search->found = search->found || strcmp(place, search->wanted) == 0;
}

/* Compares a place of the event: the same one, the wanted one lies above it, or it above that. */
static void compare_around(void *arg, const char *place)
{
    search_t *search = arg;
    compare(search, place);
    if (search->found)
        return;
    place_each_above(place, compare, search);
    search_t above = {.wanted = place};
    place_each_above(search->wanted, compare, &above);
    search->found = search->found || above.found;
}

bool place_is_touched(const attributes_t *attributes, const char *place)
{
    search_t search = {.wanted = place, .found = place_is_everywhere(attributes)};
    if (!search.found)
        place_each_of(attributes, compare_around, &search);
    return search.found;
}
