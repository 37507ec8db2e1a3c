/* test_log.c - a line is one event whatever is in the message. */
#include "pia_test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pia/log.h"

/* What pia_log wrote: stderr goes through a pipe for one call. */
static void capture(char *ret_line, size_t size, pia_log_level_t level, const char *message)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(pipes[1], STDERR_FILENO) >= 0);
    pia_log(level, "%s", message);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    close(pipes[1]);
    ssize_t got = read(pipes[0], ret_line, size - 1);
    assert_true(got >= 0);
    ret_line[got] = '\0';
    close(pipes[0]);
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    char line[8192];
    pia_log_init("registry", "registry-1", PIA_LOG_INFO, true);
    capture(line, sizeof line, PIA_LOG_WARN, "a \"quote\", a \\ and\na line\x1b[0m, é");
    json_error_t error;
    json_t *json = json_loads(line, 0, &error);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(json, "instance")), "registry-1");
    assert_string_equal(json_string_value(json_object_get(json, "message")),
                        "a \"quote\", a \\ and\na line\x1b[0m, é");
    json_decref(json);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_text_line_has_no_control_characters(void **state)
{
    (void)state;
    char line[8192];
    pia_log_init("registry", "registry-1", PIA_LOG_INFO, false);
    capture(line, sizeof line, PIA_LOG_ERROR, "one\r\ntwo\x07");
    assert_non_null(strstr(line, " error registry-1: one\\u000d\\u000atwo\\u0007\n"));
}

static void a_lower_level_is_silent_until_asked_for(void **state)
{
    (void)state;
    char line[8192];
    pia_log_init("registry", "registry-1", PIA_LOG_WARN, false);
    capture(line, sizeof line, PIA_LOG_INFO, "hello");
    assert_string_equal(line, "");
    pia_log_set_level(PIA_LOG_DEBUG);
    capture(line, sizeof line, PIA_LOG_DEBUG, "hello");
    assert_non_null(strstr(line, "hello"));
}

static void a_very_long_message_is_cut(void **state)
{
    (void)state;
    static char message[100000];
    memset(message, '\n', sizeof message - 1);
    char line[16384];
    pia_log_init("registry", "registry-1", PIA_LOG_INFO, true);
    capture(line, sizeof line, PIA_LOG_INFO, message);
    assert_true(strlen(line) < 8192);
    assert_string_equal(line + strlen(line) - 3, "\"}\n");
}

static void levels_are_read_by_name(void **state)
{
    (void)state;
    pia_log_level_t level = PIA_LOG_ERROR;
    assert_true(pia_log_level_parse("debug", &level));
    assert_int_equal(level, PIA_LOG_DEBUG);
    assert_false(pia_log_level_parse("loud", &level));
    assert_false(pia_log_level_parse("", &level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_is_json),
        cmocka_unit_test(a_text_line_has_no_control_characters),
        cmocka_unit_test(a_lower_level_is_silent_until_asked_for),
        cmocka_unit_test(a_very_long_message_is_cut),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
