/* test_items.c - a page is read the same in our form and in any other. */
#include "pia/items.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "pia_test.h"

static const char *const members[] = {"id", "contact", NULL};

static bool is_text(pia_text_t text, const char *expected)
{
    return text.size == strlen(expected) && memcmp(text.bytes, expected, text.size) == 0;
}

/* Reads the page with the items (a, b) and (c, d). */
static void check_two(const char *page, bool ours)
{
    pia_items_t items;
    assert_int_equal(pia_items_read(page, strlen(page), members, &items), PIA_OK);
    assert_int_equal(items.count, 2);
    assert_true(is_text(items.texts[0], "a") && is_text(items.texts[1], "b"));
    assert_true(is_text(items.texts[2], "c") && is_text(items.texts[3], "d"));
    assert_true(is_text(items.next, "17"));
    assert_true(ours == !items.tree);
    pia_items_clear(&items);
}

static void our_form_is_read_without_a_tree(void **state)
{
    (void)state;
    check_two("{\"items\":[{\"id\":\"a\",\"contact\":\"b\"},{\"id\":\"c\",\"contact\":\"d\"}],"
              "\"next\":\"17\"}",
              true);
}

static void another_form_says_the_same(void **state)
{
    (void)state;
    check_two("{\"items\": [{\"id\":\"a\",\"contact\":\"b\"},{\"id\":\"c\",\"contact\":\"d\"}],"
              "\"next\":\"17\"}",
              false);
    check_two("{\"items\":[{\"contact\":\"b\",\"id\":\"a\"},{\"id\":\"c\",\"contact\":\"d\"}],"
              "\"next\":\"17\"}",
              false);
    check_two("{\"items\":[{\"id\":\"a\",\"contact\":\"b\"},"
              "{\"id\":\"\\u0063\",\"contact\":\"d\",\"more\":1}],\"next\":\"17\"}",
              false);
    check_two("{\"next\":\"17\",\"items\":[{\"id\":\"a\",\"contact\":\"b\"},"
              "{\"id\":\"c\",\"contact\":\"d\"}]}",
              false);
}

static void the_last_page_has_no_next(void **state)
{
    (void)state;
    static const char *const pages[] = {"{\"items\":[]}", "{ \"items\": [] }"};
    for (size_t i = 0; i < 2; i++) {
        pia_items_t items;
        assert_int_equal(pia_items_read(pages[i], strlen(pages[i]), members, &items), PIA_OK);
        assert_int_equal(items.count, 0);
        assert_null(items.next.bytes);
        pia_items_clear(&items);
    }
}

static void many_items_are_read(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    static char page[COUNT * 40];
    size_t size = (size_t)snprintf(page, sizeof page, "{\"items\":[");
    for (size_t i = 0; i < COUNT; i++)
        size += (size_t)snprintf(page + size, sizeof page - size,
                                 "%s{\"id\":\"%zu\",\"contact\":\"%zu\"}", i ? "," : "", i, i + 1);
    size += (size_t)snprintf(page + size, sizeof page - size, "]}");
    pia_items_t items;
    assert_int_equal(pia_items_read(page, size, members, &items), PIA_OK);
    assert_int_equal(items.count, COUNT);
    const pia_text_t *last = &items.texts[2 * (items.count - 1)];
    assert_true(is_text(last[0], "999") && is_text(last[1], "1000"));
    pia_items_clear(&items);
}

static void what_is_no_page_is_refused(void **state)
{
    (void)state;
    static const char *const pages[] = {
        "",
        "{}",
        "[]",
        "{\"items\":{}}",
        "{\"items\":[{\"id\":\"a\"}]}",
        "{\"items\":[{\"id\":\"a\",\"contact\":1}]}",
        "{\"items\":[{\"id\":\"a\",\"contact\":\"b\"}],\"next\":1}",
        "{\"items\":[{\"id\":\"a\",\"contact\":\"b\"}]",
        "{\"items\":[{\"id\":\"a\",\"contact\":\"b\"},]}",
        "{\"items\":[{\"id\":\"a\",\"contact\":\"b\"}]}}",
        "{\"items\":[{\"id\":\"a\",\"contact\":\"b",
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        pia_items_t items;
        assert_int_equal(pia_items_read(pages[i], strlen(pages[i]), members, &items), PIA_INVALID);
        assert_null(items.texts);
        assert_null(items.tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_form_is_read_without_a_tree),
        cmocka_unit_test(another_form_says_the_same),
        cmocka_unit_test(the_last_page_has_no_next),
        cmocka_unit_test(many_items_are_read),
        cmocka_unit_test(what_is_no_page_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
