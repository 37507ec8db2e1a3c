/* criterion.h - what a filter can ask for: one criterion a member of the filter in
 * proto/event.schema.json, in the order of that schema. */
#ifndef DIFFUSION_CRITERION_H
#define DIFFUSION_CRITERION_H

#define CRITERION_MAP(X)                                                                           \
    X(TYPES, "types")                                                                              \
    X(SOURCES, "sources")                                                                          \
    X(KINDS, "kinds")                                                                              \
    X(THEMES, "themes")                                                                            \
    X(SECTORS, "sectors")                                                                          \
    X(REGIONS, "regions")                                                                          \
    X(DEPARTEMENTS, "departements")                                                                \
    X(POLES, "poles")                                                                              \
    X(TOPICS, "topics")                                                                            \
    X(SCOPES, "scopes")                                                                            \
    X(LANGUAGES, "languages")                                                                      \
    X(TERRITORIES, "territories")                                                                  \
    X(KEYWORDS, "keywords")

typedef enum {
#define X(name, member) CRITERION_##name,
    CRITERION_MAP(X)
#undef X
        CRITERION_COUNT
} criterion_t;

_Static_assert(CRITERION_KEYWORDS == CRITERION_COUNT - 1, "the scan adds keywords last");

/* The filter's member of a criterion: "themes". */
const char *criterion_member(criterion_t criterion);

#endif
