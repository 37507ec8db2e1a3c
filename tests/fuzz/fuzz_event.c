/* fuzz_event.c - an event on its way into the journal, and a filter on it: what is refused has a
 * reason, what is stored reads back the same, and what is read in one pass (scan.h) is what
 * jansson's tree says. */
#include "fuzz.h"

#include "entry.h"
#include "filter.h"
#include "pia/event.h"
#include "pia/json.h"
#include "record.h"
#include "scan.h"

static void check_record(const entry_t *entry)
{
    buffer_t buffer = {0};
    record_t record = {.cursor = {.epoch = 1, .sequence = 42, .chain = 7},
                       .recorded_ms = 1,
                       .event = entry->bytes,
                       .event_size = entry->size};
    record_write(&buffer, &record);
    size_t offset = 0;
    record_t again;
    FUZZ_CHECK(record_read(buffer.bytes, buffer.size, &offset, &again));
    FUZZ_CHECK(offset == buffer.size && again.event_size == entry->size);
    FUZZ_CHECK(memcmp(again.event, entry->bytes, entry->size) == 0);
    buffer_free(&buffer);
}

static void check_attributes(const entry_t *entry)
{
    buffer_t buffer = {0};
    record_run_t run = {0};
    size_t offset = 0;
    attributes_t again;
    record_write_attributes(&buffer, &entry->attributes);
    FUZZ_CHECK(record_read_run(buffer.bytes, buffer.size, &offset, &run));
    FUZZ_CHECK(offset == buffer.size && record_read_attributes(run, &again));
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *value = entry->attributes.value[i];
        const char *stored = again.value[i];
        FUZZ_CHECK((value == NULL) == (stored == NULL));
        FUZZ_CHECK(value == NULL || strcmp(value, stored) == 0);
    }
    buffer_free(&buffer);
}

static void check_filter(const uint8_t *bytes, size_t size, const entry_t *entry)
{
    json_t *json = NULL;
    filter_t *filter = NULL;
    pia_problem_t problem = {.detail = ""};
    if (pia_json_parse(bytes, size, &json, NULL) != PIA_OK) {
        return;
    }
    if (filter_compile(json, &filter, &problem) == PIA_OK) {
        (void)filter_matches(filter, &entry->attributes);
    } else {
        FUZZ_CHECK(filter == NULL && problem.detail[0] != '\0');
    }
    filter_destroy(&filter);
    json_decref(json);
}

static void compare(const scan_t *fast, const json_t *json)
{
    attributes_t slow;
    char *owned = NULL;
    FUZZ_CHECK(pia_event_check_content(json, NULL) == PIA_OK);
    FUZZ_CHECK(attributes_read(json, &slow, &owned, NULL) == PIA_OK);
    FUZZ_CHECK(strcmp(fast->id, json_string_value(json_object_get(json, "id"))) == 0);
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *value = fast->attributes.value[i];
        FUZZ_CHECK((value == NULL) == (slow.value[i] == NULL));
        FUZZ_CHECK(value == NULL || strcmp(value, slow.value[i]) == 0);
    }
    free(owned);
}

/* What the short way is sure of, the long way accepts, with the same attributes. */
static void check_scan(const uint8_t *event, size_t size)
{
    scan_t fast;
    json_t *json = NULL;
    char *room = malloc(size ? size : 1);
    if (size <= PIA_EVENT_SIZE_MAX && scan_event(event, size, room, &fast) &&
        !entry_is_projected(&fast.attributes) &&
        attributes_check(&fast.attributes, NULL) == PIA_OK) {
        FUZZ_CHECK(pia_json_parse(event, size, &json, NULL) == PIA_OK);
        compare(&fast, json);
        json_decref(json);
    }
    free(room);
}

/* The size of the filter, the filter, the event. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const entry_t nothing;
    fuzz_t fuzz = {data, size};
    size_t filter_size = 0;
    uint8_t *filter = fuzz_block(&fuzz, fuzz_word(&fuzz), &filter_size);
    size_t event_size = 0;
    uint8_t *event = fuzz_block(&fuzz, size, &event_size);
    entry_t entry;
    pia_problem_t problem = {.detail = ""};
    check_scan(event, event_size);
    if (entry_parse(event, event_size, NULL, NULL, &entry, &problem) == PIA_OK) {
        check_record(&entry);
        check_attributes(&entry);
        check_filter(filter, filter_size, &entry);
        entry_clear(&entry);
    } else {
        FUZZ_CHECK(problem.detail[0] != '\0');
        check_filter(filter, filter_size, &nothing);
    }
    free(filter);
    free(event);
    return 0;
}
