/* test_config.c - settings: who wins, and what a mistake is told. */
#include "pia_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/config.h"

static const pia_option_t own_options[] = {
    {"mail", "host", PIA_OPTION_TEXT, "localhost", 0, 0, "server"},
    {"mail", "port", PIA_OPTION_INTEGER, "25", 1, 65535, "port"},
    {"mail", "secure", PIA_OPTION_BOOLEAN, "false", 0, 0, "use TLS"},
    {"web", "port", PIA_OPTION_INTEGER, "8080", 1, 65535, "port"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};
static const pia_option_t needy_options[] = {
    {"mail", "sender", PIA_OPTION_TEXT, NULL, 0, 0, "who writes"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};
static const pia_option_t *const tables[] = {pia_service_options, own_options, NULL};
static const pia_option_t *const needy[] = {needy_options, NULL};

static char path[] = "/tmp/pia-test-config-XXXXXX";

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static pia_status_t
load(const char *const *arguments, pia_config_t **ret_config, pia_problem_t *problem)
{
    int count = 0;
    while (arguments[count]) {
        count++;
    }
    return pia_config_load("pia-registry", tables, count, (char **)arguments, ret_config, problem);
}

static void expect_refused(const char *const *arguments, const char *reason)
{
    pia_config_t *config = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(load(arguments, &config, &problem), PIA_INVALID);
    assert_null(config);
    if (!strstr(problem.detail, reason)) {
        fail_msg("%s: does not say %s", problem.detail, reason);
    }
}

static void expect_file_refused(const char *text, const char *reason)
{
    write_file(text);
    const char *arguments[] = {"x", "--config", path, NULL};
    expect_refused(arguments, reason);
}

static void defaults_hold_the_programs_name(void **state)
{
    (void)state;
    const char *arguments[] = {"x", NULL};
    pia_config_t *config = NULL;
    assert_int_equal(load(arguments, &config, NULL), PIA_OK);
    assert_string_equal(pia_config_text(config, "service", "database"), "sqlite:registry.db");
    assert_string_equal(pia_config_text(config, "service", "key_file"), "run/keys/registry.key");
    assert_int_equal(pia_config_integer(config, "mail", "port"), 25);
    assert_false(pia_config_boolean(config, "mail", "secure"));
    pia_config_destroy(&config);
    assert_null(config);
}

static void file_environment_and_flags_in_this_order(void **state)
{
    (void)state;
    write_file("# a comment\n[mail]\nhost = file\nport = 1\nsecure = yes\n[web]\nport = 3\n");
    assert_int_equal(setenv("PIA_MAIL_PORT", "2", 1), 0);
    assert_int_equal(setenv("PIA_OTHER_PROGRAMS_KEY", "ignored", 1), 0);
    const char *arguments[] = {"x", "--mail.port=4", "--config", path, "--web.port", "1", NULL};
    pia_config_t *config = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(load(arguments, &config, &problem), PIA_OK);
    assert_string_equal(pia_config_text(config, "mail", "host"), "file");
    assert_int_equal(pia_config_integer(config, "mail", "port"), 4);
    assert_int_equal(pia_config_integer(config, "web", "port"), 1);
    assert_true(pia_config_boolean(config, "mail", "secure"));
    pia_config_destroy(&config);

    const char *fewer[] = {"x", "--config", path, "--secure", "--log-level", "debug", NULL};
    assert_int_equal(load(fewer, &config, &problem), PIA_OK);
    assert_int_equal(pia_config_integer(config, "mail", "port"), 2);
    assert_string_equal(pia_config_text(config, "service", "log_level"), "debug");
    pia_config_destroy(&config);
    assert_int_equal(unsetenv("PIA_MAIL_PORT"), 0);
}

static void a_mistake_in_the_file_names_its_line(void **state)
{
    (void)state;
    char place[64];
    (void)snprintf(place, sizeof place, "%s:4: unknown key [mail] prot", path);
    expect_file_refused("[mail]\n\n# prot below\nprot = 25\n", place);
    expect_file_refused("[service]\nhost = x\n", ":2: unknown key [service] host");
    expect_file_refused("host = x\n", ":1: unknown key [] host");
    expect_file_refused("[mail]\nport = 0\n", ":2: port: must be an integer from 1 to 65535");
    expect_file_refused("[mail]\nport = 25x\n", ":2: port");
    expect_file_refused("[mail]\nsecure = maybe\n", ":2: secure: must be true or false");
    expect_file_refused("[mail]\nnonsense\n", ":2: ");
    expect_file_refused("[mail]\nport = 1\nport = 2\n", ":3: given twice: port");
    expect_file_refused("[mail]\nhost = a\n  b\n", ":3: given twice: host");
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char text[5000];
    (void)snprintf(text, sizeof text, "[mail]\nhost = %04000d\n", 1);
    expect_file_refused(text, ":2: the line is too long");
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    const char *arguments[] = {"x", "--config", "/nonexistent.ini", NULL};
    expect_refused(arguments, "/nonexistent.ini: cannot be read (ENOENT)");
}

static void a_mistake_in_a_flag_is_named(void **state)
{
    (void)state;
    const char *unknown[] = {"x", "--prot", "1", NULL};
    expect_refused(unknown, "--prot: unknown option");
    const char *ambiguous[] = {"x", "--port", "1", NULL};
    expect_refused(ambiguous, "--port: unknown option");
    const char *valueless[] = {"x", "--host", NULL};
    expect_refused(valueless, "--host: needs a value");
    const char *bare[] = {"x", "host", NULL};
    expect_refused(bare, "host: not an option");
    const char *dashes[] = {"x", "--", NULL};
    expect_refused(dashes, "--: not an option");
    const char *range[] = {"x", "--window=5000", NULL};
    expect_refused(range, "--window: must be an integer from 1 to 4096");
}

static void a_mistake_in_the_environment_is_named(void **state)
{
    (void)state;
    assert_int_equal(setenv("PIA_WEB_PORT", "many", 1), 0);
    const char *arguments[] = {"x", NULL};
    expect_refused(arguments, "PIA_WEB_PORT: must be an integer");
    assert_int_equal(unsetenv("PIA_WEB_PORT"), 0);
}

static void the_logs_settings_are_checked_with_the_others(void **state)
{
    (void)state;
    const char *level[] = {"x", "--log-level", "loud", NULL};
    expect_refused(level, "--log-level: must be error, warn, info or debug");
    const char *format[] = {"x", "--log-format", "xml", "--check-config", NULL};
    expect_refused(format, "--log-format: must be text or json");
    const char *right[] = {"x", "--log-level", "warn", "--log-format", "json", NULL};
    pia_config_t *config = NULL;
    assert_int_equal(load(right, &config, NULL), PIA_OK);
    assert_int_equal(pia_config_log_level(config), PIA_LOG_WARN);
    assert_string_equal(pia_config_text(config, "service", "log_format"), "json");
    pia_config_destroy(&config);
}

static void what_has_no_default_must_be_given(void **state)
{
    (void)state;
    char *without[] = {(char[]){"x"}, NULL};
    pia_config_t *config = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(pia_config_load("pia-x", needy, 1, without, &config, &problem), PIA_INVALID);
    assert_non_null(strstr(problem.detail, "--sender: must be given"));
    char *with[] = {(char[]){"x"}, (char[]){"--sender=a@example.org"}, NULL};
    assert_int_equal(pia_config_load("pia-x", needy, 2, with, &config, &problem), PIA_OK);
    assert_string_equal(pia_config_text(config, "mail", "sender"), "a@example.org");
    pia_config_destroy(&config);
}

static void check_config_runs_nothing_and_still_refuses(void **state)
{
    (void)state;
    const char *right[] = {"x", "--check-config", NULL};
    pia_config_t *config = NULL;
    assert_int_equal(load(right, &config, NULL), PIA_OK);
    assert_null(config);
    const char *wrong[] = {"x", "--check-config", "--window", "0", NULL};
    expect_refused(wrong, "--window");
    const char *valued[] = {"x", "--check-config=1", NULL};
    expect_refused(valued, "--check-config: bad use");
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static int make_file(void **state)
{
    (void)state;
    int descriptor = mkstemp(path);
    return descriptor < 0 ? -1 : close(descriptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_the_programs_name),
        cmocka_unit_test(file_environment_and_flags_in_this_order),
        cmocka_unit_test(a_mistake_in_the_file_names_its_line),
        cmocka_unit_test(a_line_that_is_too_long_is_refused),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(a_mistake_in_a_flag_is_named),
        cmocka_unit_test(a_mistake_in_the_environment_is_named),
        cmocka_unit_test(what_has_no_default_must_be_given),
        cmocka_unit_test(the_logs_settings_are_checked_with_the_others),
        cmocka_unit_test(check_config_runs_nothing_and_still_refuses),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
