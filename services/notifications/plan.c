/* plan.c - reads and applies the notification plan. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "mustache.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "pia/principal.h"
#include "pia/schema.h"
#include "templates.h"

enum { PLAN_FORMAT = 1, RULES_MAX = 256 };

static const struct {
    const char *name;
    uint32_t bit;
} channels[] = {
    {"email", CHANNEL_EMAIL},
    {"webhook", CHANNEL_WEBHOOK},
    {"inbox", CHANNEL_INBOX},
};

enum { CHANNEL_COUNT = sizeof channels / sizeof channels[0] };

uint32_t channel_parse(const char *name)
{
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        if (strcmp(channels[i].name, name) == 0) {
            return channels[i].bit;
        }
    }
    return 0;
}

const char *channel_name(uint32_t channel)
{
    for (size_t i = 0; i < CHANNEL_COUNT; i++) {
        if (channels[i].bit == channel) {
            return channels[i].name;
        }
    }
    return "";
}

/* Why a rule is refused; NULL: it is not. */
static const char *check_members(const json_t *rule)
{
    static const char *const known[] = {"event",    "when",     "unless", "to",
                                        "channels", "template", "link",   "comment"};
    void *iterator = json_object_iter((json_t *)rule);
    for (; iterator; iterator = json_object_iter_next((json_t *)rule, iterator)) {
        const char *name = json_object_iter_key(iterator);
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            found = found || strcmp(known[i], name) == 0;
        }
        if (!found) {
            return "it has an unknown member";
        }
    }
    return NULL;
}

static const char *check_condition(const json_t *condition)
{
    if (condition && !json_is_object(condition)) {
        return "a condition is not an object";
    }
    void *iterator = json_object_iter((json_t *)condition);
    for (; iterator; iterator = json_object_iter_next((json_t *)condition, iterator)) {
        const json_t *values = json_object_iter_value(iterator);
        if (!json_is_array(values) || json_array_size(values) == 0) {
            return "a condition's values are not a list";
        }
    }
    return NULL;
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0 && text[strlen(prefix)] != '\0';
}

static bool is_recipient(const char *text)
{
    static const char *const fixed[] = {"audience", "recipients.persons", "recipients.structures",
                                        "recipients.roles"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        if (strcmp(fixed[i], text) == 0) {
            return true;
        }
    }
    if (begins(text, "role:")) {
        return pia_role_parse(text + strlen("role:")) != 0;
    }
    return begins(text, "persons:") || begins(text, "structure:");
}

static const char *check_recipients(const json_t *to)
{
    if (!json_is_array(to) || json_array_size(to) == 0) {
        return "\"to\" is not a list";
    }
    for (size_t i = 0; i < json_array_size(to); i++) {
        const char *text = json_string_value(json_array_get(to, i));
        if (!text || !is_recipient(text)) {
            return "\"to\" names an unknown recipient";
        }
    }
    return NULL;
}

static const char *read_channels(const json_t *json, uint32_t *ret_channels)
{
    if (!json_is_array(json) || json_array_size(json) == 0) {
        return "\"channels\" is not a list";
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *name = json_string_value(json_array_get(json, i));
        uint32_t channel = name ? channel_parse(name) : 0;
        if (!channel) {
            return "\"channels\" names an unknown channel";
        }
        *ret_channels |= channel;
    }
    return NULL;
}

static const char *check_link(const char *link)
{
    char *text = NULL;
    json_t *view = json_object();
    pia_status_t status = link ? mustache_render(link, view, MUSTACHE_PLAIN, &text, NULL) : PIA_OK;
    json_decref(view);
    free(text);
    return status == PIA_OK && (!link || link[0] == '/') ? NULL : "\"link\" is not a path";
}

static const char *read_rule(const json_t *json, rule_t *ret_rule)
{
    *ret_rule = (rule_t){
        .event = pia_json_text(json, "event"),
        .when = json_object_get(json, "when"),
        .unless = json_object_get(json, "unless"),
        .to = json_object_get(json, "to"),
        .template = pia_json_text(json, "template"),
        .link = pia_json_text(json, "link"),
    };
    const char *reason = json_is_object(json) ? check_members(json) : "it is not an object";
    if (!reason && (!ret_rule->event || !pia_format_check("event-type", ret_rule->event))) {
        reason = "\"event\" is not an event type";
    }
    if (!reason && (!ret_rule->template || !template_exists(ret_rule->template))) {
        reason = "\"template\" is not the name of a template";
    }
    reason = reason ? reason : check_condition(ret_rule->when);
    reason = reason ? reason : check_condition(ret_rule->unless);
    reason = reason ? reason : check_recipients(ret_rule->to);
    reason =
        reason ? reason : read_channels(json_object_get(json, "channels"), &ret_rule->channels);
    return reason ? reason : check_link(ret_rule->link);
}

static pia_status_t read_rules(plan_t *self, pia_problem_t *problem)
{
    const json_t *rules = json_object_get(self->json, "rules");
    size_t count = json_array_size(rules);
    if (pia_json_integer(self->json, "format") != PLAN_FORMAT || !json_is_array(rules) ||
        count > RULES_MAX) {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "A plan has \"format\": 1 and a list of \"rules\".");
    }
    self->rules = pia_alloc((count + 1) * sizeof *self->rules);
    for (size_t i = 0; i < count; i++) {
        const char *reason = read_rule(json_array_get(rules, i), &self->rules[i]);
        if (reason) {
            return pia_problem_set(problem, PIA_INVALID, "", "Rule %zu of the plan: %s.", i + 1,
                                   reason);
        }
        self->count++;
    }
    return PIA_OK;
}

pia_status_t plan_load(const char *text, size_t size, plan_t **ret_plan, pia_problem_t *problem)
{
    plan_t *self = pia_alloc(sizeof *self);
    pia_status_t status = pia_json_parse(text, size, &self->json, problem);
    if (status == PIA_OK) {
        status = read_rules(self, problem);
    }
    if (status != PIA_OK) {
        plan_destroy(&self);
        return status;
    }
    *ret_plan = self;
    return PIA_OK;
}

void plan_destroy(plan_t **plan_p)
{
    plan_t *self = *plan_p;
    *plan_p = NULL;
    if (self) {
        json_decref(self->json);
        free(self->rules);
        free(self);
    }
}

/* Whether every member that the condition names has one of its values. */
static bool holds(const json_t *condition, const json_t *data)
{
    void *iterator = json_object_iter((json_t *)condition);
    for (; iterator; iterator = json_object_iter_next((json_t *)condition, iterator)) {
        const json_t *value = json_object_get(data, json_object_iter_key(iterator));
        const json_t *values = json_object_iter_value(iterator);
        bool found = false;
        for (size_t i = 0; i < json_array_size(values); i++) {
            found = found || json_equal(value, json_array_get(values, i));
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

bool rule_matches(const rule_t *rule, const char *type, const json_t *data)
{
    return strcmp(rule->event, type) == 0 && (!rule->when || holds(rule->when, data)) &&
           (!rule->unless || !holds(rule->unless, data));
}

const char *plan_label(const plan_t *plan, language_t language, const char *list, const char *value)
{
    const json_t *all = json_object_get(plan->json, "labels");
    const json_t *labels = json_object_get(json_object_get(all, language_name(language)), list);
    const char *label = pia_json_text(labels, value);
    return label ? label : value;
}
