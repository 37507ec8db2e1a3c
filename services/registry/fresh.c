/* fresh.c - the cache sees what is committed. */
#include "fresh.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

void fresh_add(
    fresh_t *fresh, const char *entity, const char *id, int64_t version, const json_t *json)
{
    if (fresh->count == FRESH_MAX) {
        return;
    }
    fresh_item_t *item = &fresh->items[fresh->count];
    item->entity = entity;
    item->version = version;
    item->value = json_dumps(json, JSON_COMPACT);
    if (item->value != NULL && text_copy(item->id, sizeof item->id, id)) {
        fresh->count++;
    } else {
        free(item->value);
    }
}

size_t fresh_set(fresh_t *fresh, pia_cache_t *cache)
{
    size_t set = 0;
    for (size_t i = 0; i < fresh->count; i++) {
        fresh_item_t *item = &fresh->items[i];
        set += pia_cache_set(cache, item->entity, item->id, item->version, item->value,
                             strlen(item->value)) == PIA_OK;
    }
    fresh_forget(fresh);
    return set;
}

void fresh_forget(fresh_t *fresh)
{
    for (size_t i = 0; i < fresh->count; i++) {
        free(fresh->items[i].value);
    }
    fresh->count = 0;
}
