/* attributes.c - the attributes of an event: read from CloudEvents JSON, checked once, on the way
 * in.
 *
 * Which codes exist is read from proto/publication.schema.json through the generated tables: the
 * contract lists them in one place, every process of a version agrees on them, and no event has to
 * wait until the registry has told its lists. A new code is a new version of the contract. */
#include "attributes.h"

#include <assert.h>
#include <string.h>

#include "pia/fold.h"
#include "pia/memory.h"
#include "proto/publication.h"

#include "rights.h"

typedef struct {
    attribute_t attribute; /* a publication has a member of this name: its table has the codes */
    bool list;
} rule_t;

static const char *const attribute_names[ATTRIBUTE_COUNT] = {
#define X(name, text, tag) [ATTRIBUTE_##name] = (text),
    ATTRIBUTE_MAP(X)
#undef X
};

static const rule_t rules[] = {
    {ATTRIBUTE_KIND, false},    {ATTRIBUTE_THEMES, true},       {ATTRIBUTE_SECTORS, true},
    {ATTRIBUTE_REGIONS, true},  {ATTRIBUTE_DEPARTEMENTS, true}, {ATTRIBUTE_EPCIS, true},
    {ATTRIBUTE_COMMUNES, true}, {ATTRIBUTE_POLE, false},        {ATTRIBUTE_TOPICS, true},
    {ATTRIBUTE_SCOPE, false},
};
enum { RULES = sizeof rules / sizeof *rules };

enum { LANGUAGE_MAX = 35 };

static const char POLE_PREFIX[] = "/poles/";

const char *attributes_pole_of(const char *source)
{
    size_t size = sizeof POLE_PREFIX - 1;
    return strncmp(source, POLE_PREFIX, size) == 0 && source[size] ? source + size : NULL;
}

bool attributes_list_next(const char **at, const char **ret_item, size_t *ret_size)
{
    if (!*at || !**at)
        return false;
    size_t size = strcspn(*at, ",");
    *ret_item = *at;
    *ret_size = size;
    *at += size + ((*at)[size] == ',' ? 1 : 0);
    return true;
}

size_t attributes_language_size(const char *language)
{
    return strcspn(language, "-");
}

bool attributes_list_has(const char *list, const char *item)
{
    size_t wanted = strlen(item);
    const char *found = NULL;
    size_t size = 0;
    while (attributes_list_next(&list, &found, &size)) {
        if (size == wanted && memcmp(found, item, size) == 0)
            return true;
    }
    return false;
}

bool attributes_is_publication(const char *type)
{
    return strcmp(type, "publication.published") == 0 || strcmp(type, "publication.changed") == 0 ||
           strcmp(type, "publication.cancelled") == 0;
}

static const pia_field_t *field_of(attribute_t attribute)
{
    const pia_field_t *field = pia_publication_schema.fields;
    while (field->name && strcmp(field->name, attribute_names[attribute]) != 0)
        field++;
    return field;
}

static bool code_exists(const pia_field_t *field, const char *code)
{
    if (field->format)
        return pia_format_check(field->format, code);
    const char *const *value = field->values;
    while (*value && strcmp(*value, code) != 0)
        value++;
    return *value;
}

static pia_status_t refuse(const char *name, const char *why, pia_problem_t *problem)
{
    char pointer[PIA_POINTER_MAX];
    (void)snprintf(pointer, sizeof pointer, "/%s", name);
    return pia_problem_set(problem, PIA_INVALID, pointer, "%s", why);
}

