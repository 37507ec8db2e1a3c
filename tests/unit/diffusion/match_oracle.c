/* match_oracle.c - what matches, once more. */
#include "match_oracle.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pia/fold.h"
#include "pia/json.h"

/* Few values of each, so that they meet. What has no member is only named by events, what has no
 * attribute is only asked for by filters. */
static const struct {
    const char *member, *attribute;
    bool list;
    const char *values[16];
} criteria[] = {
    {"types", "type", false, {"publication.published", "publication.changed", "thing.happened"}},
    {"sources", "source", false, {"/poles/cnidep", "/poles/pole-bois", "/services/registry"}},
    {"kinds", "kind", false, {"guide", "formation", "lettre", "veille"}},
    {"themes", "themes", true, {"habitat", "arts", "alimentation", "sante", "production"}},
    {"sectors", "sectors", true, {"batiment", "alimentaire", "production", "services"}},
    {"regions", "regions", true, {"44", "52", "28", "04", "94"}},
    {"departements", "departements", true, {"54", "57", "72", "14", "974", "2A"}},
    {NULL, "epcis", true, {"245400676", "200070738", "200072676", "200065597"}},
    {NULL, "communes", true, {"54395", "57463", "54022", "14118", "72002"}},
    {"poles", "pole", false, {"cnidep", "pole-bois", "arts-du-feu"}},
    {"topics", "topics", true, {"technologie", "reglementation", "marches"}},
    {"scopes", "scope", false, {"national", "regional"}},
    {NULL, "language", false, {"fr", "fr-CH", "EN-gb", "en", "gsw"}},
    {"languages", NULL, false, {"fr", "en", "de"}},
    {"territories",
     NULL,
     false,
     {"commune:54395", "commune:57463", "commune:72002", "commune:14118", "epci:245400676",
      "epci:200070738", "epci:200072676", "departement:54", "departement:57", "departement:72",
      "departement:974", "region:44", "region:28", "region:04"}},
};
enum { CRITERIA = sizeof criteria / sizeof *criteria };

/* Ground: a commune for each two of the places above that share some. */
static const struct {
    const char *commune, *epci, *departement, *region;
} ground[] = {
    {"54395", "245400676", "54", "44"}, {"57463", "200039865", "57", "44"},
    {"54022", "200070738", "54", "44"}, {"57021", "200070738", "57", "44"},
    {"72002", "200072676", "72", "52"}, {"61319", "200072676", "61", "28"},
    {"14118", "200065597", "14", "28"}, {"97411", "249740119", "974", "04"},
    {"2A004", "242010056", "2A", "94"},
};
enum { GROUND = sizeof ground / sizeof *ground };

/* Words, each written in several ways. */
enum { WORDS = 5, WRITINGS = 3 };
static const char *const words[WORDS][WRITINGS] = {
    {"isolation", "Isolations", "l'isolation"}, {"thermique", "THERMIQUES", "thermiques"},
    {"chaudière", "chaudieres", "Chaudière"},   {"œuvre", "oeuvres", "d’ŒUVRE"},
    {"travaux", "travail", "Travaux"},
};

