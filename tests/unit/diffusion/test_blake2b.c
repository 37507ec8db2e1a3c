/* test_blake2b.c - several messages at once have the hashes that libsodium gives them one by one.
 */
#include "pia_test.h"

#include <sodium.h>
#include <string.h>

#include "blake2b.h"

enum { COUNT = 2 * BLAKE2B_LANES + 1, SIZE_MAX_TRIED = 600 };

static void check(const size_t *sizes, size_t count, size_t hash_size)
{
    static uint8_t bytes[COUNT][SIZE_MAX_TRIED];
    uint8_t hashes[COUNT][BLAKE2B_SIZE_MAX + 1];
    uint8_t wanted[BLAKE2B_SIZE_MAX];
    blake2b_message_t messages[COUNT];
    for (size_t i = 0; i < count; i++) {
        randombytes_buf(bytes[i], sizes[i]);
        memset(hashes[i], 0xA5, sizeof hashes[i]);
        messages[i] = (blake2b_message_t){
            .bytes = sizes[i] ? bytes[i] : NULL, .size = sizes[i], .hash = hashes[i]};
    }
    blake2b_hash(messages, count, hash_size);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(crypto_generichash(wanted, hash_size, bytes[i], sizes[i], NULL, 0), 0);
        assert_memory_equal(hashes[i], wanted, hash_size);
        assert_int_equal(hashes[i][hash_size], 0xA5);
    }
}

static void every_size_has_its_hash(void **state)
{
    (void)state;
    for (size_t size = 0; size < SIZE_MAX_TRIED; size++)
        check(&size, 1, 32);
}

static void sizes_may_differ_side_by_side(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        size_t sizes[COUNT];
        for (size_t j = 0; j < COUNT; j++)
            sizes[j] = randombytes_uniform(SIZE_MAX_TRIED);
        check(sizes, randombytes_uniform(COUNT + 1), 32);
    }
}

static void a_hash_may_be_shorter_or_longer(void **state)
{
    (void)state;
    const size_t sizes[3] = {0, 128, 257};
    for (size_t hash_size = crypto_generichash_BYTES_MIN; hash_size <= BLAKE2B_SIZE_MAX;
         hash_size++)
        check(sizes, 3, hash_size);
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_has_its_hash),
        cmocka_unit_test(sizes_may_differ_side_by_side),
        cmocka_unit_test(a_hash_may_be_shorter_or_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
