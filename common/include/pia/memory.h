/* memory.h - allocation that does not fail: inputs are bounded and a supervisor restarts, so a
 * process that is out of memory says so on stderr and aborts. What they return, free() releases. */
#ifndef PIA_MEMORY_H
#define PIA_MEMORY_H

#include <stddef.h>

/* `size` zeroed bytes; never NULL, also for 0. */
void *pia_alloc(size_t size);

/* As realloc; new bytes are not zeroed. */
void *pia_realloc(void *block, size_t size);

/* Copies; NULL gives NULL. */
char *pia_strdup(const char *text);

/* A copy of at most `size` bytes of `text`, NUL-terminated. */
char *pia_strndup(const char *text, size_t size);

/* For a process that makes and frees blocks of hundreds of KiB thousands of times a second: they
 * come from the heap and stay there, instead of being mapped, cleared page by page and unmapped
 * each time. Measured in the diffusion under load: 7 % of its time. Call it before the first
 * thread. */
void pia_memory_keep(void);

#endif
