/* ask_body.c - reads request bodies: JSON objects, CloudEvents, batches of CloudEvents. */
#include "ask_body.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pia/json.h"
#include "pia/memory.h"

enum { BYTES_MAX = 512 * 1024 }; /* of a part: in base64 it fits a message */

static const struct {
    const char *media_type;
    ask_body_kind_t kind;
} kinds[] = {
    {"application/json", ASK_BODY_JSON},
    {"application/cloudevents+json", ASK_BODY_EVENT},
    {"application/cloudevents-batch+json", ASK_BODY_BATCH},
};

/* What may follow a media type: nothing, or "; charset=utf-8". */
static bool is_utf8(const char *parameters)
{
    parameters += strspn(parameters, " \t");
    if (*parameters == '\0')
        return true;
    if (*parameters != ';')
        return false;
    parameters += 1 + strspn(parameters + 1, " \t");
    return strcasecmp(parameters, "charset=utf-8") == 0 ||
           strcasecmp(parameters, "charset=\"utf-8\"") == 0;
}

ask_body_kind_t ask_body_kind(const char *content_type)
{
    for (size_t i = 0; content_type != NULL && i < sizeof kinds / sizeof *kinds; i++) {
        size_t size = strlen(kinds[i].media_type);
        if (strncasecmp(content_type, kinds[i].media_type, size) == 0 &&
            is_utf8(content_type + size))
            return kinds[i].kind;
    }
    return ASK_BODY_OTHER;
}

static json_t *refuse(ask_problem_t *problem, int status, const char *detail)
{
    problem->status = status;
    (void)pia_problem_set(&problem->problem, PIA_INVALID, NULL, "%s", detail);
    return NULL;
}

static json_t *parse(const void *bytes, size_t size, ask_problem_t *problem)
{
    json_t *json = NULL;
    pia_status_t status = pia_json_parse(bytes, size, &json, &problem->problem);
    if (status == PIA_OK)
        return json;
    problem->status = pia_status_http(status);
    return NULL;
}

/* Wraps events into {"events": …}, so that the one parser checks depth and duplicates; whatever is
 * not one event, or one array, then shows as another shape. */
static json_t *parse_events(const ask_t *ask, bool batch, ask_problem_t *problem)
{
    const char *before = batch ? "{\"events\":" : "{\"events\":[";
    const char *after = batch ? "}" : "]}";
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out != NULL);
    (void)fputs(before, out);
    (void)fwrite(ask->body, 1, ask->body_size, out);
    (void)fputs(after, out);
    (void)fclose(out);
    json_t *json = parse(text, size, problem);
    free(text);
    const json_t *events = json_object_get(json, "events");
    if (json == NULL)
        return NULL;
    if (json_object_size(json) == 1 && json_is_array(events) &&
        (batch || (json_array_size(events) == 1 && json_is_object(json_array_get(events, 0)))))
        return json;
    json_decref(json);
    return refuse(problem, 400, batch ? "the body is not an array" : "the body is not an object");
}

json_t *ask_body(const ask_t *ask, ask_problem_t *problem)
{
    bool events = (ask->route->flags & ROUTE_EVENTS) != 0;
    ask_body_kind_t kind = ask_body_kind(ask->content_type);
    if (ask->body_size == 0 && !events)
        return json_object();
    if (events && (kind == ASK_BODY_EVENT || kind == ASK_BODY_BATCH))
        return parse_events(ask, kind == ASK_BODY_BATCH, problem);
    if (!events && kind == ASK_BODY_JSON)
        return parse(ask->body, ask->body_size, problem);
    return refuse(problem, 415,
                  events ? "send application/cloudevents+json or application/cloudevents-batch+json"
                         : "send application/json");
}

json_t *ask_bytes(const ask_t *ask, ask_problem_t *problem)
{
    const pia_field_t *field = ask_field(ask->route->message->request, "content");
    if (ask->content_type == NULL || strcasecmp(ask->content_type, "application/octet-stream") != 0)
        return refuse(problem, 415, "send application/octet-stream");
    if (ask->body_size > BYTES_MAX)
        return refuse(problem, 413, "the part is larger than 512 KiB");
    size_t room = sodium_base64_encoded_len(ask->body_size, sodium_base64_VARIANT_ORIGINAL);
    assert((int64_t)room - 1 <= field->max);
    char *text = pia_alloc(room);
    (void)sodium_bin2base64(text, room, ask->body, ask->body_size, sodium_base64_VARIANT_ORIGINAL);
    json_t *content = json_string(text);
    free(text);
    return content;
}
