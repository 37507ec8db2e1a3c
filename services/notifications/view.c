/* view.c - an event made ready for a template. */
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mustache.h"
#include "pia/clock.h"
#include "pia/memory.h"

enum { NAME_SIZE = 96, LIST_SIZE = 1024 };

/* Where what is computed goes. */
typedef struct {
    const plan_t *plan;
    language_t language;
    json_t *view;
} context_t;

static void put(json_t *view, const char *name, const char *suffix, const char *text)
{
    char full[NAME_SIZE];
    (void)snprintf(full, sizeof full, "%s%s", name, suffix);
    json_object_set_new(view, full, json_string(text));
}

/* name_text, if the value is a date or a moment. */
static void add_date(json_t *view, language_t language, const char *name, const char *value)
{
    char text[DATE_TEXT_SIZE];
    int64_t time_ms = 0;
    if (pia_time_parse(value, &time_ms)) {
        date_moment(language, time_ms, text);
        put(view, name, "_text", text);
    } else if (date_day(language, value, text)) {
        put(view, name, "_text", text);
    }
}

/* Labels are kept under the singular: member "themes" has the labels of "theme". */
static void add_labels(const context_t *context, const char *name, const json_t *values)
{
    char list[NAME_SIZE];
    (void)snprintf(list, sizeof list, "%.*s", (int)strlen(name) - 1, name);
    char text[LIST_SIZE] = "";
    size_t used = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *value = json_string_value(json_array_get(values, i));
        const char *label = value ? plan_label(context->plan, context->language, list, value) : "";
        if (used + strlen(label) + 3 < sizeof text) {
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", label);
        }
    }
    if (used) {
        put(context->view, list, "_labels", text);
    }
}

static void add_member(const context_t *context, const char *name, const json_t *value)
{
    if (strlen(name) + sizeof "_labels" > NAME_SIZE) {
        return;
    }
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        add_date(context->view, context->language, name, text);
        put(context->view, name, "_label",
            plan_label(context->plan, context->language, name, text));
    } else if (json_is_array(value)) {
        add_labels(context, name, value);
    }
}

json_t *view_of(const plan_t *plan, const json_t *event, const showing_t *showing)
{
    json_t *data = json_object_get(event, "data");
    json_t *view = json_object();
    void *iterator = json_object_iter(data);
    for (; iterator; iterator = json_object_iter_next(data, iterator)) {
        const char *name = json_object_iter_key(iterator);
        json_t *value = json_object_iter_value(iterator);
        /* an event may have a member of the name that we compute: ours is set later and wins, and
         * what the data has by itself (transition_label) is not replaced by a label of ours */
        json_object_set(view, name, value);
    }
    for (iterator = json_object_iter(data); iterator;
         iterator = json_object_iter_next(data, iterator)) {
        context_t context = {.plan = plan, .language = showing->language, .view = json_object()};
        add_member(&context, json_object_iter_key(iterator), json_object_iter_value(iterator));
        json_object_update_missing(view, context.view);
        json_decref(context.view);
    }
    json_object_set(view, "type", json_object_get(event, "type"));
    json_object_set_new(view, "email", json_boolean(showing->channel == CHANNEL_EMAIL));
    json_object_set_new(view, "inbox", json_boolean(showing->channel == CHANNEL_INBOX));
    json_object_del(view, "unsubscribe");
    json_object_del(view, "link");
    json_object_set_new(view, "site", json_string(showing->site));
    if (showing->link) {
        json_object_set_new(view, "link", json_string(showing->link));
    }
    return view;
}

char *view_link(const rule_t *rule, const json_t *data)
{
    char *text = NULL;
    json_t *empty = json_object();
    const json_t *view = data ? data : empty;
    if (rule->link && mustache_render(rule->link, view, MUSTACHE_PLAIN, &text, NULL) != PIA_OK) {
        text = NULL;
    }
    json_decref(empty);
    return text;
}
