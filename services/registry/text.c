/* text.c - texts of bounded size. */
#include "text.h"

#include <assert.h>
#include <string.h>

bool text_copy(char *ret, size_t size, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    bool fits = length < size;
    if (!fits) {
        length = 0;
    }
    if (length > 0) {
        memcpy(ret, text, length);
    }
    ret[length] = '\0';
    return fits;
}

void text_set(char *ret, size_t size, const char *text)
{
    bool fits = text_copy(ret, size, text);
    assert(fits);
    (void)fits;
}

const char *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

void json_put_text(json_t *json, const char *name, const char *text)
{
    if (text_or_null(text) != NULL) {
        json_object_set_new(json, name, json_string(text));
    }
}

/* The length of the code at `codes`, up to a comma or the end. */
static size_t code_length(const char *codes)
{
    return strcspn(codes, ",");
}

static bool codes_have(const char *codes, const char *code)
{
    size_t length = strlen(code);
    for (const char *at = codes; *at != '\0';) {
        size_t here = code_length(at);
        if (here == length && memcmp(at, code, length) == 0) {
            return true;
        }
        at += here + (at[here] == ',');
    }
    return false;
}

bool codes_join(const json_t *json, char ret_codes[CODES_SIZE])
{
    size_t used = 0;
    size_t index;
    const json_t *item;
    ret_codes[0] = '\0';
    json_array_foreach(json, index, item)
    {
        const char *code = json_string_value(item);
        size_t length = code == NULL ? 0 : strlen(code);
        if (length == 0 || length >= CODE_SIZE || strchr(code, ',') != NULL ||
            used + length + 2 > CODES_SIZE || codes_have(ret_codes, code)) {
            return false;
        }
        if (used > 0) {
            ret_codes[used++] = ',';
        }
        memcpy(ret_codes + used, code, length + 1);
        used += length;
    }
    return true;
}

json_t *codes_json(const char *codes)
{
    json_t *json = json_array();
    for (const char *at = codes; *at != '\0';) {
        size_t length = code_length(at);
        json_array_append_new(json, json_stringn(at, length));
        at += length + (at[length] == ',');
    }
    return json;
}

const char *codes_reject(const char *codes, codes_fn *accept, void *arg, char ret_code[CODE_SIZE])
{
    for (const char *at = codes; *at != '\0';) {
        size_t length = code_length(at);
        assert(length < CODE_SIZE);
        memcpy(ret_code, at, length);
        ret_code[length] = '\0';
        if (!accept(arg, ret_code)) {
            return ret_code;
        }
        at += length + (at[length] == ',');
    }
    return NULL;
}
