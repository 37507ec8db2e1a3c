/* The table of commands holds together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "fields.h"

static void positional_fields_are_the_messages(void **state)
{
    (void)state;
    for (const command_t *command = NULL; (command = command_after(command)) != NULL;) {
        if (!command->message)
            continue;
        assert_non_null(command->fields);
        char names[128];
        (void)snprintf(names, sizeof names, "%s", command->fields);
        char *rest = names;
        for (char *name = strsep(&rest, " "); name; name = strsep(&rest, " "))
            if (*name)
                assert_int_equal(fields_known(command->message->request, name), 2);
    }
}

/* A list asks for pages by `after`, or has one page; either way it has columns. */
static void lists_have_columns(void **state)
{
    (void)state;
    for (const command_t *command = NULL; (command = command_after(command)) != NULL;) {
        bool list = strstr(command->name, " list") != NULL;
        if (list)
            assert_non_null(command->columns);
    }
}

static void names_are_unique_and_no_name_hides_another(void **state)
{
    (void)state;
    for (const command_t *one = NULL; (one = command_after(one)) != NULL;) {
        assert_non_null(one->run);
        assert_non_null(one->synopsis);
        assert_non_null(one->help);
        for (const command_t *other = one; (other = command_after(other)) != NULL;) {
            assert_string_not_equal(one->name, other->name);
            size_t size = strlen(one->name);
            bool hides = strncmp(one->name, other->name, size) == 0 && other->name[size] == ' ';
            assert_false(hides);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positional_fields_are_the_messages),
        cmocka_unit_test(lists_have_columns),
        cmocka_unit_test(names_are_unique_and_no_name_hides_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
