/* entry.c - events on their way in. */
#include "entry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pia/event.h"
#include "pia/json.h"
#include "pia/memory.h"

#include "scan.h"

static const char REGISTRY[] = "/services/registry";

bool entry_is_projected(const attributes_t *attributes)
{
    const char *type = attributes->value[ATTRIBUTE_TYPE];
    if (strcmp(attributes->value[ATTRIBUTE_SOURCE], REGISTRY) == 0)
        return strcmp(type, "principal.revoked") == 0 || strcmp(type, "pole.labelled") == 0 ||
               strcmp(type, "pole.updated") == 0;
    return attributes_is_publication(type);
}

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
    entry.id = json_string_value(json_object_get(json, "id"));
    *ret_entry = entry;
    return PIA_OK;
}

static uint32_t stated_of(const attributes_t *attributes)
{
    uint32_t stated = 0;
    for (int i = 0; i < ATTRIBUTE_COUNT; i++)
        stated |= attributes->value[i] ? 1U << i : 0;
    return stated;
}

/* Whether an event states what the one before it stated. */
static bool is_like(const entry_t *before, const attributes_t *attributes, uint32_t stated)
{
    if (!before || before->stated != stated)
        return false;
    for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
        if ((stated & 1U << i) && strcmp(before->attributes.value[i], attributes->value[i]) != 0)
            return false;
    }
    return true;
}

/* Events of one publish mostly have the same attributes, which are checked once: 0.2 us less here,
 * and 0.1 us in the store thread. */
static bool check_attributes(const entry_t *before, entry_t *entry)
{
    static_assert(ATTRIBUTE_COUNT <= 32, "one bit each");
    entry->stated = stated_of(&entry->attributes);
    entry->like_before = is_like(before, &entry->attributes, entry->stated);
    if (entry->like_before) {
        entry->attributes = before->attributes;
        return true;
    }
    return !entry_is_projected(&entry->attributes) &&
           attributes_check(&entry->attributes, NULL) == PIA_OK;
}

/* False: it goes the long way. */
static bool
take_ordinary(const void *bytes, size_t size, char *room, const entry_t *before, entry_t *ret_entry)
{
    scan_t scan;
    char *own = room ? NULL : pia_alloc(size);
    bool sure = scan_event(bytes, size, room ? room : own, &scan);
    if (sure)
        *ret_entry = (entry_t){.bytes = bytes,
                               .size = size,
                               .joined = own,
                               .attributes = scan.attributes,
                               .id = scan.id};
    if (!sure || !check_attributes(before, ret_entry)) {
        free(own);
        return false;
    }
    return true;
}

pia_status_t entry_parse(const void *bytes,
                         size_t size,
                         char *room,
                         const entry_t *before,
                         entry_t *ret_entry,
                         pia_problem_t *problem)
{
    if (size > PIA_EVENT_SIZE_MAX)
        return pia_problem_set(problem, PIA_TOO_LARGE, "", "An event has at most 64 KiB.");
    if (take_ordinary(bytes, size, room, before, ret_entry))
        return PIA_OK;
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
}

bool entry_fingerprint(const void *bytes,
                       size_t size,
                       const uint8_t key[FINGERPRINT_KEY_SIZE],
                       fingerprint_t *ret_fingerprint)
{
    char room[PIA_EVENT_SIZE_MAX];
    scan_t scan;
    if (size <= sizeof room && scan_event(bytes, size, room, &scan)) {
        *ret_fingerprint = fingerprint_of(key, scan.attributes.value[ATTRIBUTE_SOURCE], scan.id);
        return true;
    }
    json_t *json = json_loadb(bytes, size, 0, NULL);
    const char *source = json_string_value(json_object_get(json, "source"));
    const char *id = json_string_value(json_object_get(json, "id"));
    if (source && id)
        *ret_fingerprint = fingerprint_of(key, source, id);
    json_decref(json);
    return source && id;
}

const char *entry_source(const entry_t *entry)
{
    return entry->attributes.value[ATTRIBUTE_SOURCE];
}

const char *entry_id(const entry_t *entry)
{
    return entry->id;
}

const char *entry_type(const entry_t *entry)
{
    return entry->attributes.value[ATTRIBUTE_TYPE];
}
