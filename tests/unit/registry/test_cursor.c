/* test_cursor.c - places in lists, and what is none. */
#include "pia_test.h"

#include <string.h>

#include "cursor.h"
#include "pia/format.h"

static void a_cursor_reads_back_as_it_was_written(void **state)
{
    (void)state;
    char text[CURSOR_TEXT_SIZE];
    page_cursor_t cursor;
    cursor_write("oeuvre d art", "iris-st", text);
    assert_true(pia_format_check("cursor", text));
    assert_int_equal(cursor_read(text, &cursor, NULL), PIA_OK);
    assert_string_equal(cursor.sort, "oeuvre d art");
    assert_string_equal(cursor.id, "iris-st");
}

static void the_longest_cursor_fits(void **state)
{
    (void)state;
    char sort[FOLD_MAX + 1];
    char text[CURSOR_TEXT_SIZE];
    page_cursor_t cursor;
    memset(sort, 'z', FOLD_MAX);
    sort[FOLD_MAX] = '\0';
    cursor_write(sort, "019abcde-0123-7123-8123-0123456789ab", text);
    assert_true(pia_format_check("cursor", text));
    assert_int_equal(cursor_read(text, &cursor, NULL), PIA_OK);
    assert_string_equal(cursor.sort, sort);
}

static void no_cursor_is_the_beginning(void **state)
{
    (void)state;
    page_cursor_t cursor;
    assert_int_equal(cursor_read(NULL, &cursor, NULL), PIA_OK);
    assert_string_equal(cursor.sort, "");
    assert_string_equal(cursor.id, "");
}

static void what_nobody_wrote_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "!!!!", "YWJj", "AA", "YQBi'YQ", "YQBhAGI", "YQD_", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        page_cursor_t cursor;
        pia_problem_t problem;
        assert_int_equal(cursor_read(bad[i], &cursor, &problem), PIA_INVALID);
        assert_string_equal(problem.pointer, "/after");
        assert_string_equal(cursor.id, "");
    }
}

static void an_overlong_cursor_is_refused(void **state)
{
    (void)state;
    char text[2000];
    page_cursor_t cursor;
    memset(text, 'A', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(cursor_read(text, &cursor, NULL), PIA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_reads_back_as_it_was_written),
        cmocka_unit_test(the_longest_cursor_fits),
        cmocka_unit_test(no_cursor_is_the_beginning),
        cmocka_unit_test(what_nobody_wrote_is_refused),
        cmocka_unit_test(an_overlong_cursor_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
