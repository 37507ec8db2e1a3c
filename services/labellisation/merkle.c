/* merkle.c - the tree of RFC 9162. */
#include "merkle.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

size_t merkle_peak_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

static void
hash_of(uint8_t kind, const void *bytes, size_t size, const void *more, merkle_hash_t ret_hash)
{
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, &kind, 1);
    (void)crypto_hash_sha256_update(&state, bytes, size);
    if (more)
        (void)crypto_hash_sha256_update(&state, more, MERKLE_HASH_SIZE);
    (void)crypto_hash_sha256_final(&state, ret_hash);
}

void merkle_leaf(const void *bytes, size_t size, merkle_hash_t ret_hash)
{
    hash_of(0, bytes, size, NULL, ret_hash);
}

void merkle_node(const merkle_hash_t left, const merkle_hash_t right, merkle_hash_t ret_hash)
{
    hash_of(1, left, MERKLE_HASH_SIZE, right, ret_hash);
}

void merkle_root(const merkle_t *tree, merkle_hash_t ret_root)
{
    size_t count = merkle_peak_count(tree->size);
    if (count == 0) {
        (void)crypto_hash_sha256(ret_root, (const unsigned char *)"", 0);
        return;
    }
    memcpy(ret_root, tree->peaks[count - 1], MERKLE_HASH_SIZE);
    for (size_t i = count - 1; i > 0; i--)
        merkle_node(tree->peaks[i - 1], ret_root, ret_root);
}

size_t
merkle_append(merkle_t *tree, const merkle_hash_t leaf, merkle_hash_t ret_nodes[MERKLE_LEVELS])
{
    size_t peaks = merkle_peak_count(tree->size), completed = 0;
    merkle_hash_t hash;
    assert(tree->size < ((uint64_t)1 << MERKLE_LEVELS) - 1);
    memcpy(hash, leaf, sizeof hash);
    for (uint64_t size = tree->size; (size & 1) != 0; size >>= 1) {
        merkle_node(tree->peaks[--peaks], hash, hash);
        memcpy(ret_nodes[completed++], hash, sizeof hash);
    }
    memcpy(tree->peaks[peaks], hash, sizeof hash);
    tree->size++;
    return completed;
}

/* The complete subtrees of `size` leaves from leaf `start` on, a multiple of the largest. */
static pia_status_t
load_range(const merkle_source_t *source, uint64_t start, uint64_t size, merkle_t *ret_tree)
{
    size_t count = 0;
    pia_status_t status = PIA_OK;
    ret_tree->size = size;
    for (unsigned level = MERKLE_LEVELS; status == PIA_OK && level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        status = source->fetch(source->arg, level, start >> level, ret_tree->peaks[count++]);
        start += (uint64_t)1 << level;
    }
    return status;
}

pia_status_t merkle_load(const merkle_source_t *source, uint64_t size, merkle_t *ret_tree)
{
    return load_range(source, 0, size, ret_tree);
}

/* The hash of `size` leaves from `start` on, appended to the path. */
static pia_status_t
add_range(const merkle_source_t *source, uint64_t start, uint64_t size, merkle_path_t *path)
{
    merkle_t tree;
    pia_status_t status = load_range(source, start, size, &tree);
    assert(path->count < MERKLE_PATH_MAX);
    if (status == PIA_OK)
        merkle_root(&tree, path->hashes[path->count++]);
    return status;
}

/* The largest power of two below `size` (at least 2). */
static uint64_t split_of(uint64_t size)
{
    return (uint64_t)1 << (63 - __builtin_clzll(size - 1));
}

static void reverse(merkle_path_t *path)
{
    for (size_t i = 0; i < path->count / 2; i++) {
        merkle_hash_t hash;
        uint8_t *other = path->hashes[path->count - 1 - i];
        memcpy(hash, path->hashes[i], sizeof hash);
        memcpy(path->hashes[i], other, sizeof hash);
        memcpy(other, hash, sizeof hash);
    }
}

pia_status_t merkle_inclusion(const merkle_source_t *source,
                              uint64_t index,
                              uint64_t size,
                              merkle_path_t *ret_path)
{
    uint64_t start = 0;
    pia_status_t status = PIA_OK;
    assert(index < size);
    ret_path->count = 0;
    while (status == PIA_OK && size > 1) {
        uint64_t split = split_of(size);
        if (index - start < split) {
            status = add_range(source, start + split, size - split, ret_path);
            size = split;
        } else {
            status = add_range(source, start, split, ret_path);
            start += split;
            size -= split;
        }
    }
    reverse(ret_path);
    return status;
}

pia_status_t merkle_consistency(const merkle_source_t *source,
                                uint64_t first,
                                uint64_t size,
                                merkle_path_t *ret_path)
{
    uint64_t start = 0;
    pia_status_t status = PIA_OK;
    assert(first >= 1 && first <= size);
    ret_path->count = 0;
    while (status == PIA_OK && first < size) {
        uint64_t split = split_of(size);
        if (first <= split) {
            status = add_range(source, start + split, size - split, ret_path);
            size = split;
        } else {
            status = add_range(source, start, split, ret_path);
            start += split;
            size -= split;
            first -= split;
        }
    }
    if (status == PIA_OK && start > 0) /* else the reader knows it: the first tree's root */
        status = add_range(source, start, size, ret_path);
    reverse(ret_path);
    return status;
}

bool merkle_includes(const merkle_hash_t root,
                     uint64_t size,
                     const merkle_hash_t leaf,
                     uint64_t index,
                     const merkle_path_t *path)
{
    merkle_hash_t hash;
    uint64_t last = size - 1;
    if (index >= size)
        return false;
    memcpy(hash, leaf, sizeof hash);
    for (size_t i = 0; i < path->count; i++) {
        if (last == 0)
            return false;
        if ((index & 1) != 0 || index == last) {
            merkle_node(path->hashes[i], hash, hash);
            for (; (index & 1) == 0 && index != 0; index >>= 1)
                last >>= 1;
        } else {
            merkle_node(hash, path->hashes[i], hash);
        }
        index >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(hash, root, sizeof hash) == 0;
}
