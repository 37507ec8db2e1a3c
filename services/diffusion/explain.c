/* explain.c - criteria in words. */
#include "explain.h"

#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "filter.h"
#include "place.h"

static const struct {
    const char *label;     /* what people call it */
    attribute_t attribute; /* what the event says of it */
} criteria[CRITERION_COUNT] = {
    [CRITERION_TYPES] = {"type d’événement", ATTRIBUTE_TYPE},
    [CRITERION_SOURCES] = {"origine", ATTRIBUTE_SOURCE},
    [CRITERION_KINDS] = {"nature", ATTRIBUTE_KIND},
    [CRITERION_THEMES] = {"thème", ATTRIBUTE_THEMES},
    [CRITERION_SECTORS] = {"secteur", ATTRIBUTE_SECTORS},
    [CRITERION_REGIONS] = {"région", ATTRIBUTE_REGIONS},
    [CRITERION_DEPARTEMENTS] = {"département", ATTRIBUTE_DEPARTEMENTS},
    [CRITERION_POLES] = {"pôle", ATTRIBUTE_POLE},
    [CRITERION_TOPICS] = {"sujet", ATTRIBUTE_TOPICS},
    [CRITERION_SCOPES] = {"portée", ATTRIBUTE_SCOPE},
    [CRITERION_LANGUAGES] = {"langue", ATTRIBUTE_LANGUAGE},
    [CRITERION_TERRITORIES] = {"territoire", ATTRIBUTE_COMMUNES},
    [CRITERION_KEYWORDS] = {"mots-clés", ATTRIBUTE_WORDS},
};

static void append_text(void *arg, const char *text)
{
    json_array_append_new(arg, json_string(text));
}

static bool is_of_places(criterion_t criterion)
{
    return criterion == CRITERION_REGIONS || criterion == CRITERION_DEPARTEMENTS ||
           criterion == CRITERION_TERRITORIES;
}

/* What the event says that concerns a criterion. */
static json_t *found_of(criterion_t criterion, const attributes_t *attributes)
{
    json_t *found = json_array();
    const char *list = attributes->value[criteria[criterion].attribute];
    const char *item = NULL;
    size_t size = 0;
    if (is_of_places(criterion) && place_is_everywhere(attributes))
        append_text(found, "national");
    else if (is_of_places(criterion))
        place_each_of(attributes, append_text, found);
    else if (criterion == CRITERION_SOURCES || criterion == CRITERION_TYPES)
        json_array_append_new(found, json_string(list));
    else if (criterion != CRITERION_KEYWORDS)
        while (attributes_list_next(&list, &item, &size))
            json_array_append_new(found, json_stringn(item, size));
    return found;
}

/* Whether the event has this one value of a criterion: asked of the filter's own rules. */
static bool has(criterion_t criterion, const json_t *value, const attributes_t *attributes)
{
    filter_t *filter = NULL;
    pia_problem_t problem = {0};
    json_t *alone = json_pack("{s:[O]}", criterion_member(criterion), value);
    bool found =
        filter_compile(alone, &filter, &problem) == PIA_OK && filter_matches(filter, attributes);
    filter_destroy(&filter);
    json_decref(alone);
    return found;
}

/* "a, b ou c" */
static void add_list(buffer_t *text, const json_t *array)
{
    size_t count = json_array_size(array);
    for (size_t i = 0; i < count; i++) {
        const char *item = json_string_value(json_array_get(array, i));
        const char *before = i == 0 ? "" : i + 1 < count ? ", " : " ou ";
        buffer_add(text, before, strlen(before));
        buffer_add(text, item, strlen(item));
    }
}

static void add_text(buffer_t *text, const char *more)
{
    buffer_add(text, more, strlen(more));
}

enum { SENTENCE_MAX = 900 }; /* bytes; longer lists are cut at a character */

/* The text so far, cut to what a sentence may have. */
static json_t *sentence(buffer_t *text)
{
    size_t size = text->size;
    if (size > SENTENCE_MAX) {
        size = SENTENCE_MAX;
        while (size && (text->bytes[size] & 0xC0) == 0x80)
            size--;
    }
    json_t *string = json_stringn((const char *)text->bytes, size);
    buffer_free(text);
    return string;
}

static json_t *
criterion_text(criterion_t criterion, bool satisfied, const json_t *asked, const json_t *found)
{
    buffer_t text = {0};
    add_text(&text, satisfied ? "Oui, " : "Non, ");
    add_text(&text, criteria[criterion].label);
    add_text(&text, "\u00a0: demandé ");
    add_list(&text, asked);
    if (!json_array_size(asked))
        add_text(&text, "rien, ce que rien ne satisfait");
    if (criterion == CRITERION_KEYWORDS) {
        add_text(&text, satisfied ? ", trouvé" : ", pas trouvé");
    } else if (json_array_size(found)) {
        add_text(&text, " ; annoncé ");
        add_list(&text, found);
    } else {
        add_text(&text, " ; rien d’annoncé");
    }
    add_text(&text, ".");
    return sentence(&text);
}

static json_t *
explain_one(criterion_t criterion, const json_t *asked, const attributes_t *attributes)
{
    json_t *matched = json_array();
    json_t *found = found_of(criterion, attributes);
    size_t index = 0;
    json_t *value = NULL;
    json_array_foreach((json_t *)asked, index, value)
    {
        if (has(criterion, value, attributes))
            json_array_append(matched, value);
    }
    bool satisfied = json_array_size(matched) > 0;
    return json_pack("{s:s, s:b, s:O, s:o, s:o, s:o}", "criterion", criterion_member(criterion),
                     "satisfied", satisfied, "asked", asked, "found", found, "matched", matched,
                     "text", criterion_text(criterion, satisfied, asked, found));
}

json_t *explain_criteria(const json_t *filter, const attributes_t *attributes, bool *ret_satisfied)
{
    json_t *array = json_array();
    *ret_satisfied = true;
    for (criterion_t c = 0; c < CRITERION_COUNT; c++) {
        const json_t *asked = json_object_get(filter, criterion_member(c));
        if (!asked)
            continue;
        json_t *one = explain_one(c, asked, attributes);
        *ret_satisfied = *ret_satisfied && json_is_true(json_object_get(one, "satisfied"));
        json_array_append_new(array, one);
    }
    return array;
}

/* The label of a criterion in the array. */
static const char *label_of(const json_t *one)
{
    const char *member = json_string_value(json_object_get(one, "criterion"));
    criterion_t c = 0;
    while (strcmp(criterion_member(c), member) != 0)
        c++;
    return criteria[c].label;
}

json_t *explain_text(const json_t *array, bool holds, bool visible)
{
    buffer_t text = {0};
    json_t *reasons = json_array();
    size_t index = 0;
    json_t *one = NULL;
    json_array_foreach((json_t *)array, index, one)
    {
        if (!json_is_true(json_object_get(one, "satisfied")))
            append_text(reasons, label_of(one));
    }
    bool matches = holds && visible && !json_array_size(reasons);
    add_text(&text, matches ? "Cet abonnement est touché." : "Cet abonnement n’est pas touché.");
    if (!holds)
        add_text(&text, " Il n’était pas en cours.");
    if (!visible)
        add_text(&text, " La publication est réservée au réseau.");
    for (size_t i = 0; i < json_array_size(reasons); i++) {
        add_text(&text, i ? ", " : " Ne convient pas\u00a0: ");
        add_text(&text, json_string_value(json_array_get(reasons, i)));
    }
    if (json_array_size(reasons))
        add_text(&text, ".");
    json_decref(reasons);
    return sentence(&text);
}
