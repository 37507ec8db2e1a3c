/* target.c - request targets: segments, parameters, percent-decoding. */
#include "target.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int letter = c | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* jansson's own check of UTF-8 (no surrogates, nothing overlong). */
static bool is_text(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    json_t *json = json_string(text);
    json_decref(json);
    return json != NULL;
}

/* Decodes in place. In a query "+" is a space. False: a bad triple, %00, or not text. */
static bool decode(char *text, bool query)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '%') {
            *to = *at;
            if (query && *at == '+')
                *to = ' ';
            to++;
            continue;
        }
        int high = hex(at[1]);
        int low = high < 0 ? -1 : hex(at[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(unsigned char)(high * 16 + low);
        at += 2;
    }
    *to = '\0';
    return is_text(text);
}

/* Ends the part that begins at `at` where one of `ends` stands; returns what follows, or NULL. */
static char *cut(char *at, char end)
{
    char *found = strchr(at, end);
    if (found != NULL)
        *found++ = '\0';
    return found;
}

static const char *read_path(target_t *target, char *at)
{
    if (*at == '\0')
        return NULL;
    for (char *next; at != NULL; at = next) {
        next = cut(at, '/');
        if (target->segments == TARGET_SEGMENTS_MAX || *at == '\0')
            return "There is nothing at this path";
        if (!decode(at, false))
            return "The path is not text once decoded";
        target->segment[target->segments++] = at;
    }
    return NULL;
}

static const char *read_query(target_t *target, char *at)
{
    for (char *next; at != NULL; at = next) {
        next = cut(at, '&');
        if (*at == '\0')
            continue;
        if (target->parameters == TARGET_PARAMETERS_MAX)
            return "There are more than 32 query parameters";
        char *value = cut(at, '=');
        if (!decode(at, true) || (value != NULL && !decode(value, true)))
            return "The query is not text once decoded";
        target_parameter_t *parameter = &target->parameter[target->parameters++];
        parameter->name = at;
        parameter->value = value == NULL ? "" : value;
    }
    return NULL;
}

bool target_parse(const char *raw, target_t *ret_target, const char **ret_reason)
{
    target_t target = {0};
    *ret_reason = "The request target does not begin with a slash";
    if (raw[0] != '/')
        return false;
    target.text = pia_strdup(raw);
    char *query = cut(target.text, '?');
    *ret_reason = read_path(&target, target.text + 1);
    if (*ret_reason == NULL)
        *ret_reason = read_query(&target, query);
    if (*ret_reason != NULL) {
        free(target.text);
        return false;
    }
    *ret_target = target;
    return true;
}

void target_clear(target_t *target)
{
    free(target->text);
    *target = (target_t){0};
}

const char *target_parameter(const target_t *target, const char *name)
{
    for (size_t i = 0; i < target->parameters; i++)
        if (strcmp(target->parameter[i].name, name) == 0)
            return target->parameter[i].value;
    return NULL;
}
