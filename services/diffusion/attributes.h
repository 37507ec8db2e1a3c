/* attributes.h - what filters, visibility and topics look at in an event, without its JSON. */
#ifndef DIFFUSION_ATTRIBUTES_H
#define DIFFUSION_ATTRIBUTES_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/problem.h"

/* C name, name in CloudEvents, tag in stored records (never reused). HOME is ours: the région of
 * the event's pôle when it was appended; so is WORDS: those of a publication's title and summary
 * (pia_fold_words), which keywords are looked for in. Lists are separated by commas. */
#define ATTRIBUTE_MAP(X)                                                                           \
    X(SOURCE, "source", 1)                                                                         \
    X(TYPE, "type", 2)                                                                             \
    X(VISIBILITY, "visibility", 3)                                                                 \
    X(RESTRICTED_TO, "restrictedto", 4)                                                            \
    X(KIND, "kind", 5)                                                                             \
    X(THEMES, "themes", 6)                                                                         \
    X(SECTORS, "sectors", 7)                                                                       \
    X(REGIONS, "regions", 8)                                                                       \
    X(DEPARTEMENTS, "departements", 9)                                                             \
    X(POLE, "pole", 10)                                                                            \
    X(TOPICS, "topics", 11)                                                                        \
    X(SCOPE, "scope", 12)                                                                          \
    X(HOME, "", 13)                                                                                \
    X(PARTITION_KEY, "partitionkey", 14)                                                           \
    X(EPCIS, "epcis", 15)                                                                          \
    X(COMMUNES, "communes", 16)                                                                    \
    X(LANGUAGE, "language", 17)                                                                    \
    X(WORDS, "", 18)

typedef enum {
#define X(name, text, tag) ATTRIBUTE_##name,
    ATTRIBUTE_MAP(X)
#undef X
        ATTRIBUTE_COUNT
} attribute_t;

enum { ATTRIBUTE_JOINED_MAX = 2048 };

/* NULL for an absent one. Borrowed from the event's JSON, a record or `joined`. */
typedef struct {
    const char *value[ATTRIBUTE_COUNT];
} attributes_t;

/* Reads the attributes of an event that pia_event_check has passed, and checks what is ours:
 * visibility with restrictedto, codes that exist, lists. Absent ones of a publication.* event are
 * taken from its data, which is in French if it does not say; `pole` of an event of a pôle from its
 * source. *ret_owned (NULL or freed by the caller, living as long as the attributes) holds texts
 * that are not in the JSON. */
pia_status_t attributes_read(const json_t *event,
                             attributes_t *ret_attributes,
                             char **ret_owned,
                             pia_problem_t *problem);

/* Checks what is ours in attributes that were read elsewhere (scan.h) from an event that is not a
 * publication's, and adds what they say by default. */
pia_status_t attributes_check(attributes_t *attributes, pia_problem_t *problem);

/* The CODE of a source "/poles/CODE", or NULL. */
const char *attributes_pole_of(const char *source);

/* The length of a language's first subtag: 2 of "fr-CH". */
size_t attributes_language_size(const char *language);

/* Whether a comma-separated list (may be NULL) holds this item. */
bool attributes_list_has(const char *list, const char *item);

/* The next item of a list: sets start and size and moves `at` behind it; false at the end. */
bool attributes_list_next(const char **at, const char **ret_item, size_t *ret_size);

/* Whether the type is one of publication.published, .changed and .cancelled. */
bool attributes_is_publication(const char *type);

#endif
