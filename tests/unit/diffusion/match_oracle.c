/* match_oracle.c - what matches, once more. */
#include "match_oracle.h"

#include <stdio.h>
#include <string.h>

#include "pia/territory.h"

/* Few values of each, so that they meet. */
static const struct {
    const char *member, *attribute;
    bool list;
    const char *values[8];
} criteria[] = {
    {"types", "type", false, {"publication.published", "publication.changed", "thing.happened"}},
    {"sources", "source", false, {"/poles/cnidep", "/poles/pole-bois", "/services/registry"}},
    {"kinds", "kind", false, {"guide", "formation", "lettre", "veille"}},
    {"themes", "themes", true, {"habitat", "arts", "alimentation", "sante", "production"}},
    {"sectors", "sectors", true, {"batiment", "alimentaire", "production", "services"}},
    {"regions", "regions", true, {"44", "52", "28", "04", "94"}},
    {"departements", "departements", true, {"54", "57", "72", "14", "974", "2A"}},
    {"poles", "pole", false, {"cnidep", "pole-bois", "arts-du-feu"}},
    {"topics", "topics", true, {"technologie", "reglementation", "marches"}},
    {"scopes", "scope", false, {"national", "regional"}},
};
enum { CRITERIA = sizeof criteria / sizeof *criteria };

unsigned oracle_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

static const char *any_value(unsigned *seed, size_t criterion)
{
    unsigned count = 0;
    while (count < 8 && criteria[criterion].values[count])
        count++;
    return criteria[criterion].values[oracle_random(seed, count)];
}

json_t *oracle_filter(unsigned *seed)
{
    json_t *filter = json_object();
    for (size_t i = 0; i < CRITERIA; i++) {
        if (oracle_random(seed, 4))
            continue;
        json_t *array = json_array();
        for (unsigned n = oracle_random(seed, 40) ? 1 + oracle_random(seed, 2) : 0; n > 0; n--)
            json_array_append_new(array, json_string(any_value(seed, i)));
        json_object_set_new(filter, criteria[i].member, array);
    }
    return filter;
}

json_t *oracle_event(unsigned *seed)
{
    json_t *event = json_object();
    for (size_t i = 0; i < CRITERIA; i++) {
        if (i > 1 && oracle_random(seed, 4) == 0)
            continue;
        char list[256] = "";
        for (unsigned n = criteria[i].list ? 1 + oracle_random(seed, 3) : 1; n > 0; n--)
            (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                           *list ? "," : "", any_value(seed, i));
        json_object_set_new(event, criteria[i].attribute, json_string(list));
    }
    return event;
}

static const char *text_of(const json_t *event, const char *attribute)
{
    return json_string_value(json_object_get(event, attribute));
}

attributes_t oracle_attributes(const json_t *event)
{
    attributes_t attributes = {0};
#define X(name, text, tag) attributes.value[ATTRIBUTE_##name] = text_of(event, text);
    ATTRIBUTE_MAP(X)
#undef X
    return attributes;
}

/* Whether "a,b,c" has the item. */
static bool has(const char *list, const char *item)
{
    char whole[512];
    char wanted[128];
    (void)snprintf(whole, sizeof whole, ",%s,", list ? list : "");
    (void)snprintf(wanted, sizeof wanted, ",%s,", item);
    return strstr(whole, wanted);
}

static bool wants_region(const json_t *event, const char *region)
{
    static const char *const departements[] = {"54", "57", "72", "14", "974", "2A"};
    if (has(text_of(event, "scope"), "national") || has(text_of(event, "regions"), region))
        return true;
    for (size_t i = 0; i < sizeof departements / sizeof *departements; i++)
        if (has(text_of(event, "departements"), departements[i]) &&
            strcmp(pia_territory_region_of(departements[i]), region) == 0)
            return true;
    return false;
}

static bool wants_departement(const json_t *event, const char *departement)
{
    return has(text_of(event, "scope"), "national") ||
           has(text_of(event, "departements"), departement) ||
           has(text_of(event, "regions"), pia_territory_region_of(departement));
}

static bool satisfies(const json_t *event, size_t criterion, const char *value)
{
    if (strcmp(criteria[criterion].member, "regions") == 0)
        return wants_region(event, value);
    if (strcmp(criteria[criterion].member, "departements") == 0)
        return wants_departement(event, value);
    return has(text_of(event, criteria[criterion].attribute), value);
}

bool oracle_matches(const json_t *filter, const json_t *event)
{
    for (size_t i = 0; i < CRITERIA; i++) {
        const json_t *wanted = json_object_get(filter, criteria[i].member);
        bool found = !wanted;
        for (size_t n = 0; n < json_array_size(wanted); n++)
            found = found || satisfies(event, i, json_string_value(json_array_get(wanted, n)));
        if (!found)
            return false;
    }
    return true;
}
