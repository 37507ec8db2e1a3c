/* fuzz_items.c - a page of items of any form: what is read the short way, jansson reads too. */
#include "fuzz.h"

#include <jansson.h>

#include "pia/items.h"

static const char *const members[] = {"subscription", "contact", NULL};
enum { MEMBERS = 2 };

static void check_text(pia_text_t text, const json_t *expected)
{
    FUZZ_CHECK(json_is_string(expected) && json_string_length(expected) == text.size);
    FUZZ_CHECK(memcmp(json_string_value(expected), text.bytes, text.size) == 0);
}

static void check_items(const pia_items_t *items, const json_t *json)
{
    const json_t *array = json_object_get(json, "items");
    const json_t *next = json_object_get(json, "next");
    FUZZ_CHECK(json_array_size(array) == items->count && !next == !items->next.bytes);
    for (size_t i = 0; i < items->count * MEMBERS; i++) {
        check_text(items->texts[i],
                   json_object_get(json_array_get(array, i / MEMBERS), members[i % MEMBERS]));
    }
    if (next) {
        check_text(items->next, next);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pia_items_t items;
    if (pia_items_read(data, size, members, &items) == PIA_OK) {
        json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
        FUZZ_CHECK(json_is_object(json));
        check_items(&items, json);
        json_decref(json);
    }
    pia_items_clear(&items);
    return 0;
}
