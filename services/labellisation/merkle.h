/* merkle.h - an append-only Merkle tree as in RFC 9162, SHA-256: a leaf's hash is over 0x00 and its
 * bytes, a node's over 0x01 and its two children. Pure, any thread. */
#ifndef MERKLE_H
#define MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

enum {
    MERKLE_HASH_SIZE = 32,
    MERKLE_LEVELS = 53,                  /* a tree of fewer than 2^53 leaves: exact in JSON */
    MERKLE_PATH_MAX = 2 * MERKLE_LEVELS, /* hashes in a proof */
};

typedef uint8_t merkle_hash_t[MERKLE_HASH_SIZE];

/* A tree as its complete subtrees, the largest first: one for each 1 in the binary `size`. */
typedef struct {
    uint64_t size; /* leaves */
    merkle_hash_t peaks[MERKLE_LEVELS];
} merkle_t;

size_t merkle_peak_count(uint64_t size);

void merkle_leaf(const void *bytes, size_t size, merkle_hash_t ret_hash);
void merkle_node(const merkle_hash_t left, const merkle_hash_t right, merkle_hash_t ret_hash);
void merkle_root(const merkle_t *tree, merkle_hash_t ret_root);

/* Adds a leaf (its hash). The subtrees that it completes are written to `ret_nodes`, that of 2
 * leaves first; returns how many they are. */
size_t
merkle_append(merkle_t *tree, const merkle_hash_t leaf, merkle_hash_t ret_nodes[MERKLE_LEVELS]);

/* Where a tree's hashes are kept: that of the complete subtree `index` of 2^level leaves. */
typedef pia_status_t
merkle_fetch_fn(void *arg, unsigned level, uint64_t index, merkle_hash_t ret_hash);
typedef struct {
    merkle_fetch_fn *fetch;
    void *arg;
} merkle_source_t;

typedef struct {
    size_t count;
    merkle_hash_t hashes[MERKLE_PATH_MAX];
} merkle_path_t;

/* The tree as it was with `size` leaves. */
pia_status_t merkle_load(const merkle_source_t *source, uint64_t size, merkle_t *ret_tree);

/* That leaf `index` is in the tree of `size` leaves (index < size): 2.1.3 of RFC 9162. At most
 * 2 * log2(size) fetches. */
pia_status_t merkle_inclusion(const merkle_source_t *source,
                              uint64_t index,
                              uint64_t size,
                              merkle_path_t *ret_path);

/* That the tree of `first` leaves is the beginning of that of `size` (1 <= first <= size): 2.1.4.
 */
pia_status_t merkle_consistency(const merkle_source_t *source,
                                uint64_t first,
                                uint64_t size,
                                merkle_path_t *ret_path);

/* Whether the path leads from the leaf to this root. */
bool merkle_includes(const merkle_hash_t root,
                     uint64_t size,
                     const merkle_hash_t leaf,
                     uint64_t index,
                     const merkle_path_t *path);

#endif
