/* table.c - chained buckets, doubled when they are full on average. */
#include "table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pia/memory.h"

enum { BUCKETS_MIN = 64 };

/* FNV-1a from a random start: collisions cannot be prepared without knowing it. */
static uint64_t hash_bytes(uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t hash = seed;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 1099511628211ULL;
    return hash ^ (hash >> 29);
}

void table_init(table_t *table)
{
    *table = (table_t){.bucket_count = BUCKETS_MIN, .seed = 14695981039346656037ULL};
    if (getrandom(&table->seed, sizeof table->seed, 0) != (ssize_t)sizeof table->seed)
        table->seed = 14695981039346656037ULL;
    table->buckets = pia_alloc(BUCKETS_MIN * sizeof(table_node_t *));
}

void table_free(table_t *table)
{
    free(table->buckets);
    *table = (table_t){.buckets = NULL};
}

static table_node_t **bucket_of(const table_t *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

table_node_t *table_find(const table_t *table, const void *key, size_t key_size)
{
    uint64_t hash = hash_bytes(table->seed, key, key_size);
    table_node_t *node = *bucket_of(table, hash);
    while (node && (node->hash != hash || node->key_size != key_size ||
                    memcmp(node->key, key, key_size) != 0))
        node = node->next;
    return node;
}

static void grow(table_t *table)
{
    table_node_t **old = table->buckets;
    size_t old_count = table->bucket_count;
    table->bucket_count *= 2;
    table->buckets = pia_alloc(table->bucket_count * sizeof(table_node_t *));
    for (size_t i = 0; i < old_count; i++) {
        for (table_node_t *node = old[i], *next = NULL; node; node = next) {
            next = node->next;
            table_node_t **bucket = bucket_of(table, node->hash);
            node->next = *bucket;
            *bucket = node;
        }
    }
    free(old);
}

void table_add(table_t *table, table_node_t *node, const void *key, size_t key_size)
{
    if (table->count == table->bucket_count)
        grow(table);
    node->key = key;
    node->key_size = key_size;
    node->hash = hash_bytes(table->seed, key, key_size);
    table_node_t **bucket = bucket_of(table, node->hash);
    node->next = *bucket;
    *bucket = node;
    table->count++;
}

void table_remove(table_t *table, table_node_t *node)
{
    table_node_t **link = bucket_of(table, node->hash);
    while (*link && *link != node)
        link = &(*link)->next;
    assert(*link == node);
    *link = node->next;
    node->next = NULL;
    table->count--;
}
