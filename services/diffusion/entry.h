/* entry.h - an event on its way in: its bytes as they came, parsed and checked once. */
#ifndef DIFFUSION_ENTRY_H
#define DIFFUSION_ENTRY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

#include "attributes.h"
#include "cursor.h"

typedef struct {
    json_t *json;      /* owned reference */
    const void *bytes; /* what is stored: borrowed, or `dumped` */
    size_t size;
    char *dumped;             /* owned; NULL if the bytes came from outside */
    attributes_t attributes;  /* borrowed from json and `joined` */
    char *joined;             /* owned; may be NULL */
    char home[4];             /* région of its pôle, once it is known; "" */
    uint8_t hash[CHAIN_SIZE]; /* of the bytes */
} entry_t;

/* Parses and checks an event from outside; `bytes` must outlive the entry. On failure there is
 * nothing to clear. */
pia_status_t
entry_parse(const void *bytes, size_t size, entry_t *ret_entry, pia_problem_t *problem);

/* The same for an event that is JSON already (borrowed): its compact form is stored. */
pia_status_t entry_from_json(json_t *event, entry_t *ret_entry, pia_problem_t *problem);

void entry_clear(entry_t *entry);

/* Its (source, id). */
const char *entry_source(const entry_t *entry);
const char *entry_id(const entry_t *entry);
const char *entry_type(const entry_t *entry);

#endif
