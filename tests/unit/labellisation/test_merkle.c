/* test_merkle.c - the tree against RFC 9162's own recursive definitions, written out here, and its
 * published vectors. */
#include "pia_test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "merkle.h"

enum { LEAVES = 70 };

static merkle_hash_t leaves[LEAVES];
static merkle_t tree;
static merkle_hash_t nodes[LEAVES][MERKLE_LEVELS];
static size_t fetches;

static int setup(void **state)
{
    (void)state;
    tree.size = 0;
    for (size_t i = 0; i < LEAVES; i++) {
        char text[16];
        int size = snprintf(text, sizeof text, "leaf %zu", i);
        merkle_leaf(text, (size_t)size, leaves[i]);
        (void)merkle_append(&tree, leaves[i], nodes[i]);
    }
    return 0;
}

/* As the log keeps them: with the leaf that completes them. */
static pia_status_t fetch(void *arg, unsigned level, uint64_t index, merkle_hash_t ret_hash)
{
    (void)arg;
    uint64_t position = ((index + 1) << level) - 1;
    assert_true(position < LEAVES);
    fetches++;
    memcpy(ret_hash, level == 0 ? leaves[position] : nodes[position][level - 1],
           sizeof(merkle_hash_t));
    return PIA_OK;
}

static const merkle_source_t source = {.fetch = fetch};

static size_t split_of(size_t size)
{
    size_t split = 1;
    while (split * 2 < size)
        split *= 2;
    return split;
}

/* MTH(D[start:start + size]) */
static void naive_root(size_t start, size_t size, merkle_hash_t ret_root)
{
    if (size == 1) {
        memcpy(ret_root, leaves[start], sizeof(merkle_hash_t));
        return;
    }
    merkle_hash_t left, right;
    size_t split = split_of(size);
    naive_root(start, split, left);
    naive_root(start + split, size - split, right);
    merkle_node(left, right, ret_root);
}

static void add(merkle_path_t *path, size_t start, size_t size)
{
    naive_root(start, size, path->hashes[path->count++]);
}

/* PATH(m, D[start:start + size]) */
static void naive_path(size_t m, size_t start, size_t size, merkle_path_t *path)
{
    size_t split = split_of(size);
    if (size == 1)
        return;
    if (m < split) {
        naive_path(m, start, split, path);
        add(path, start + split, size - split);
    } else {
        naive_path(m - split, start + split, size - split, path);
        add(path, start, split);
    }
}

/* SUBPROOF(m, D[start:start + size], whole) */
static void naive_proof(size_t m, size_t start, size_t size, bool whole, merkle_path_t *path)
{
    size_t split = split_of(size);
    if (m == size) {
        if (!whole)
            add(path, start, size);
    } else if (m <= split) {
        naive_proof(m, start, split, whole, path);
        add(path, start + split, size - split);
    } else {
        naive_proof(m - split, start + split, size - split, false, path);
        add(path, start, split);
    }
}

static void assert_same(const merkle_path_t *path, const merkle_path_t *expected)
{
    assert_int_equal(path->count, expected->count);
    assert_memory_equal(path->hashes, expected->hashes, path->count * sizeof(merkle_hash_t));
}

static void a_root_is_that_of_the_definition_at_every_size(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        merkle_t loaded;
        merkle_hash_t root, expected;
        assert_int_equal(merkle_load(&source, size, &loaded), PIA_OK);
        merkle_root(&loaded, root);
        naive_root(0, size, expected);
        assert_memory_equal(root, expected, sizeof root);
    }
}

static void a_leaf_is_proved_in_every_tree_that_has_it(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++) {
        merkle_hash_t root;
        naive_root(0, size, root);
        for (size_t index = 0; index < size; index++) {
            merkle_path_t path, expected = {0};
            fetches = 0;
            assert_int_equal(merkle_inclusion(&source, index, size, &path), PIA_OK);
            assert_true(fetches <= 14); /* 2 * log2(70), rounded up */
            naive_path(index, 0, size, &expected);
            assert_same(&path, &expected);
            assert_true(merkle_includes(root, size, leaves[index], index, &path));
        }
    }
}

static void a_proof_holds_for_nothing_else(void **state)
{
    (void)state;
    for (size_t size = 2; size <= LEAVES; size++) {
        merkle_hash_t root;
        merkle_path_t path;
        naive_root(0, size, root);
        size_t index = size * 7 % size;
        assert_int_equal(merkle_inclusion(&source, index, size, &path), PIA_OK);
        for (size_t other = 0; other < size; other++)
            if (other != index)
                assert_false(merkle_includes(root, size, leaves[index], other, &path));
        assert_false(merkle_includes(root, size, leaves[index], size, &path));
        assert_false(merkle_includes(root, size, root, index, &path));
        path.hashes[path.count - 1][31] ^= 1;
        assert_false(merkle_includes(root, size, leaves[index], index, &path));
        path.hashes[path.count - 1][31] ^= 1;
        path.count--;
        assert_false(merkle_includes(root, size, leaves[index], index, &path));
    }
}

static void two_sizes_are_proved_to_be_one_log(void **state)
{
    (void)state;
    for (size_t size = 1; size <= LEAVES; size++)
        for (size_t first = 1; first <= size; first++) {
            merkle_path_t path, expected = {0};
            assert_int_equal(merkle_consistency(&source, first, size, &path), PIA_OK);
            naive_proof(first, 0, size, true, &expected);
            assert_same(&path, &expected);
        }
}

/* The vectors of the reference implementation of Certificate Transparency. */
static void the_published_vectors_hold(void **state)
{
    (void)state;
    static const char *const inputs[] = {"",
                                         "00",
                                         "10",
                                         "2021",
                                         "3031",
                                         "40414243",
                                         "5051525354555657",
                                         "606162636465666768696a6b6c6d6e6f"};
    merkle_t vectors = {0};
    merkle_hash_t root, leaf, completed[MERKLE_LEVELS];
    char hex[2 * MERKLE_HASH_SIZE + 1];
    merkle_root(&vectors, root);
    sodium_bin2hex(hex, sizeof hex, root, sizeof root);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        unsigned char bytes[16];
        size_t size = 0;
        const char *input = inputs[i];
        assert_int_equal(
            sodium_hex2bin(bytes, sizeof bytes, input, strlen(input), NULL, &size, NULL), 0);
        merkle_leaf(bytes, size, leaf);
        (void)merkle_append(&vectors, leaf, completed);
        merkle_root(&vectors, root);
        sodium_bin2hex(hex, sizeof hex, root, sizeof root);
        if (i == 0)
            assert_string_equal(hex,
                                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }
    assert_string_equal(hex, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_is_that_of_the_definition_at_every_size),
        cmocka_unit_test(a_leaf_is_proved_in_every_tree_that_has_it),
        cmocka_unit_test(a_proof_holds_for_nothing_else),
        cmocka_unit_test(two_sizes_are_proved_to_be_one_log),
        cmocka_unit_test(the_published_vectors_hold),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
