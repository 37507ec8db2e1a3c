/* cursor.h - a place in the journal: after which event, and the proof that it is in this history.
 */
#ifndef DIFFUSION_CURSOR_H
#define DIFFUSION_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHAIN_SIZE = 32, CURSOR_TEXT_SIZE = 48 };

/* After event `sequence`; 0 is the beginning, whose chain is 0. */
typedef struct {
    uint32_t epoch;
    uint64_t sequence;
    uint32_t chain; /* first 4 bytes of the chain hash after that event */
} cursor_t;

/* "1.42.00c0ffee" */
void cursor_format(const cursor_t *cursor, char ret_text[CURSOR_TEXT_SIZE]);

/* Reads what format writes, exactly that (no signs, no leading zeros, lower case); false if it is
 * another text. `text` needs no NUL. */
bool cursor_parse(const char *text, size_t size, cursor_t *ret_cursor);

bool cursor_equal(const cursor_t *a, const cursor_t *b);

#endif
