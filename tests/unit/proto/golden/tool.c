/* tool.c - generated from tool.schema.json, do not edit. */
#include "proto/tool.h"

#include <stddef.h>

static const pia_field_t maker_fields[] = {
    {.name = "name",
     .type = PIA_FIELD_TEXT,
     .required = true,
     .offset = offsetof(pia_maker_t, name),
     .min = 1, .max = 100},
    {.name = NULL},
};
const pia_schema_t pia_maker_schema = {
    .name = "maker",
    .size = sizeof(pia_maker_t),
    .fields = maker_fields,
};

static const char *const tool_colour_values[] = {"red", "blue", NULL};
static const pia_field_t tool_fields[] = {
    {.name = "code",
     .type = PIA_FIELD_TEXT,
     .required = true,
     .offset = offsetof(pia_tool_t, code),
     .min = 0, .max = 4096,
     .format = "code"},
    {.name = "colour",
     .type = PIA_FIELD_TEXT,
     .offset = offsetof(pia_tool_t, colour),
     .min = 0, .max = 4096,
     .values = tool_colour_values},
    {.name = "weight",
     .type = PIA_FIELD_INTEGER,
     .required = true,
     .offset = offsetof(pia_tool_t, weight),
     .has_offset = offsetof(pia_tool_t, has_weight),
     .min = 0, .max = 100000},
    {.name = "default",
     .type = PIA_FIELD_BOOLEAN,
     .offset = offsetof(pia_tool_t, default_),
     .has_offset = offsetof(pia_tool_t, has_default_)},
    {.name = "uses",
     .type = PIA_FIELD_TEXTS,
     .offset = offsetof(pia_tool_t, uses),
     .min = 1, .max = 5,
     .item_min = 0, .item_max = 4096,
     .format = "code"},
    {.name = "maker",
     .type = PIA_FIELD_OBJECT,
     .offset = offsetof(pia_tool_t, maker),
     .child = &pia_maker_schema},
    {.name = "makers",
     .type = PIA_FIELD_OBJECTS,
     .offset = offsetof(pia_tool_t, makers),
     .min = 0, .max = 3,
     .child = &pia_maker_schema},
    {.name = "notes",
     .type = PIA_FIELD_OBJECT,
     .offset = offsetof(pia_tool_t, notes)},
    {.name = NULL},
};
const pia_schema_t pia_tool_schema = {
    .name = "tool",
    .size = sizeof(pia_tool_t),
    .fields = tool_fields,
};

static const pia_field_t registry_tool_create_fields[] = {
    {.name = "code",
     .type = PIA_FIELD_TEXT,
     .required = true,
     .offset = offsetof(pia_registry_tool_create_t, code),
     .min = 0, .max = 4096,
     .format = "code"},
    {.name = "idempotency_key",
     .type = PIA_FIELD_TEXT,
     .offset = offsetof(pia_registry_tool_create_t, idempotency_key),
     .min = 1, .max = 128},
    {.name = NULL},
};
const pia_schema_t pia_registry_tool_create_schema = {
    .name = "registry.tool.create",
    .size = sizeof(pia_registry_tool_create_t),
    .fields = registry_tool_create_fields,
};
const pia_message_t pia_msg_registry_tool_create = {
    .number = 301,
    .name = "registry.tool.create",
    .request = &pia_registry_tool_create_schema,
    .mutating = true,
    .answer = &pia_tool_schema,
};

static const pia_field_t registry_tool_ping_fields[] = {
    {.name = NULL},
};
const pia_schema_t pia_registry_tool_ping_schema = {
    .name = "registry.tool.ping",
    .size = sizeof(pia_registry_tool_ping_t),
    .fields = registry_tool_ping_fields,
};
const pia_message_t pia_msg_registry_tool_ping = {
    .number = 300,
    .name = "registry.tool.ping",
    .request = &pia_registry_tool_ping_schema,
    .mutating = false,
    .answer = NULL,
};
