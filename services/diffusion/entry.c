/* entry.c - events on their way in. */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "pia/event.h"
#include "pia/memory.h"
#include "pia/schema.h"

#include "record.h"

/* Takes the reference to `json`, also on failure. */
static pia_status_t
fill(json_t *json, const void *bytes, size_t size, entry_t *ret_entry, pia_problem_t *problem)
{
    entry_t entry = {.json = json, .bytes = bytes, .size = size};
    pia_status_t status = pia_event_check_content(json, problem);
    if (status == PIA_OK)
        status = attributes_read(json, &entry.attributes, &entry.joined, problem);
    if (status != PIA_OK) {
        json_decref(json);
        return status;
    }
    record_hash(bytes, size, entry.hash);
    *ret_entry = entry;
    return PIA_OK;
}

pia_status_t entry_parse(const void *bytes, size_t size, entry_t *ret_entry, pia_problem_t *problem)
{
    if (size > PIA_EVENT_SIZE_MAX)
        return pia_problem_set(problem, PIA_TOO_LARGE, "", "An event has at most 64 KiB.");
    json_t *json = NULL;
    pia_status_t status = pia_json_parse(bytes, size, &json, problem);
    return status == PIA_OK ? fill(json, bytes, size, ret_entry, problem) : status;
}

pia_status_t entry_from_json(json_t *event, entry_t *ret_entry, pia_problem_t *problem)
{
    char *dumped = json_dumps(event, JSON_COMPACT);
    if (!dumped)
        abort();
    size_t size = strlen(dumped);
    pia_status_t status = PIA_TOO_LARGE;
    if (size > PIA_EVENT_SIZE_MAX)
        (void)pia_problem_set(problem, status, "", "An event has at most 64 KiB.");
    else
        status = fill(json_incref(event), dumped, size, ret_entry, problem);
    if (status == PIA_OK)
        ret_entry->dumped = dumped;
    else
        free(dumped);
    return status;
}

void entry_clear(entry_t *entry)
{
    json_decref(entry->json);
    free(entry->dumped);
    free(entry->joined);
    *entry = (entry_t){0};
}

const char *entry_source(const entry_t *entry)
{
    return entry->attributes.value[ATTRIBUTE_SOURCE];
}

const char *entry_id(const entry_t *entry)
{
    return json_string_value(json_object_get(entry->json, "id"));
}

const char *entry_type(const entry_t *entry)
{
    return entry->attributes.value[ATTRIBUTE_TYPE];
}
