/* pool.c - powers of two, cut from large pieces and never given back. One thread. */
#include "pool.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SMALLEST = 5, /* 32 bytes, of which 16 are the head */
    LARGEST = 22,
    HEAD = 16,
    PIECE = 4 << 20,
};

typedef union head {
    union head *next; /* while it is free */
    int class;        /* while it is used */
    unsigned char size[HEAD];
} head_t;

static struct {
    head_t *free[LARGEST + 1];
    unsigned char *piece;
    size_t left;
} pool;

static int class_of(int size)
{
    int class = SMALLEST;
    while (class <= LARGEST && (1 << class) < size + HEAD)
        class ++;
    return class;
}

static head_t *cut(int class)
{
    size_t size = (size_t)1 << class;
    if (pool.left < size) {
        size_t wanted = size > PIECE ? size : PIECE;
        pool.piece = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pool.piece == MAP_FAILED)
            abort();
        pool.left = wanted;
    }
    head_t *head = (head_t *)(void *)pool.piece;
    pool.piece += size;
    pool.left -= size;
    return head;
}

static void *take(int size)
{
    int class = class_of(size);
    if (class > LARGEST)
        return NULL;
    head_t *head = pool.free[class];
    if (head)
        pool.free[class] = head->next;
    else
        head = cut(class);
    head->class = class;
    return head + 1;
}

static void give(void *memory)
{
    if (!memory)
        return;
    head_t *head = (head_t *)memory - 1;
    int class = head->class;
    head->next = pool.free[class];
    pool.free[class] = head;
}

static int size_of(void *memory)
{
    return memory ? (1 << ((head_t *)memory - 1)->class) - HEAD : 0;
}

static int round_up(int size)
{
    return (1 << class_of(size)) - HEAD;
}

static void *resize(void *memory, int size)
{
    int before = size_of(memory);
    if (size <= before)
        return memory;
    void *more = take(size);
    if (more)
        memcpy(more, memory, (size_t)before);
    if (more)
        give(memory);
    return more;
}

static int start(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void end(void *arg)
{
    (void)arg;
}

void pool_init(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = take,
        .xFree = give,
        .xRealloc = resize,
        .xSize = size_of,
        .xRoundup = round_up,
        .xInit = start,
        .xShutdown = end,
    };
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK)
        abort();
}
