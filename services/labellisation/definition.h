/* definition.h - a version of a procedure, read from JSON (proto/process_definition.schema.json)
 * and checked: state machines that the engine interprets. It never changes once loaded. */
#ifndef DEFINITION_H
#define DEFINITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "content.h"
#include "machine.h"
#include "pia/problem.h"
#include "review_rules.h"

enum {
    DEFINITION_SIZE_MAX = 256 * 1024,
    DEFINITION_HASH_SIZE = 65, /* hexadecimal, with its NUL */
};

/* How a committee deliberates. */
typedef struct {
    bool mandatory; /* consultation is compulsory: a breach of CRPA R133-3 to R133-13 is refused */
    bool by_votes;  /* the majority is of the votes cast, not of those present or represented */
} committee_rules_t;

typedef struct {
    const char *name, *title;
    int64_t version;
    const json_t *themes, *sectors;    /* sectors may be NULL */
    const char *specification;         /* of dossiers without a call; NULL: none */
    machine_t machines[MACHINE_COUNT]; /* without states: the procedure has no such kind */
    committee_rules_t committee;
    bool authority_required; /* nobody signs by a role alone */
    content_t content;       /* sections and pieces of a dossier */
    review_rules_t reviews;
    char hash[DEFINITION_HASH_SIZE]; /* of the bytes, BLAKE2b-256 */
    json_t *json;
} definition_t;

/* Reads and checks a definition. PIA_INVALID with a pointer to the first fault; PIA_TOO_LARGE. On
 * success the caller owns *ret_definition. */
pia_status_t definition_load(const char *bytes,
                             size_t size,
                             definition_t **ret_definition,
                             pia_problem_t *problem);
void definition_destroy(definition_t **definition_p);

#endif
