/* test_cursor.c - cursors as text. */
#include "pia_test.h"

#include <string.h>

#include "cursor.h"

static void a_cursor_survives_its_text(void **state)
{
    (void)state;
    static const cursor_t cursors[] = {
        {1, 0, 0}, {1, 42, 0xc0ffee}, {UINT32_MAX, INT64_MAX, UINT32_MAX}};
    for (size_t i = 0; i < sizeof cursors / sizeof *cursors; i++) {
        char text[CURSOR_TEXT_SIZE];
        cursor_t back;
        cursor_format(&cursors[i], text);
        assert_true(cursor_parse(text, strlen(text), &back));
        assert_true(cursor_equal(&back, &cursors[i]));
    }
}

static void other_texts_are_no_cursors(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "1",
        "1.2",
        "1.2.",
        "1.2.0000000",
        "1.2.000000000",
        "1.2.0000000G",
        "1.2.C0FFEE00",
        "01.2.00000000",
        "1.02.00000000",
        "+1.2.00000000",
        "1.-2.00000000",
        " 1.2.00000000",
        "4294967296.2.00000000",
        "1.9223372036854775808.00000000",
        "1.99999999999999999999999999999999999999999.00000000",
        "head",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cursor_t cursor;
        assert_false(cursor_parse(texts[i], strlen(texts[i]), &cursor));
    }
    cursor_t cursor;
    assert_false(cursor_parse("1.2.0000\0000", 12, &cursor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_survives_its_text),
        cmocka_unit_test(other_texts_are_no_cursors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
