/* memory.c - allocation that aborts instead of failing. */
#include "pia/memory.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_FROM = 32 << 20, KEPT = 256 << 20 };

static void *checked(void *block, size_t size)
{
    if (!block) {
        (void)fprintf(stderr, "out of memory: %zu bytes\n", size);
        abort();
    }
    return block;
}

void *pia_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1), size);
}

void *pia_realloc(void *block, size_t size)
{
    return checked(realloc(block, size ? size : 1), size);
}

char *pia_strdup(const char *text)
{
    return text ? checked(strdup(text), strlen(text) + 1) : NULL;
}

char *pia_strndup(const char *text, size_t size)
{
    return checked(strndup(text, size), size + 1);
}

void pia_memory_keep(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM); // NOLINT(concurrency-mt-unsafe): no threads yet
    (void)mallopt(M_TRIM_THRESHOLD, KEPT);        // NOLINT(concurrency-mt-unsafe): the same
}
