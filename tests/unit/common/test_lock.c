/* test_lock.c - one process holds a lock, and the kernel lets go of it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "pia/lock.h"

typedef struct {
    char directory[64];
    char path[96];
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/pia-lock.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof fixture->path, "%s/x.lock", fixture->directory);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    (void)unlink(fixture->path);
    assert_int_equal(rmdir(fixture->directory), 0);
    free(fixture);
    return 0;
}

static void a_lock_is_held_once_even_in_one_process(void **state)
{
    const fixture_t *fixture = *state;
    pia_lock_t *first = NULL;
    pia_lock_t *second = NULL;
    pia_problem_t problem = {.detail = ""};
    assert_int_equal(pia_lock_take(fixture->path, &first, NULL), PIA_OK);
    assert_int_equal(pia_lock_take(fixture->path, &second, &problem), PIA_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(problem.detail, fixture->path));
    pia_lock_destroy(&first);
    assert_null(first);
    assert_int_equal(pia_lock_take(fixture->path, &second, NULL), PIA_OK);
    pia_lock_destroy(&second);
    pia_lock_destroy(&second); /* nothing is fine */
}

/* Takes the lock, says so and waits to be killed. */
static void hold(const char *path, int taken)
{
    pia_lock_t *lock = NULL;
    char outcome = pia_lock_take(path, &lock, NULL) == PIA_OK ? 'y' : 'n';
    if (write(taken, &outcome, 1) == 1) {
        (void)pause();
    }
    _exit(0);
}

static void the_death_of_its_holder_frees_it(void **state)
{
    const fixture_t *fixture = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        hold(fixture->path, ends[1]);
    }
    char outcome = '?';
    assert_int_equal(read(ends[0], &outcome, 1), 1);
    assert_int_equal(outcome, 'y');
    pia_lock_t *lock = NULL;
    assert_int_equal(pia_lock_take(fixture->path, &lock, NULL), PIA_CONFLICT);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(pia_lock_take(fixture->path, &lock, NULL), PIA_OK);
    pia_lock_destroy(&lock);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_program_that_is_started_does_not_inherit_it(void **state)
{
    const fixture_t *fixture = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pia_lock_t *lock = NULL;
    assert_int_equal(pia_lock_take(fixture->path, &lock, NULL), PIA_OK);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        (void)close(ends[1]);
        (void)execl("/bin/sh", "sh", "-c", "read line", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[0]);
    pia_lock_destroy(&lock);
    pia_status_t status = PIA_CONFLICT;
    while (status == PIA_CONFLICT) { /* until the child has passed exec: ctest ends it otherwise */
        status = pia_lock_take(fixture->path, &lock, NULL);
    }
    assert_int_equal(status, PIA_OK);
    assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it is still there */
    (void)close(ends[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    pia_lock_destroy(&lock);
}

static void a_path_that_cannot_be_made_is_unavailable(void **state)
{
    (void)state;
    pia_lock_t *lock = NULL;
    assert_int_equal(pia_lock_take("/nonexistent/x.lock", &lock, NULL), PIA_UNAVAILABLE);
    assert_null(lock);
}

static void the_file_is_for_its_owner_alone(void **state)
{
    const fixture_t *fixture = *state;
    struct stat info;
    pia_lock_t *lock = NULL;
    assert_int_equal(pia_lock_take(fixture->path, &lock, NULL), PIA_OK);
    assert_int_equal(stat(fixture->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    pia_lock_destroy(&lock);
}

#define LOCK_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCK_TEST(a_lock_is_held_once_even_in_one_process),
        LOCK_TEST(the_death_of_its_holder_frees_it),
        LOCK_TEST(a_program_that_is_started_does_not_inherit_it),
        LOCK_TEST(the_file_is_for_its_owner_alone),
        cmocka_unit_test(a_path_that_cannot_be_made_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
