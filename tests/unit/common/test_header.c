/* test_header.c - the 32 bytes on the wire do not move. */
#include "pia_test.h"

#include <string.h>

#include "pia/header.h"

static const uint8_t golden[PIA_HEADER_SIZE] = {
    'P', 'I', 'A', '1', 1,  0x81, 0x01, 0x02, 0,    1,    2,    3,    4,    5,    6,    7,
    8,   9,   10,  11,  12, 13,   14,   15,   0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

static pia_header_t sample(void)
{
    pia_header_t header = {.flags = PIA_FLAG_ANSWER | PIA_FLAG_REDELIVER,
                           .number = 0x0102,
                           .value = UINT64_C(0x1122334455667788)};
    for (size_t i = 0; i < sizeof header.id; i++) {
        header.id[i] = (uint8_t)i;
    }
    return header;
}

static void the_bytes_are_the_golden_ones(void **state)
{
    (void)state;
    pia_header_t header = sample();
    uint8_t bytes[PIA_HEADER_SIZE];
    pia_header_write(&header, bytes);
    assert_memory_equal(bytes, golden, sizeof golden);
}

static void the_golden_bytes_are_read(void **state)
{
    (void)state;
    pia_header_t header, expected = sample();
    assert_true(pia_header_read(golden, sizeof golden, &header));
    assert_int_equal(header.flags, expected.flags);
    assert_int_equal(header.number, expected.number);
    assert_true(header.value == expected.value);
    assert_memory_equal(header.id, expected.id, sizeof header.id);
}

static void another_size_magic_or_version_is_plain_mdp(void **state)
{
    (void)state;
    pia_header_t header;
    uint8_t bytes[PIA_HEADER_SIZE + 1] = {0};
    memcpy(bytes, golden, sizeof golden);
    assert_false(pia_header_read(bytes, PIA_HEADER_SIZE - 1, &header));
    assert_false(pia_header_read(bytes, PIA_HEADER_SIZE + 1, &header));
    assert_false(pia_header_read(bytes, 0, &header));
    bytes[4] = 2;
    assert_false(pia_header_read(bytes, PIA_HEADER_SIZE, &header));
    bytes[4] = 1;
    bytes[3] = '2';
    assert_false(pia_header_read(bytes, PIA_HEADER_SIZE, &header));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_are_the_golden_ones),
        cmocka_unit_test(the_golden_bytes_are_read),
        cmocka_unit_test(another_size_magic_or_version_is_plain_mdp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
