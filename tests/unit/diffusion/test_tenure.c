/* test_tenure.c - how long what was proved by a token holds. */
#include "pia_test.h"

#include <string.h>

#include "pia/clock.h"
#include "tenure.h"

static pia_principal_t pole_of(int64_t left_ms)
{
    return (pia_principal_t){.subject = "/persons/1",
                             .person = "1",
                             .structure = "s",
                             .pole = "p",
                             .roles = PIA_ROLE_POLE,
                             .expires_at = pia_clock_wall() + left_ms};
}

static void it_ends_with_its_token(void **state)
{
    (void)state;
    const pia_principal_t anonymous = {.subject = ""};
    const pia_principal_t pole = pole_of(5000);
    int64_t end_ms = tenure_end(&pole) - pia_clock_monotonic();
    assert_true(end_ms > 0 && end_ms <= 5000);
    assert_true(tenure_end(&anonymous) == INT64_MAX);
}

static void another_token_of_the_same_rights_goes_on(void **state)
{
    (void)state;
    const pia_principal_t pole = pole_of(10);
    tenure_t tenure = {.principal = pole_of(60000)};
    int64_t end_ms = 0;
    assert_true(tenure_renew(&tenure, &pole, &end_ms));
    assert_true(end_ms > pia_clock_monotonic() + 50000);
}

static void is_refused(tenure_t tenure)
{
    const pia_principal_t pole = pole_of(10);
    int64_t end_ms = 7;
    assert_false(tenure_renew(&tenure, &pole, &end_ms));
    assert_int_equal(tenure.problem.status, PIA_UNAUTHENTICATED);
    assert_int_equal(end_ms, 7);
}

static void other_rights_do_not(void **state)
{
    (void)state;
    tenure_t tenure = {.principal = pole_of(60000)};
    tenure.problem.status = PIA_UNAUTHENTICATED; /* it is not valid */
    is_refused(tenure);
    tenure = (tenure_t){.principal = {.subject = ""}};
    is_refused(tenure);
    for (int i = 0; i < 5; i++) {
        tenure = (tenure_t){.principal = pole_of(60000)};
        pia_principal_t *other = &tenure.principal;
        char *const texts[] = {other->subject, other->person, other->structure, other->pole};
        if (i < 4)
            texts[i][0] = 'x';
        else
            other->roles |= PIA_ROLE_REVIEWER;
        is_refused(tenure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_with_its_token),
        cmocka_unit_test(another_token_of_the_same_rights_goes_on),
        cmocka_unit_test(other_rights_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
