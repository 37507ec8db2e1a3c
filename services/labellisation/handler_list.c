/* handler_list.c - lists of codes and of versions, as several handlers have them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handler.h"

static bool is_repeated(const json_t *codes, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (json_equal(json_array_get(codes, i), json_array_get(codes, index)))
            return true;
    return false;
}

pia_status_t handler_check_codes(const json_t *codes,
                                 const json_t *known,
                                 const char *list,
                                 pia_problem_t *problem)
{
    for (size_t i = 0; i < json_array_size(codes); i++) {
        char pointer[PIA_POINTER_MAX];
        (void)snprintf(pointer, sizeof pointer, "/%s/%zu", list, i);
        if (!names_have(known, json_string_value(json_array_get(codes, i))))
            return pia_problem_set(problem, PIA_INVALID, pointer,
                                   "the process definition has no such code");
        if (is_repeated(codes, i))
            return pia_problem_set(problem, PIA_INVALID, pointer, "this code is given twice");
    }
    return PIA_OK;
}

pia_status_t
handler_read_cursor(const char *after, handler_cursor_t *ret_cursor, pia_problem_t *problem)
{
    const char *dot = after ? strrchr(after, '.') : NULL;
    *ret_cursor = (handler_cursor_t){.version = 0};
    if (!after)
        return PIA_OK;
    char *end = NULL;
    if (dot && (size_t)(dot - after) < sizeof ret_cursor->name) {
        memcpy(ret_cursor->name, after, (size_t)(dot - after));
        ret_cursor->version = strtoll(dot + 1, &end, 10);
    }
    if (!end || end == dot + 1 || *end != '\0')
        return pia_problem_set(problem, PIA_INVALID, "/after", "is not a cursor of this list");
    return PIA_OK;
}

json_t *handler_version_page(json_t *cards, int64_t limit)
{
    json_t *page = json_pack("{s:o}", "items", cards);
    if ((int64_t)json_array_size(cards) <= limit)
        return page;
    json_array_remove(cards, json_array_size(cards) - 1);
    const json_t *last = json_array_get(cards, json_array_size(cards) - 1);
    char next[PIA_POINTER_MAX];
    (void)snprintf(next, sizeof next, "%s.%lld", json_string_value(json_object_get(last, "name")),
                   (long long)json_integer_value(json_object_get(last, "version")));
    json_object_set_new(page, "next", json_string(next));
    return page;
}
