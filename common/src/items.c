/* items.c - a page of items: the form that we write character by character, others by jansson. */
#include "pia/items.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pia/json.h"
#include "pia/memory.h"

typedef struct {
    const char *at, *end;
    pia_items_t *items;
    size_t room; /* of items->texts */
    size_t used;
} reader_t;

static void add(reader_t *self, const char *bytes, size_t size)
{
    if (self->used == self->room) {
        self->room = self->room ? self->room * 2 : 128;
        self->items->texts = pia_realloc(self->items->texts, self->room * sizeof(pia_text_t));
    }
    self->items->texts[self->used++] = (pia_text_t){bytes, size};
}

static bool take(reader_t *self, const char *expected)
{
    size_t size = strlen(expected);
    if ((size_t)(self->end - self->at) < size || memcmp(self->at, expected, size) != 0)
        return false;
    self->at += size;
    return true;
}

/* A text up to its quote, which is passed over; false if it has anything but plain characters. */
static bool read_text(reader_t *self, pia_text_t *ret_text)
{
    const char *from = self->at;
    const char *at = from;
    while (at < self->end && *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    if (at == self->end || *at != '"')
        return false;
    *ret_text = (pia_text_t){from, (size_t)(at - from)};
    self->at = at + 1;
    return true;
}

static bool read_item(reader_t *self, const char *const *members)
{
    for (const char *const *member = members; *member; member++) {
        pia_text_t text;
        if (!take(self, member == members ? "{\"" : ",\"") || !take(self, *member) ||
            !take(self, "\":\"") || !read_text(self, &text))
            return false;
        add(self, text.bytes, text.size);
    }
    self->items->count++;
    return take(self, "}");
}

static bool read_ours(reader_t *self, const char *const *members)
{
    if (!take(self, "{\"items\":["))
        return false;
    if (!take(self, "]")) {
        do {
            if (!read_item(self, members))
                return false;
        } while (take(self, ","));
        if (!take(self, "]"))
            return false;
    }
    if (take(self, ",\"next\":\"") && !read_text(self, &self->items->next))
        return false;
    return take(self, "}") && self->at == self->end;
}

static bool take_item(reader_t *self, const json_t *item, const char *const *members)
{
    for (; *members; members++) {
        const json_t *text = json_object_get(item, *members);
        if (!json_is_string(text))
            return false;
        add(self, json_string_value(text), json_string_length(text));
    }
    self->items->count++;
    return true;
}

static bool take_tree(reader_t *self, const json_t *tree, const char *const *members)
{
    const json_t *items = json_object_get(tree, "items");
    const json_t *next = json_object_get(tree, "next");
    const json_t *item = NULL;
    size_t index = 0;
    if (!json_is_array(items) || (next && !json_is_string(next)))
        return false;
    json_array_foreach(items, index, item)
    {
        if (!take_item(self, item, members))
            return false;
    }
    if (next)
        self->items->next = (pia_text_t){json_string_value(next), json_string_length(next)};
    return true;
}

pia_status_t
pia_items_read(const void *bytes, size_t size, const char *const *members, pia_items_t *ret_items)
{
    assert(members[0]);
    *ret_items = (pia_items_t){0};
    reader_t reader = {.at = bytes, .end = (const char *)bytes + size, .items = ret_items};
    if (size && read_ours(&reader, members))
        return PIA_OK;
    pia_items_clear(ret_items);
    reader.room = reader.used = 0;
    json_t *tree = NULL;
    pia_status_t status = pia_json_parse(bytes, size, &tree, NULL);
    ret_items->tree = tree;
    if (status == PIA_OK && take_tree(&reader, tree, members))
        return PIA_OK;
    pia_items_clear(ret_items);
    return PIA_INVALID;
}

void pia_items_clear(pia_items_t *items)
{
    free(items->texts);
    json_decref(items->tree);
    *items = (pia_items_t){0};
}
