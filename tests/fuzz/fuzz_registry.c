/* fuzz_registry.c - what the registry reads from outside: cursors, keys, names, reference files. */
#include "fuzz.h"

#include "apikey.h"
#include "cursor.h"
#include "fold.h"
#include "pia/format.h"
#include "reference_poles.h"
#include "tsv.h"

static void check_cursor(const char *text)
{
    page_cursor_t cursor;
    if (cursor_read(text, &cursor, NULL) != PIA_OK) {
        FUZZ_CHECK(cursor.id[0] == '\0');
        return;
    }
    char again[CURSOR_TEXT_SIZE];
    page_cursor_t same;
    cursor_write(cursor.sort, cursor.id, again);
    FUZZ_CHECK(pia_format_check("cursor", again));
    FUZZ_CHECK(cursor_read(again, &same, NULL) == PIA_OK);
    FUZZ_CHECK(strcmp(same.sort, cursor.sort) == 0 && strcmp(same.id, cursor.id) == 0);
}

/* A folded text folds to itself. */
static void check_fold(const char *text)
{
    char key[FOLD_MAX + 1];
    char again[FOLD_MAX + 1];
    size_t length = fold_text(text, key);
    FUZZ_CHECK(length <= FOLD_MAX && strlen(key) == length);
    FUZZ_CHECK(length == 0 || (key[0] != ' ' && key[length - 1] != ' '));
    size_t shorter = fold_code(key, again);
    FUZZ_CHECK(shorter <= length && strchr(again, ' ') == NULL);
}

static void check_key(const char *text)
{
    FUZZ_CHECK(!apikey_is_wellformed(text) || strlen(text) == APIKEY_TEXT_SIZE - 1);
}

static void check_pole(const char *text, size_t size)
{
    json_t *json = json_loadb(text, size, 0, NULL);
    pole_t pole;
    if (json != NULL && reference_read_pole(json, &pole, NULL) == PIA_OK) {
        json_t *resource = pole_json(&pole);
        FUZZ_CHECK(json_object_get(resource, "name") != NULL);
        json_decref(resource);
    }
    json_decref(json);
}

static void check_table(const char *text, size_t size)
{
    tsv_t tsv;
    tsv_open(&tsv, text, size, 3);
    while (tsv_next(&tsv, NULL) == PIA_OK) {
        for (size_t i = 0; i < 3; i++) {
            FUZZ_CHECK(strlen(tsv.field[i]) < TSV_LINE_MAX);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    char *text = fuzz_text(&fuzz);
    check_cursor(text);
    check_fold(text);
    check_key(text);
    check_pole(text, size);
    check_table(text, size);
    free(text);
    return 0;
}
