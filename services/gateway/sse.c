/* sse.c - writes server-sent events. JSON in its compact form has no line ends. */
#include "sse.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "pia/memory.h"

enum { RETRY_MS = 2000 };

/* A block. `id` may be NULL. */
static char *block_of(const char *id, const char *type, const json_t *data)
{
    char *json = json_dumps(data, JSON_COMPACT);
    assert(json != NULL);
    char *text = NULL;
    int size = id == NULL ? asprintf(&text, "event: %s\ndata: %s\n\n", type, json)
                          : asprintf(&text, "id: %s\nevent: %s\ndata: %s\n\n", id, type, json);
    assert(size > 0);
    free(json);
    return text;
}

/* The same; takes `data`. */
static char *block(const char *id, const char *type, json_t *data)
{
    char *text = block_of(id, type, data);
    json_decref(data);
    return text;
}

char *sse_start(const char *cursor)
{
    char *text = NULL;
    int size = cursor == NULL ? asprintf(&text, "retry: %d\n\n", RETRY_MS)
                              : asprintf(&text, "retry: %d\nid: %s\n\n", RETRY_MS, cursor);
    assert(size > 0);
    return text;
}

char *sse_event(const pia_event_t *event)
{
    return block_of(event->cursor, event->type, event->json);
}

char *sse_heartbeat(const char *cursor)
{
    if (cursor == NULL)
        return pia_strdup(":\n\n");
    char *text = NULL;
    int size = asprintf(&text, ":\nid: %s\n\n", cursor);
    assert(size > 0);
    return text;
}

char *sse_state(bool live)
{
    return block(NULL, live ? "live" : "waiting", json_object());
}

char *sse_gap(const char *from, const char *cursor, const char *reason)
{
    return block(cursor, "gap",
                 json_pack("{s:s,s:s,s:s}", "from", from, "to", cursor, "reason", reason));
}

char *sse_epoch(const char *cursor)
{
    return block(cursor, "epoch", json_pack("{s:s}", "common", cursor));
}

char *sse_problem(const pia_problem_t *problem)
{
    json_t *json = pia_problem_json(problem);
    (void)json_object_set_new(json, "status", json_integer(pia_status_http(problem->status)));
    return block(NULL, "problem", json);
}
