/* words.c - a definition's codes in words. */
#include "words.h"

#include <stdio.h>
#include <string.h>

#include "definition_internal.h"

enum { WORDS_MAX = 200 };

const char *words_find(const definition_t *definition, const char *list, const char *code)
{
    const json_t *words = json_object_get(json_object_get(definition->json, "words"), list);
    return json_string_value(json_object_get(words, code));
}

const char *words_of(const definition_t *definition, const char *list, const char *code)
{
    const char *text = words_find(definition, list, code);
    return text ? text : code;
}

static bool is_good(const json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || text[0] == '\0' || strlen(text) > WORDS_MAX)
        return false;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    return true;
}

pia_status_t words_check(const definition_t *definition, pia_problem_t *problem)
{
    const char *list, *code;
    json_t *words, *value;
    json_object_foreach(json_object_get(definition->json, "words"), list, words)
    {
        json_object_foreach(words, code, value)
        {
            char at[PIA_POINTER_MAX];
            (void)snprintf(at, sizeof at, "/words/%s", list);
            if (!is_good(value))
                return definition_fault(problem, at, strlen(code) < 32 ? code : "",
                                        "is no text of 1 to 200 bytes on one line");
        }
    }
    return PIA_OK;
}
