/* test_group_state.c - what a group has settled, to bytes and back; and what orders an event. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "group_state.h"
#include "pia/memory.h"

static void holes_come_back(void **state)
{
    (void)state;
    static const uint64_t holes[] = {11, 12, 139, 268, 16652, 2000000, UINT64_C(1) << 50};
    buffer_t bytes = {0};
    group_place_t place = {.low = {.epoch = 1, .sequence = 10}, .upto = UINT64_C(1) << 51};
    place.hole_count = sizeof holes / sizeof *holes;
    place.holes = pia_alloc(sizeof holes);
    memcpy(place.holes, holes, sizeof holes);
    group_holes_write(&place, &bytes);
    group_place_t read = {.low = place.low, .upto = place.upto};
    assert_true(group_holes_read(bytes.bytes, bytes.size, &read));
    assert_int_equal(read.hole_count, place.hole_count);
    assert_memory_equal(read.holes, holes, sizeof holes);
    group_place_clear(&place);
    group_place_clear(&read);
    buffer_free(&bytes);
}

static void no_holes_are_no_bytes(void **state)
{
    (void)state;
    buffer_t bytes = {0};
    group_place_t place = {.upto = 5};
    group_holes_write(&place, &bytes);
    assert_int_equal(bytes.size, 0);
    assert_true(group_holes_read("", 0, &place));
    assert_int_equal(place.hole_count, 0);
}

static bool is_read(const char *bytes, size_t size, uint64_t upto)
{
    group_place_t place = {.low = {.sequence = 10}, .upto = upto};
    bool good = group_holes_read(bytes, size, &place);
    group_place_clear(&place);
    return good;
}

static void damaged_holes_are_seen(void **state)
{
    (void)state;
    assert_true(is_read("\x01\x02", 2, 13));
    assert_false(is_read("\x01\x02", 2, 12)); /* beyond the end */
    assert_false(is_read("\x01\x00", 2, 13)); /* the same twice */
    assert_false(is_read("\x81", 1, 1000));   /* cut */
    assert_false(is_read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, UINT64_MAX));
}

static void the_key_is_the_partition_key_or_the_source(void **state)
{
    (void)state;
    char key[GROUP_KEY_MAX + 1];
    group_key_of("k", "/poles/a", key);
    assert_string_equal(key, "k");
    group_key_of("", "/poles/a", key);
    assert_string_equal(key, "/poles/a");
    group_key_of(NULL, "/poles/a", key);
    assert_string_equal(key, "/poles/a");
}

static void a_long_key_is_named_by_its_hash(void **state)
{
    (void)state;
    char key[GROUP_KEY_MAX + 1];
    char other[GROUP_KEY_MAX + 1];
    char text[400];
    memset(text, 'k', sizeof text);
    text[GROUP_KEY_MAX] = '\0';
    group_key_of(text, "", key);
    assert_string_equal(key, text);
    text[GROUP_KEY_MAX] = 'k';
    text[300] = '\0';
    group_key_of(text, "", key);
    assert_int_equal(strlen(key), strlen("blake2b:") + 64);
    assert_memory_equal(key, "blake2b:", 8);
    group_key_of("a\nb", "", other);
    assert_memory_equal(other, "blake2b:", 8);
    text[299] = 'x';
    group_key_of(text, "", other);
    assert_string_not_equal(key, other);
}

static void states_have_names(void **state)
{
    (void)state;
    group_key_state_t found = GROUP_KEY_FAILING;
    assert_true(group_key_state_parse("parked", &found));
    assert_int_equal(found, GROUP_KEY_PARKED);
    assert_string_equal(group_key_state_text(GROUP_KEY_ASIDE), "aside");
    assert_false(group_key_state_parse("lost", &found));
    assert_false(group_key_state_parse(NULL, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_come_back),
        cmocka_unit_test(no_holes_are_no_bytes),
        cmocka_unit_test(damaged_holes_are_seen),
        cmocka_unit_test(the_key_is_the_partition_key_or_the_source),
        cmocka_unit_test(a_long_key_is_named_by_its_hash),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
