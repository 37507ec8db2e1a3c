/* items.h - reading a page {"items":[{"a":"…","b":"…"},…],"next":"…"} whose items are texts,
 * without a tree: jansson takes 2 us for an item of two ids, this 0.1. Any thread. */
#ifndef PIA_ITEMS_H
#define PIA_ITEMS_H

#include <jansson.h>
#include <stddef.h>

#include "pia/status.h"

/* Not ended by a NUL, and without one in it. */
typedef struct {
    const char *bytes;
    size_t size;
} pia_text_t;

typedef struct {
    pia_text_t *texts; /* of item i: from i * the number of members on, in the order asked for */
    size_t count;      /* items */
    pia_text_t next;   /* bytes NULL: there is no further page */
    json_t *tree;      /* of a page of another form than ours; else NULL */
} pia_items_t;

/* Reads of each item the members named (NULL-ended, at least one). The texts are borrowed from
 * `bytes` or from *ret_items, which the caller clears. Without blanks, escapes and other members
 * than these in this order, as we write it, a page is read the short way; any other by jansson.
 * PIA_INVALID: it is no such page, or an item lacks a member; *ret_items is empty then. */
pia_status_t
pia_items_read(const void *bytes, size_t size, const char *const *members, pia_items_t *ret_items);
void pia_items_clear(pia_items_t *items);

#endif
