/* group_state.h - what a group has settled, as it is stored: a place in the journal with the holes
 * above it, and a row for each key that goes its own way. */
#ifndef DIFFUSION_GROUP_STATE_H
#define DIFFUSION_GROUP_STATE_H

#include "buffer.h"
#include "cursor.h"

#include <stdbool.h>

enum {
    GROUP_KEY_MAX = 255,   /* bytes of a key; a longer one is named by its hash */
    GROUP_ERROR_MAX = 255, /* bytes of the reason why an event failed */
    GROUP_HOLES_MAX = 1000000,
};

/* Every event up to `low` is settled (acknowledged, removed, hidden by filter or rights), and in
 * (low, upto] every one but the holes. Events of detached keys do not count. */
typedef struct {
    cursor_t low;
    uint64_t upto;
    uint64_t *holes; /* ascending, in (low, upto]; owned; NULL if there are none */
    size_t hole_count;
} group_place_t;

typedef enum {
    GROUP_KEY_FAILING, /* goes with the others; one event of it has failed */
    GROUP_KEY_ASIDE,   /* goes its own way: behind, or about to be joined again */
    GROUP_KEY_PARKED,  /* waits for retry or skip */
} group_key_state_t;

typedef struct {
    char key[GROUP_KEY_MAX + 1];
    group_key_state_t state;
    uint64_t settled;  /* not FAILING: its events up to here are settled, no other is */
    uint64_t sequence; /* the event that fails; 0: none */
    uint32_t attempts; /* that failed */
    char error[GROUP_ERROR_MAX + 1];
    int64_t since_ms; /* wall clock: when it last failed or was set aside */
} group_key_row_t;

/* Holes as bytes: the distances from `low` on, seven bits a byte, the last byte's top bit clear. */
void group_holes_write(const group_place_t *place, buffer_t *buffer);

/* Reads them into place->holes (place->low and upto are set). False: the bytes are damaged. */
bool group_holes_read(const void *bytes, size_t size, group_place_t *place);

void group_place_clear(group_place_t *place);

/* "failing", "aside", "parked", and back; false if it is none of them. */
const char *group_key_state_text(group_key_state_t state);
bool group_key_state_parse(const char *text, group_key_state_t *ret_state);

/* The text that orders an event: its partition key, or else its source; one that is long or has
 * control characters becomes "blake2b:" and the hexadecimal BLAKE2b-256 of it. */
void group_key_of(const char *partition_key, const char *source, char ret_key[GROUP_KEY_MAX + 1]);

#endif