/* Every item exists, none is empty, there are not too many. */
static pia_status_t check_list(const rule_t *rule, const char *list, pia_problem_t *problem)
{
    const pia_field_t *field = field_of(rule->attribute);
    const char *name = attribute_names[rule->attribute];
    size_t length = strlen(list);
    if (length == 0 || list[length - 1] == ',')
        return refuse(name, "A list has no empty items.", problem);
    const char *item = NULL;
    size_t size = 0;
    int64_t count = 0;
    while (attributes_list_next(&list, &item, &size)) {
        char code[64];
        if (size == 0 || size >= sizeof code)
            return refuse(name, "No such code.", problem);
        memcpy(code, item, size);
        code[size] = '\0';
        if (!code_exists(field, code))
            return refuse(name, "No such code.", problem);
        if (++count > field->max)
            return refuse(name, "Too many codes.", problem);
    }
    return PIA_OK;
}

static pia_status_t check_rule(const rule_t *rule, const char *value, pia_problem_t *problem)
{
    if (!value)
        return PIA_OK;
    if (rule->list)
        return check_list(rule, value, problem);
    if (code_exists(field_of(rule->attribute), value))
        return PIA_OK;
    return refuse(attribute_names[rule->attribute], "No such code.", problem);
}

/* What a pôle says is public unless it says otherwise; a service has to say. */
static void default_visibility(attributes_t *attributes)
{
    if (!attributes->value[ATTRIBUTE_VISIBILITY] &&
        attributes_pole_of(attributes->value[ATTRIBUTE_SOURCE]))
        attributes->value[ATTRIBUTE_VISIBILITY] = "public";
}

static pia_status_t check_visibility(const attributes_t *attributes, pia_problem_t *problem)
{
    const char *visibility = attributes->value[ATTRIBUTE_VISIBILITY];
    const char *restricted_to = attributes->value[ATTRIBUTE_RESTRICTED_TO];
    bool restricted = visibility && strcmp(visibility, "restricted") == 0;
    if (!visibility ||
        (!restricted && strcmp(visibility, "public") != 0 && strcmp(visibility, "network") != 0))
        return refuse("visibility", "It is public, network or restricted.", problem);
    if (restricted != (restricted_to != NULL))
        return refuse("restrictedto", "A restricted event, and no other, says to whom.", problem);
    if (restricted && !rights_list_valid(restricted_to))
        return refuse("restrictedto", "It lists role:NAME, person:UUID, structure:UUID.", problem);
    if (restricted && attributes_is_publication(attributes->value[ATTRIBUTE_TYPE]))
        return refuse("visibility", "A publication is public or network.", problem);
    return PIA_OK;
}

/* A language tag of RFC 5646, as far as it concerns us: a language of 2 or 3 letters first. */
static pia_status_t check_language(const char *language, pia_problem_t *problem)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char tag[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    size_t size = language ? attributes_language_size(language) : 2;
    if (!language || (size >= 2 && size <= 3 && strspn(language, letters) >= size &&
                      strlen(language) <= LANGUAGE_MAX && !language[strspn(language, tag)]))
        return PIA_OK;
    return refuse("language", "It is a language tag: fr, fr-CH.", problem);
}

/* Adds a text or an array of texts to `joined` as one list; NULL if it is neither, empty, or does
 * not fit. The caller's rules check the codes. */
static const char *join(const json_t *member, char *joined, size_t *used)
{
    if (json_is_string(member))
        return json_string_value(member);
    size_t start = *used;
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(member, index, item)
    {
        const char *text = json_string_value(item);
        int room = (int)(ATTRIBUTE_JOINED_MAX - *used);
        int size = text ? snprintf(joined + *used, (size_t)room, index ? ",%s" : "%s", text) : room;
        if (size >= room)
            return NULL;
        *used += (size_t)size;
    }
    if (*used == start)
        return NULL;
    (*used)++;
    return joined + start;
}

/* The words of a publication's title and summary; the caller owns it. */
static char *words_of(const json_t *data)
{
    const char *title = json_string_value(json_object_get(data, "title"));
    const char *summary = json_string_value(json_object_get(data, "summary"));
    const char *texts[] = {title ? title : "", summary ? summary : "", NULL};
    return pia_fold_words(texts);
}

