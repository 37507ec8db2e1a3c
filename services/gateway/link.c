/* link.c - writes URLs from their decoded parts. */
#include "link.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

typedef struct {
    char *text;
    size_t size, room;
} text_t;

static void add(text_t *self, const char *bytes, size_t size)
{
    if (self->size + size + 1 > self->room) {
        self->room = 2 * (self->size + size) + 64;
        self->text = pia_realloc(self->text, self->room);
    }
    memcpy(self->text + self->size, bytes, size);
    self->size += size;
    self->text[self->size] = '\0';
}

/* RFC 3986's unreserved characters as they are, all others percent-encoded. */
static void add_encoded(text_t *self, const char *text)
{
    for (; *text != '\0'; text++) {
        char code[4];
        uint8_t byte = (uint8_t)*text;
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                     (byte >= 'A' && byte <= 'Z') || strchr("-._~", byte) != NULL;
        (void)snprintf(code, sizeof code, plain ? "%c" : "%%%02X", byte);
        add(self, code, strlen(code));
    }
}

static void add_path(text_t *self, const target_t *target)
{
    for (size_t i = 0; i < target->segments; i++) {
        add(self, "/", 1);
        add_encoded(self, target->segment[i]);
    }
}

static void add_parameter(text_t *self, char before, const char *name, const char *value)
{
    add(self, &before, 1);
    add_encoded(self, name);
    add(self, "=", 1);
    add_encoded(self, value);
}

char *link_next(const target_t *target, const char *next)
{
    text_t link = {0};
    char before = '?';
    add(&link, "<", 1);
    add_path(&link, target);
    for (size_t i = 0; i < target->parameters; i++) {
        if (strcmp(target->parameter[i].name, "after") == 0)
            continue;
        add_parameter(&link, before, target->parameter[i].name, target->parameter[i].value);
        before = '&';
    }
    add_parameter(&link, before, "after", next);
    static const char end[] = ">; rel=\"next\"";
    add(&link, end, sizeof end - 1);
    return link.text;
}

char *link_child(const target_t *target, const char *id)
{
    text_t link = {0};
    add_path(&link, target);
    add(&link, "/", 1);
    add_encoded(&link, id);
    return link.text;
}
