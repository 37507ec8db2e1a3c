/* test_identity.c - identifiers follow from what they name, and do not move. */
#include "pia_test.h"

#include "identity.h"

static void the_same_parts_give_the_same_id_for_ever(void **state)
{
    (void)state;
    char notice[PIA_UUID_TEXT_SIZE], again[PIA_UUID_TEXT_SIZE], delivery[PIA_UUID_TEXT_SIZE];
    identity_of_notice("/services/labellisation", "0192f0c1-2345-7abc-8def-0123456789ab", notice);
    identity_of_notice("/services/labellisation", "0192f0c1-2345-7abc-8def-0123456789ab", again);
    assert_string_equal(notice, again);
    assert_string_equal(notice, "50649a51-d2c3-8fca-8845-d02171894225");
    identity_of_delivery(notice, "contact:0192f0c1-2345-7abc-8def-0123456789ac", "email", delivery);
    assert_string_equal(delivery, "7d1fcded-ad88-82ff-bc17-4c20a481c695");
}

static void they_are_uuids_of_version_8(void **state)
{
    (void)state;
    char id[PIA_UUID_TEXT_SIZE];
    uint8_t uuid[PIA_UUID_SIZE];
    identity_of_notice("/poles/a", "1", id);
    assert_true(pia_uuid_parse(id, uuid));
    assert_int_equal(uuid[6] >> 4, 8);
    assert_int_equal(uuid[8] >> 6, 2);
}

static void where_parts_end_matters(void **state)
{
    (void)state;
    char one[PIA_UUID_TEXT_SIZE], other[PIA_UUID_TEXT_SIZE];
    identity_of_notice("/poles/a", "b1", one);
    identity_of_notice("/poles/ab", "1", other);
    assert_string_not_equal(one, other);
    identity_of_delivery(one, "person:x", "inbox", one);
    identity_of_delivery(other, "person:x", "email", other);
    assert_string_not_equal(one, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_parts_give_the_same_id_for_ever),
        cmocka_unit_test(they_are_uuids_of_version_8),
        cmocka_unit_test(where_parts_end_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