/* What a publication's event does not say in attributes stands in its data. */
static char *fill_from_data(const json_t *event, attributes_t *attributes)
{
    const json_t *data = json_object_get(event, "data");
    char *words = words_of(data);
    size_t words_size = strlen(words) + 1;
    char *joined = pia_alloc(ATTRIBUTE_JOINED_MAX + words_size);
    memcpy(joined + ATTRIBUTE_JOINED_MAX, words, words_size);
    free(words);
    size_t used = 0;
    for (size_t i = 0; i < RULES; i++) {
        attribute_t attribute = rules[i].attribute;
        const json_t *member = json_object_get(data, attribute_names[attribute]);
        if (attribute != ATTRIBUTE_POLE && !attributes->value[attribute] && member)
            attributes->value[attribute] = join(member, joined, &used);
    }
    if (!attributes->value[ATTRIBUTE_VISIBILITY])
        attributes->value[ATTRIBUTE_VISIBILITY] =
            json_string_value(json_object_get(data, "visibility"));
    if (!attributes->value[ATTRIBUTE_LANGUAGE])
        attributes->value[ATTRIBUTE_LANGUAGE] =
            json_string_value(json_object_get(data, "language"));
    if (!attributes->value[ATTRIBUTE_LANGUAGE])
        attributes->value[ATTRIBUTE_LANGUAGE] = "fr";
    if (words_size > 1 && words_size <= UINT16_MAX)
        attributes->value[ATTRIBUTE_WORDS] = joined + ATTRIBUTE_JOINED_MAX;
    return joined;
}

/* Texts only: an extension of another type is no value of ours. */
static pia_status_t
take_texts(const json_t *event, attributes_t *attributes, pia_problem_t *problem)
{
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        const json_t *member =
            attribute_names[i][0] ? json_object_get(event, attribute_names[i]) : NULL;
        attributes->value[i] = json_string_value(member);
        if (member && !attributes->value[i])
            return refuse(attribute_names[i], "It is a text.", problem);
    }
    return PIA_OK;
}

static pia_status_t take_pole(attributes_t *attributes, pia_problem_t *problem)
{
    const char *pole = attributes_pole_of(attributes->value[ATTRIBUTE_SOURCE]);
    const char **stated = &attributes->value[ATTRIBUTE_POLE];
    if (pole && *stated && strcmp(pole, *stated) != 0)
        return refuse("pole", "It is the pôle of the source.", problem);
    if (pole)
        *stated = pole;
    return PIA_OK;
}

pia_status_t attributes_check(attributes_t *attributes, pia_problem_t *problem)
{
    default_visibility(attributes);
    pia_status_t status = take_pole(attributes, problem);
    for (size_t i = 0; status == PIA_OK && i < RULES; i++)
        status = check_rule(&rules[i], attributes->value[rules[i].attribute], problem);
    if (status == PIA_OK)
        status = check_language(attributes->value[ATTRIBUTE_LANGUAGE], problem);
    return status == PIA_OK ? check_visibility(attributes, problem) : status;
}

pia_status_t attributes_read(const json_t *event,
                             attributes_t *ret_attributes,
                             char **ret_owned,
                             pia_problem_t *problem)
{
    attributes_t attributes = {{NULL}};
    char *owned = NULL;
    pia_status_t status = take_texts(event, &attributes, problem);
    assert(status != PIA_OK || /* pia_event_check has seen to it */
           (attributes.value[ATTRIBUTE_SOURCE] && attributes.value[ATTRIBUTE_TYPE]));
    if (status == PIA_OK && attributes_is_publication(attributes.value[ATTRIBUTE_TYPE]))
        owned = fill_from_data(event, &attributes);
    if (status == PIA_OK) {
        status = attributes_check(&attributes, problem);
    }
    if (status != PIA_OK) {
        free(owned);
        return status;
    }
    *ret_attributes = attributes;
    *ret_owned = owned;
    return PIA_OK;
}
