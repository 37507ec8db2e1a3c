/* test_filter_text.c - which texts are read the short way, and what they say. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "filter_text.h"

typedef struct {
    char text[256];
} told_t;

static void tell(void *arg, criterion_t criterion, const char *value)
{
    told_t *told = arg;
    size_t used = strlen(told->text);
    (void)snprintf(told->text + used, sizeof told->text - used, "%s=%s;",
                   criterion_member(criterion), value);
}

static void read(const char *text, uint32_t asks, const char *expected)
{
    told_t told = {""};
    uint32_t asked = 0;
    assert_true(filter_text_read(text, tell, &told, &asked));
    assert_string_equal(told.text, expected);
    assert_int_equal(asked, asks);
}

static void a_compact_filter_is_read(void **state)
{
    (void)state;
    read("{}", 0, "");
    read("{\"kinds\":[\"guide\"],\"themes\":[\"arts\",\"sante\"]}",
         1U << CRITERION_KINDS | 1U << CRITERION_THEMES, "kinds=guide;themes=arts;themes=sante;");
    read("{\"kinds\":[]}", 1U << CRITERION_KINDS, "");
}

static void blanks_between_its_parts_change_nothing(void **state)
{
    (void)state;
    read(" { } ", 0, "");
    read("{\"kinds\": [\"guide\"], \"themes\": [\"arts\", \"sante\"]}",
         1U << CRITERION_KINDS | 1U << CRITERION_THEMES, "kinds=guide;themes=arts;themes=sante;");
    read("{\n\t\"kinds\" : [ \"a b\" ]\r\n}\n", 1U << CRITERION_KINDS, "kinds=a b;");
}

static void other_texts_are_left_to_the_long_way(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "[]",
        "{\"kinds\":[\"\\u0061\"]}",
        "{\"unknown\":[]}",
        "{\"kinds\":[],\"kinds\":[]}",
        "{\"kinds\":[\"a\"}",
        "{\"kinds\":[\"a\",]}",
        "{\"kinds\":[1]}",
        "{} {}",
        "{\"ki nds\":[]}",
        "{\"kinds\":[\"a\"]",
        "{\f\"kinds\":[]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        told_t told = {""};
        uint32_t asked = 0;
        assert_false(filter_text_read(texts[i], tell, &told, &asked));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compact_filter_is_read),
        cmocka_unit_test(blanks_between_its_parts_change_nothing),
        cmocka_unit_test(other_texts_are_left_to_the_long_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
