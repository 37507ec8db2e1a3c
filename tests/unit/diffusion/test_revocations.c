/* test_revocations.c - who lost its rights stays refused over a restart, as long as tokens live. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "diffusion_fixture.h"
#include "pia/clock.h"
#include "revocations.h"

static pia_status_t keep(fixture_t *f, const char *subject, int64_t at_ms)
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_problem_t problem = {0};
    pia_time_format(at_ms, at);
    json_t *data = json_pack("{s:s, s:s}", "subject", subject, "at", at);
    assert_int_equal(pia_db_begin(f->db), PIA_OK);
    pia_status_t status = revocations_keep(f->db, data, &problem);
    json_decref(data);
    if (status == PIA_OK)
        assert_int_equal(pia_db_commit(f->db), PIA_OK);
    else
        pia_db_rollback(f->db);
    return status;
}

static void they_are_there_after_a_restart(void **state)
{
    (void)state;
    fixture_t f;
    revocation_t *found = NULL;
    size_t count = 0;
    int64_t now = pia_clock_wall();
    fixture_open(&f);
    assert_int_equal(keep(&f, "/persons/1", now - 1000), PIA_OK);
    assert_int_equal(keep(&f, "/persons/1", now), PIA_OK); /* the later one counts */
    fixture_reopen(&f);
    assert_int_equal(revocations_load(f.db, &found, &count), PIA_OK);
    assert_int_equal(count, 1);
    assert_string_equal(found[0].subject, "/persons/1");
    assert_int_equal(found[0].at_ms, now);
    free(found);
    fixture_close(&f);
}

static void they_go_when_no_token_can_live(void **state)
{
    (void)state;
    fixture_t f;
    int64_t now = pia_clock_wall();
    fixture_open(&f);
    assert_int_equal(keep(&f, "/persons/old", now - 3600000), PIA_OK);
    assert_int_equal(keep(&f, "/persons/new", now), PIA_OK);
    assert_int_equal(test_database_integer(f.db, "SELECT COUNT(*) FROM revocation"), 1);
    fixture_close(&f);
}

static void bad_data_is_refused(void **state)
{
    (void)state;
    fixture_t f;
    pia_problem_t problem = {0};
    revocation_t revocation;
    fixture_open(&f);
    json_t *data = json_pack("{s:s}", "subject", "/persons/1");
    assert_int_equal(revocation_read(data, &revocation, &problem), PIA_INVALID);
    assert_string_equal(problem.pointer, "/data/at");
    json_decref(data);
    assert_int_equal(keep(&f, "", pia_clock_wall()), PIA_INVALID);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_there_after_a_restart),
        cmocka_unit_test(they_go_when_no_token_can_live),
        cmocka_unit_test(bad_data_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
