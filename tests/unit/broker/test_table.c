/* The hash table, against what it must hold. */
#include "bench.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 5000 };

typedef struct {
    table_node_t node;
    uint32_t key;
} entry_t;

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    (void)state;
    table_t table;
    table_init(&table);
    entry_t *entries = calloc(ENTRIES, sizeof *entries);
    assert_non_null(entries);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        entries[i].key = i;
        assert_null(table_find(&table, &i, sizeof i));
        table_add(&table, &entries[i].node, &entries[i].key, sizeof i);
    }
    for (uint32_t i = 0; i < ENTRIES; i += 2)
        table_remove(&table, &entries[i].node);
    assert_int_equal(table.count, ENTRIES / 2);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        table_node_t *node = table_find(&table, &i, sizeof i);
        assert_ptr_equal(node ? TABLE_OWNER(node, entry_t, node) : NULL,
                         i % 2 ? &entries[i] : NULL);
    }
    free(entries);
    table_free(&table);
}

static void keys_differ_by_size_too(void **state)
{
    (void)state;
    table_t table;
    table_init(&table);
    entry_t one, two;
    table_add(&table, &one.node, "a\0", 2);
    table_add(&table, &two.node, "a", 1);
    assert_ptr_equal(table_find(&table, "a", 1), &two.node);
    assert_ptr_equal(table_find(&table, "a\0", 2), &one.node);
    assert_null(table_find(&table, "", 0));
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(keys_differ_by_size_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
