/* messages.c - generated from all schemas, do not edit. */
#include "proto/messages.h"

#include <stddef.h>

#include "proto/tool.h"

const pia_message_t *const pia_messages[] = {
    &pia_msg_registry_tool_ping, /* 300 */
    &pia_msg_registry_tool_create, /* 301 */
    NULL,
};
