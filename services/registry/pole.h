/* pole.h - a pôle: what is known of it, and what may happen to it. */
#ifndef REGISTRY_POLE_H
#define REGISTRY_POLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "pia/problem.h"
#include "text.h"

/* UNKNOWN: no source says; such a pôle publishes nothing and is announced to nobody. */
#define POLE_STATE_MAP(X)                                                                          \
    X(UNKNOWN, NULL)                                                                               \
    X(ACTIVE, "active")                                                                            \
    X(SUSPENDED, "suspended")                                                                      \
    X(ENDED, "ended")

typedef enum {
#define X(name, text) POLE_##name,
    POLE_STATE_MAP(X)
#undef X
} pole_state_t;

/* Sizes are those of proto/pole.schema.json and a NUL; "" is absent. */
typedef struct {
    char code[CODE_SIZE];
    char name[201];
    char full_name[301];
    char structure[UUID_SIZE];
    char carrier[301];
    char carrier_type[101];
    char departement[TERRITORY_SIZE];
    char region[TERRITORY_SIZE];
    char city[101];
    char themes[CODES_SIZE];  /* comma-joined codes, the first is the main one */
    char sectors[CODES_SIZE]; /* comma-joined codes */
    pole_state_t state;
    char labelled_since[11];    /* year or date */
    char label_until[11];       /* first day without label */
    char label[UUID_SIZE];      /* the labellisation's id */
    char next_label[UUID_SIZE]; /* awarded: continues `label` where that one ends */
    char next_until[11];        /* its first day without label */
    char reason[2001];          /* why suspended */
    bool demonstration;
    int64_t version;
} pole_t;

/* The wire text, NULL for UNKNOWN; and back, UNKNOWN for NULL or another text. */
const char *pole_state_text(pole_state_t state);
pole_state_t pole_state_parse(const char *text);

/* Sets the département and, from it, the region. */
void pole_place(pole_t *pole, const char *departement);

/* Changes the state. PIA_CONFLICT: it is not one from which this can happen. */
pia_status_t pole_suspend(pole_t *pole, const char *reason, pia_problem_t *problem);
pia_status_t pole_reactivate(pole_t *pole, pia_problem_t *problem);

/* The resource, and the data of pole.labelled and pole.updated; the caller owns them. */
json_t *pole_json(const pole_t *pole);
json_t *pole_announcement(const pole_t *pole);

#endif
