/* schema.h - tables that the build generates from proto/, and the one decoder that reads them. */
#ifndef PIA_SCHEMA_H
#define PIA_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/format.h"
#include "pia/problem.h"

typedef enum {
    PIA_FIELD_TEXT,    /* const char *, NULL if absent */
    PIA_FIELD_INTEGER, /* int64_t, and a bool has_<name> */
    PIA_FIELD_BOOLEAN, /* bool, false if absent, and a bool has_<name> */
    PIA_FIELD_TEXTS,   /* const json_t * array of strings, NULL if absent */
    PIA_FIELD_OBJECT,  /* const json_t * object, NULL if absent; checked against `child` if set */
    PIA_FIELD_OBJECTS, /* const json_t * array of objects; each checked against `child` if set */
} pia_field_type_t;

typedef struct pia_schema pia_schema_t;

typedef struct {
    const char *name; /* in the JSON */
    pia_field_type_t type;
    bool required;
    size_t offset;              /* of the value in the struct */
    size_t has_offset;          /* of has_<name>, integers and booleans only */
    int64_t min, max;           /* bytes for TEXT, value for INTEGER, items for arrays; inclusive */
    int64_t item_min, item_max; /* bytes of each item of TEXTS */
    const char *format;         /* "uuid", "code", "date-time" …: see format.h; NULL any text */
    const char *const *values;  /* enum, NULL-ended, or NULL */
    const pia_schema_t *child;
} pia_field_t;

struct pia_schema {
    const char *name;          /* "registry.pole.get" */
    size_t size;               /* of the struct */
    const pia_field_t *fields; /* ends with a NULL name */
};

/* A message: what a client asks by number. */
typedef struct {
    uint16_t number;             /* x-number, unique over all services */
    const char *name;            /* "registry.pole.get"; the first word is the service */
    const pia_schema_t *request; /* of its body */
    bool mutating;               /* takes an idempotency key, changes something */
    bool once;                   /* changes something and takes no key: its answer is not kept */
    const pia_schema_t *answer;  /* of the body of a PIA_OK answer; NULL: not described */
} pia_message_t;

/* Whether unknown members are refused (people) or ignored (services among themselves). */
typedef enum { PIA_UNKNOWN_REFUSED, PIA_UNKNOWN_IGNORED } pia_unknown_t;

/* Checks `json` and fills the struct at `ret_fields` (schema->size bytes), whose texts and arrays
 * are borrowed from `json`. PIA_INVALID with a pointer to the first bad member. Texts are valid
 * UTF-8 without control characters except \n and \t. */
pia_status_t pia_schema_decode(const pia_schema_t *schema,
                               const json_t *json,
                               pia_unknown_t unknown,
                               void *ret_fields,
                               pia_problem_t *problem);

/* The JSON of a struct, absent members left out; the caller owns it. */
json_t *pia_schema_encode(const pia_schema_t *schema, const void *fields);

#endif
