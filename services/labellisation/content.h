/* content.h - what a procedure asks a dossier to hold: sections that are written, pieces that are
 * attached. Part of a definition (member `content`), borrowed from its JSON. */
#ifndef CONTENT_H
#define CONTENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "machine.h"
#include "pia/problem.h"

typedef struct {
    const char *name, *label;
    int64_t max;   /* bytes */
    bool required; /* a dossier without its text is incomplete */
} section_rule_t;

typedef struct {
    const char *name, *label;
    bool indispensable;
    const json_t *formats; /* names of format.h */
    int64_t files_max;
} piece_rule_t;

typedef struct {
    section_rule_t *sections;
    piece_rule_t *pieces;
    size_t section_count, piece_count;
    uint64_t draft_in;    /* states where the candidate writes and attaches, a bit each */
    uint64_t complete_in; /* states where the candidate only attaches */
} content_t;

/* Reads the member `content` of a definition (NULL: nothing is asked for) against the dossier's
 * machine. PIA_INVALID with a pointer. What it has filled is freed by content_clear, also after a
 * fault. */
pia_status_t content_load(content_t *content,
                          const json_t *json,
                          const machine_t *dossier,
                          pia_problem_t *problem);
void content_clear(content_t *content);

/* NULL if the procedure asks for none of this name. */
const section_rule_t *content_section(const content_t *content, const char *name);
const piece_rule_t *content_piece(const content_t *content, const char *name);

#endif
