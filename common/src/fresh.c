/* fresh.c - the cache sees what is committed. */
#include "pia/fresh.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const pia_fresh_t *fresh, const char *entity, const char *id, int64_t version)
{
    for (size_t i = 0; i < fresh->count; i++) {
        const pia_fresh_item_t *item = &fresh->items[i];
        if (item->version == version && strcmp(item->id, id) == 0 &&
            strcmp(item->entity, entity) == 0)
            return true;
    }
    return false;
}

/* Takes the value. */
static void
put(pia_fresh_item_t *item, const char *entity, const char *id, int64_t version, char *value)
{
    item->entity = entity;
    memcpy(item->id, id, strlen(id) + 1);
    item->version = version;
    item->value = value;
}

void pia_fresh_add(
    pia_fresh_t *fresh, const char *entity, const char *id, int64_t version, const json_t *json)
{
    if (fresh->count == PIA_FRESH_MAX || strlen(id) >= PIA_FRESH_ID_SIZE ||
        is_known(fresh, entity, id, version))
        return;
    char *value = json_dumps(json, JSON_COMPACT);
    if (value != NULL)
        put(&fresh->items[fresh->count++], entity, id, version, value);
}

/* A place for what must not be left out: free, or the newest value's; NULL if there is none. */
static pia_fresh_item_t *make_room(pia_fresh_t *fresh)
{
    if (fresh->count < PIA_FRESH_MAX)
        return &fresh->items[fresh->count++];
    for (size_t i = PIA_FRESH_MAX; i-- > 0;) {
        pia_fresh_item_t *item = &fresh->items[i];
        if (item->value != NULL) {
            free(item->value);
            return item;
        }
    }
    return NULL;
}

void pia_fresh_hide(pia_fresh_t *fresh, const char *entity, const char *id, int64_t version)
{
    if (strlen(id) >= PIA_FRESH_ID_SIZE)
        return;
    pia_fresh_item_t *item = make_room(fresh);
    if (item != NULL)
        put(item, entity, id, version, NULL);
}

size_t pia_fresh_set(pia_fresh_t *fresh, pia_cache_t *cache)
{
    size_t set = 0;
    for (size_t i = 0; i < fresh->count; i++) {
        const pia_fresh_item_t *item = &fresh->items[i];
        const char *value = item->value != NULL ? item->value : "";
        set += pia_cache_set(cache, item->entity, item->id, item->version, value, strlen(value)) ==
               PIA_OK;
    }
    pia_fresh_undo(fresh, 0);
    return set;
}

void pia_fresh_undo(pia_fresh_t *fresh, size_t count)
{
    while (fresh->count > count)
        free(fresh->items[--fresh->count].value);
}