unsigned oracle_random(unsigned *seed, unsigned below)
{
    assert(below > 0);
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

static const char *any_value(unsigned *seed, size_t criterion)
{
    unsigned count = 0;
    while (count < 16 && criteria[criterion].values[count])
        count++;
    return criteria[criterion].values[oracle_random(seed, count)];
}

static const char *any_word(unsigned *seed, unsigned *ret_word)
{
    *ret_word = oracle_random(seed, WORDS);
    return words[*ret_word][oracle_random(seed, WRITINGS)];
}

/* Keywords of one or two words; which ones they are stands beside, as "01" for both of the first,
 * where the product does not look. */
static void add_keywords(unsigned *seed, json_t *filter, json_t *meanings)
{
    json_t *array = json_array();
    for (unsigned n = 1 + oracle_random(seed, 2); n > 0; n--) {
        unsigned one = 0;
        unsigned other = 0;
        const char *first = any_word(seed, &one);
        const char *second = any_word(seed, &other);
        bool both = oracle_random(seed, 2);
        json_array_append_new(array, json_sprintf(both ? "%s %s" : "%s", first, second));
        json_array_append_new(meanings, json_sprintf(both ? "%u%u" : "%u", one, other));
    }
    json_object_set_new(filter, "keywords", array);
}

json_t *oracle_filter(unsigned *seed, json_t **ret_meanings)
{
    json_t *filter = json_object();
    *ret_meanings = json_array();
    for (size_t i = 0; i < CRITERIA; i++) {
        if (!criteria[i].member || oracle_random(seed, 6))
            continue;
        json_t *array = json_array();
        for (unsigned n = oracle_random(seed, 40) ? 1 + oracle_random(seed, 2) : 0; n > 0; n--)
            json_array_append_new(array, json_string(any_value(seed, i)));
        json_object_set_new(filter, criteria[i].member, array);
    }
    if (oracle_random(seed, 6) == 0)
        add_keywords(seed, filter, *ret_meanings);
    return filter;
}

/* A title of some words; which ones stands beside. */
static void add_title(unsigned *seed, json_t *event)
{
    char title[256] = "";
    char meaning[WORDS + 1] = "";
    for (unsigned n = oracle_random(seed, 5); n > 0; n--) {
        unsigned word = 0;
        const char *text = any_word(seed, &word);
        char digit[2] = {(char)('0' + word), '\0'};
        (void)snprintf(title + strlen(title), sizeof title - strlen(title), "%s, ", text);
        if (!strchr(meaning, digit[0]))
            (void)snprintf(meaning + strlen(meaning), sizeof meaning - strlen(meaning), "%s",
                           digit);
    }
    const char *texts[] = {title, NULL};
    char *folded = pia_fold_words(texts);
    json_object_set_new(event, "", json_string(folded));
    json_object_set_new(event, "meaning", json_string(meaning));
    free(folded);
}

json_t *oracle_event(unsigned *seed)
{
    json_t *event = json_object();
    for (size_t i = 0; i < CRITERIA; i++) {
        if (!criteria[i].attribute || (i > 1 && oracle_random(seed, 3) == 0))
            continue;
        char list[256] = "";
        for (unsigned n = criteria[i].list ? 1 + oracle_random(seed, 3) : 1; n > 0; n--)
            (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s",
                           *list ? "," : "", any_value(seed, i));
        json_object_set_new(event, criteria[i].attribute, json_string(list));
    }
    add_title(seed, event);
    return event;
}

attributes_t oracle_attributes(const json_t *event)
{
    attributes_t attributes = {0};
#define X(name, text, tag) attributes.value[ATTRIBUTE_##name] = pia_json_text(event, text);
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

/* Whether a place of a level has this piece of ground. */
static bool has_ground(const char *level, const char *code, size_t piece)
{
    const char *own = strcmp(level, "commune") == 0       ? ground[piece].commune
                      : strcmp(level, "epci") == 0        ? ground[piece].epci
                      : strcmp(level, "departement") == 0 ? ground[piece].departement
                                                          : ground[piece].region;
    return strcmp(own, code) == 0;
}

/* Whether the event names a place with this piece of ground. */
static bool event_has_ground(const json_t *event, size_t piece)
{
    return has(pia_json_text(event, "communes"), ground[piece].commune) ||
           has(pia_json_text(event, "epcis"), ground[piece].epci) ||
           has(pia_json_text(event, "departements"), ground[piece].departement) ||
           has(pia_json_text(event, "regions"), ground[piece].region);
}

static bool touches(const json_t *event, const char *level, const char *code)
{
    bool found = has(pia_json_text(event, "scope"), "national");
    for (size_t i = 0; i < GROUND; i++)
        found = found || (has_ground(level, code, i) && event_has_ground(event, i));
    return found;
}

static bool touches_place(const json_t *event, const char *place)
{
    char level[16] = "";
    size_t size = strcspn(place, ":");
    memcpy(level, place, size);
    return touches(event, level, place + size + 1);
}

static bool speaks(const json_t *event, const char *language)
{
    const char *own = pia_json_text(event, "language");
    return own && (strcmp(language, "fr") == 0   ? strncmp(own, "fr", 2) == 0
                   : strcmp(language, "en") == 0 ? strncasecmp(own, "en", 2) == 0
                                                 : false);
}

static bool satisfies(const json_t *event, size_t criterion, const char *value)
{
    const char *member = criteria[criterion].member;
    if (strcmp(member, "regions") == 0)
        return touches(event, "region", value);
    if (strcmp(member, "departements") == 0)
        return touches(event, "departement", value);
    if (strcmp(member, "territories") == 0)
        return touches_place(event, value);
    if (strcmp(member, "languages") == 0)
        return speaks(event, value);
    return has(pia_json_text(event, criteria[criterion].attribute), value);
}

/* One of the keywords has all its words in the title. */
static bool has_keyword(const json_t *event, const json_t *meanings)
{
    const char *own = pia_json_text(event, "meaning");
    for (size_t i = 0; i < json_array_size(meanings); i++) {
        const char *wanted = json_string_value(json_array_get(meanings, i));
        if (strspn(wanted, own) == strlen(wanted))
            return true;
    }
    return false;
}

bool oracle_matches(const json_t *filter, const json_t *meanings, const json_t *event)
{
    for (size_t i = 0; i < CRITERIA; i++) {
        if (!criteria[i].member)
            continue;
        const json_t *wanted = json_object_get(filter, criteria[i].member);
        bool found = !wanted;
        for (size_t n = 0; n < json_array_size(wanted); n++)
            found = found || satisfies(event, i, json_string_value(json_array_get(wanted, n)));
        if (!found)
            return false;
    }
    return !json_object_get(filter, "keywords") || has_keyword(event, meanings);
}
