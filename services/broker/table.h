/* table.h - a hash table from bytes to what embeds a node; it allocates nothing per entry. */
#ifndef BROKER_TABLE_H
#define BROKER_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Embed this. The key's bytes belong to the embedding struct and outlive the entry. */
typedef struct table_node {
    struct table_node *next; /* in its bucket */
    const void *key;
    size_t key_size;
    uint64_t hash;
} table_node_t;

typedef struct {
    table_node_t **buckets;
    size_t bucket_count; /* a power of two */
    size_t count;
    uint64_t seed; /* random: peers choose the keys */
} table_t;

void table_init(table_t *table);

/* Frees the buckets, not the entries. */
void table_free(table_t *table);

table_node_t *table_find(const table_t *table, const void *key, size_t key_size);

/* `node->key` must not be in the table yet. */
void table_add(table_t *table, table_node_t *node, const void *key, size_t key_size);
void table_remove(table_t *table, table_node_t *node);

/* The struct that embeds `node` as `member`. */
#define TABLE_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
