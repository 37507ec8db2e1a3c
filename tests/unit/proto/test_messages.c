/* test_messages.c - the list of all messages as the programs link it. */
#include "pia_test.h"

#include <string.h>

#include "proto/messages.h"

static void numbers_are_unique_and_in_order(void **state)
{
    (void)state;
    int before = 0;
    for (const pia_message_t *const *message = pia_messages; *message; message++) {
        assert_true((*message)->number > before);
        before = (*message)->number;
    }
    assert_true(before > 0);
}

static void names_are_unique(void **state)
{
    (void)state;
    for (const pia_message_t *const *one = pia_messages; *one; one++) {
        for (const pia_message_t *const *other = one + 1; *other; other++) {
            assert_string_not_equal((*one)->name, (*other)->name);
        }
    }
}

/* service 1-31, then a block of 256 a service: the number tells whose message it is */
static void expect_block(const pia_message_t *message)
{
    static const char *const services[] = {"service.", "registry.", "labellisation.", "diffusion.",
                                           "notifications."};
    unsigned block = message->number / 256;
    assert_in_range(block, 0, sizeof services / sizeof services[0] - 1);
    if (strncmp(message->name, services[block], strlen(services[block])) != 0) {
        fail_msg("%s has number %u", message->name, message->number);
    }
}

static void numbers_lie_in_their_services_block(void **state)
{
    (void)state;
    for (const pia_message_t *const *message = pia_messages; *message; message++) {
        expect_block(*message);
    }
}

static void a_mutating_message_takes_an_idempotency_key(void **state)
{
    (void)state;
    for (const pia_message_t *const *message = pia_messages; *message; message++) {
        bool found = false;
        for (const pia_field_t *field = (*message)->request->fields; field->name; field++) {
            found = found || strcmp(field->name, "idempotency_key") == 0;
        }
        assert_int_equal(found, (*message)->mutating);
    }
}

static void every_format_is_known(void **state)
{
    (void)state;
    for (const pia_message_t *const *message = pia_messages; *message; message++) {
        for (const pia_field_t *field = (*message)->request->fields; field->name; field++) {
            const char *format = field->format ? field->format : "code";
            (void)pia_format_check(format, ""); /* asserts */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_unique_and_in_order),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(numbers_lie_in_their_services_block),
        cmocka_unit_test(a_mutating_message_takes_an_idempotency_key),
        cmocka_unit_test(every_format_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
