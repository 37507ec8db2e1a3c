/* proto/tool.h - generated from tool.schema.json, do not edit. */
#ifndef PIA_PROTO_TOOL_H
#define PIA_PROTO_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/schema.h"

/* Who made it. */
typedef struct {
    /* As it is written. * / */
    const char *name;
} pia_maker_t;
extern const pia_schema_t pia_maker_schema;

/* A tool. */
typedef struct {
    /* Its code. */
    const char *code;
    /* Of its handle. */
    const char *colour;
    /* In grams. */
    int64_t weight;
    const json_t *uses;
    /* The first. */
    const json_t *maker;
    const json_t *makers;
    /* Anything. */
    const json_t *notes;
    /* A word that is C's. */
    bool default_;
    bool has_weight;
    bool has_default_;
} pia_tool_t;
extern const pia_schema_t pia_tool_schema;

/* Makes one. */
typedef struct {
    const char *code;
    /* Chosen by the caller: a repeat with the same key gets the first answer. */
    const char *idempotency_key;
} pia_registry_tool_create_t;
extern const pia_schema_t pia_registry_tool_create_schema;
extern const pia_message_t pia_msg_registry_tool_create; /* 301 */

typedef struct {
    bool unused; /* it has no members */
} pia_registry_tool_ping_t;
extern const pia_schema_t pia_registry_tool_ping_schema;
extern const pia_message_t pia_msg_registry_tool_ping; /* 300 */

#endif
