/* Command lines taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "arguments.h"

static int known(const void *arg, const char *name)
{
    (void)arg;
    if (strcmp(name, "json") == 0)
        return 1;
    return strcmp(name, "data") == 0 || strcmp(name, "theme") == 0 ? 2 : 0;
}

typedef struct {
    arguments_t arguments;
    char error[256];
    int read;
} reading_t;

static void read_words(reading_t *reading, bool stop, char **words)
{
    memset(reading, 0, sizeof *reading);
    reading->read = arguments_read(&reading->arguments, words, stop, known, NULL, reading->error);
}
#define READ(reading, stop, ...) read_words(reading, stop, (char *[]){__VA_ARGS__, NULL})

static void options_and_positionals_come_in_any_order(void **state)
{
    (void)state;
    reading_t reading;
    READ(&reading, false, "one", "--data", "var", "two", "--json", "--theme=a=b", "-");
    assert_int_equal(reading.read, 7);
    assert_int_equal(reading.arguments.positional_count, 3);
    assert_string_equal(reading.arguments.positionals[1], "two");
    assert_string_equal(reading.arguments.positionals[2], "-");
    assert_string_equal(arguments_get(&reading.arguments, "data"), "var");
    assert_string_equal(arguments_get(&reading.arguments, "theme"), "a=b");
    assert_string_equal(arguments_get(&reading.arguments, "json"), "");
    assert_null(arguments_get(&reading.arguments, "dat"));
}

static void reading_stops_at_the_command(void **state)
{
    (void)state;
    reading_t reading;
    READ(&reading, true, "--data", "var", "status", "--unknown");
    assert_int_equal(reading.read, 2);
    assert_int_equal(reading.arguments.positional_count, 0);
}

static void the_last_value_counts_and_may_be_empty(void **state)
{
    (void)state;
    reading_t reading;
    READ(&reading, false, "--data", "one", "--data", "two", "--theme=", "--theme", "");
    assert_string_equal(arguments_get(&reading.arguments, "data"), "two");
    assert_string_equal(arguments_get(&reading.arguments, "theme"), "");
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    reading_t reading;
    READ(&reading, false, "--json", "--", "--data", "-x");
    assert_int_equal(reading.arguments.positional_count, 2);
    assert_string_equal(reading.arguments.positionals[0], "--data");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        char *words[3];
        const char *error;
    } cases[] = {
        {{"--nonsense", "x"}, "--nonsense is not an option here"},
        {{"--data"}, "--data needs a value"},
        {{"--json=yes"}, "--json takes no value"},
        {{"-d", "var"}, "-d: options begin with two dashes"},
        {{"--=x"}, "-- is not an option here"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading_t reading;
        char *words[4] = {cases[i].words[0], cases[i].words[1], cases[i].words[2], NULL};
        read_words(&reading, false, words);
        assert_int_equal(reading.read, -1);
        assert_string_equal(reading.error, cases[i].error);
    }
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    char *words[ARGUMENTS_MAX + 2];
    for (size_t i = 0; i <= ARGUMENTS_MAX; i++)
        words[i] = "x";
    words[ARGUMENTS_MAX + 1] = NULL;
    reading_t reading;
    read_words(&reading, false, words);
    assert_int_equal(reading.read, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_positionals_come_in_any_order),
        cmocka_unit_test(reading_stops_at_the_command),
        cmocka_unit_test(the_last_value_counts_and_may_be_empty),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(too_many_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
