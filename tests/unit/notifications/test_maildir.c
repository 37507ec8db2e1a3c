/* test_maildir.c - one file a delivery, whatever is repeated. */
#include "pia_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maildir.h"
#include "pia/memory.h"

#define DELIVERY "0192f0c1-2345-8abc-8def-0123456789ab"

static char directory[] = "/tmp/pia-test-maildir-XXXXXX";
static char path[64];

static outgoing_t *make(int64_t attempt, const char *content)
{
    outgoing_t *outgoing = pia_alloc(sizeof *outgoing);
    (void)snprintf(outgoing->delivery, sizeof outgoing->delivery, "%s", DELIVERY);
    outgoing->attempt = attempt;
    outgoing->content = pia_strdup(content);
    outgoing->size = strlen(content);
    return outgoing;
}

static void deliver(int64_t attempt, const char *content, outcome_t expected)
{
    outgoing_t *outgoing = make(attempt, content);
    maildir_deliver(path, outgoing);
    assert_int_equal(outgoing->outcome, expected);
    outgoing_destroy(&outgoing);
}

static int count(const char *folder)
{
    char full[128];
    (void)snprintf(full, sizeof full, "%s/%s", path, folder);
    DIR *dir = opendir(full);
    assert_non_null(dir);
    int found = 0;
    while (readdir(dir)) {
        found++;
    }
    closedir(dir);
    return found - 2; /* . and .. */
}

static void a_repeat_replaces_the_file(void **state)
{
    (void)state;
    deliver(1, "one\n", OUTGOING_SENT);
    deliver(2, "two\n", OUTGOING_SENT);
    assert_int_equal(count("new"), 1);
    assert_int_equal(count("tmp"), 0);
    char full[128], text[16] = "";
    (void)snprintf(full, sizeof full, "%s/new/%s", path, DELIVERY);
    FILE *file = fopen(full, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "two\n");
    struct stat status;
    assert_int_equal(stat(full, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void what_was_read_does_not_come_again(void **state)
{
    (void)state;
    deliver(1, "one\n", OUTGOING_SENT);
    char from[128], to[128];
    (void)snprintf(from, sizeof from, "%s/new/%s", path, DELIVERY);
    (void)snprintf(to, sizeof to, "%s/cur/%s:2,S", path, DELIVERY);
    assert_int_equal(rename(from, to), 0);
    deliver(2, "one\n", OUTGOING_SENT);
    assert_int_equal(count("new"), 0);
    assert_int_equal(count("cur"), 1);
    assert_int_equal(unlink(to), 0);
}

static void a_file_that_was_left_in_tmp_is_no_harm(void **state)
{
    (void)state;
    char full[128];
    (void)snprintf(full, sizeof full, "%s/tmp/%s", path, DELIVERY);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs("a longer text that a crash left behind", file) >= 0);
    assert_int_equal(fclose(file), 0);
    deliver(2, "one\n", OUTGOING_SENT);
    assert_int_equal(count("tmp"), 0);
    struct stat status;
    (void)snprintf(full, sizeof full, "%s/new/%s", path, DELIVERY);
    assert_int_equal(stat(full, &status), 0);
    assert_int_equal(status.st_size, 4);
}

static void a_folder_that_is_not_there_is_tried_again(void **state)
{
    (void)state;
    outgoing_t *outgoing = make(1, "x");
    maildir_deliver("/nonexistent", outgoing);
    assert_int_equal(outgoing->outcome, OUTGOING_FAILED);
    assert_string_equal(outgoing->problem, "Maildir: ENOENT");
    outgoing_destroy(&outgoing);
    assert_false(maildir_make("/proc/none"));
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/mail", directory);
    bool made = maildir_make(path);
    return made && maildir_make(path) ? 0 : -1; /* twice is no error */
}

static int end(void **state)
{
    (void)state;
    static const char delivered[] = "new/" DELIVERY;
    static const char *const names[] = {delivered, "new", "cur", "tmp", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char full[128];
        (void)snprintf(full, sizeof full, "%s/%s", path, names[i]);
        (void)remove(full);
    }
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeat_replaces_the_file),
        cmocka_unit_test(what_was_read_does_not_come_again),
        cmocka_unit_test(a_file_that_was_left_in_tmp_is_no_harm),
        cmocka_unit_test(a_folder_that_is_not_there_is_tried_again),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
