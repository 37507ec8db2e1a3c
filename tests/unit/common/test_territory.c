/* test_territory.c - codes are texts, and every département lies in a région that exists. */
#include "pia_test.h"

#include "pia/territory.h"

static void a_departement_lies_in_its_region(void **state)
{
    (void)state;
    assert_string_equal(pia_territory_region_of("01"), "84");
    assert_string_equal(pia_territory_region_of("2A"), "94");
    assert_string_equal(pia_territory_region_of("75"), "11");
    assert_string_equal(pia_territory_region_of("974"), "04");
}

static void an_unknown_departement_has_no_region(void **state)
{
    (void)state;
    assert_null(pia_territory_region_of(""));
    assert_null(pia_territory_region_of("1"));
    assert_null(pia_territory_region_of("20"));
    assert_null(pia_territory_region_of("code"));
}

static void a_region_is_not_a_departement(void **state)
{
    (void)state;
    assert_true(pia_territory_has_region("75"));
    assert_true(pia_territory_has_region("84"));
    assert_false(pia_territory_has_region("77"));
    assert_false(pia_territory_has_region(""));
}

static void every_departements_region_exists(void **state)
{
    (void)state;
    static const char digits[] = "0123456789AB";
    int found = 0;
    for (size_t i = 0; i < 10 * (sizeof digits - 1); i++) {
        const char code[] = {digits[i / (sizeof digits - 1)], digits[i % (sizeof digits - 1)],
                             '\0'};
        const char *region = pia_territory_region_of(code);
        found += region != NULL;
        assert_true(!region || pia_territory_has_region(region));
    }
    assert_int_equal(found, 96); /* of metropolitan France */
}

static void a_communes_code_begins_with_its_departement(void **state)
{
    (void)state;
    char departement[4];
    pia_territory_departement_of("97411", departement);
    assert_string_equal(departement, "974");
    pia_territory_departement_of("2A004", departement);
    assert_string_equal(departement, "2A");
    pia_territory_departement_of("75056", departement);
    assert_string_equal(departement, "75");
    pia_territory_departement_of("98818", departement);
    assert_string_equal(departement, "988");
    pia_territory_departement_of("9", departement);
    assert_string_equal(departement, "9");
    pia_territory_departement_of("", departement);
    assert_string_equal(departement, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_departement_lies_in_its_region),
        cmocka_unit_test(an_unknown_departement_has_no_region),
        cmocka_unit_test(a_region_is_not_a_departement),
        cmocka_unit_test(every_departements_region_exists),
        cmocka_unit_test(a_communes_code_begins_with_its_departement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
