/* group_state.c - what a group has settled, as it is stored. */
#include "group_state.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

static const char *const state_names[] = {
    [GROUP_KEY_FAILING] = "failing",
    [GROUP_KEY_ASIDE] = "aside",
    [GROUP_KEY_PARKED] = "parked",
};

const char *group_key_state_text(group_key_state_t state)
{
    return state_names[state];
}

bool group_key_state_parse(const char *text, group_key_state_t *ret_state)
{
    for (size_t i = 0; text && i < sizeof state_names / sizeof *state_names; i++) {
        if (strcmp(text, state_names[i]) != 0)
            continue;
        *ret_state = (group_key_state_t)i;
        return true;
    }
    return false;
}

void group_place_clear(group_place_t *place)
{
    free(place->holes);
    place->holes = NULL;
    place->hole_count = 0;
}

void group_holes_write(const group_place_t *place, buffer_t *buffer)
{
    uint64_t before = place->low.sequence;
    for (size_t i = 0; i < place->hole_count; i++) {
        uint64_t distance = place->holes[i] - before;
        for (; distance > 0x7f; distance >>= 7)
            buffer_add_u8(buffer, (uint8_t)(distance | 0x80));
        buffer_add_u8(buffer, (uint8_t)distance);
        before = place->holes[i];
    }
}

static bool read_distance(const uint8_t **at, const uint8_t *end, uint64_t *ret_distance)
{
    uint64_t distance = 0;
    for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
        uint8_t byte = *(*at)++;
        distance |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *ret_distance = distance;
        return distance > 0;
    }
    return false;
}

bool group_holes_read(const void *bytes, size_t size, group_place_t *place)
{
    const uint8_t *at = bytes;
    const uint8_t *end = at + size;
    uint64_t sequence = place->low.sequence;
    if (size > GROUP_HOLES_MAX)
        return false;
    group_place_clear(place);
    place->holes =
        size ? pia_alloc(size * sizeof *place->holes) : NULL; /* one byte at least each */
    while (at < end) {
        uint64_t distance = 0;
        if (!read_distance(&at, end, &distance) || sequence > place->upto ||
            distance > place->upto - sequence) {
            group_place_clear(place);
            return false;
        }
        sequence += distance;
        place->holes[place->hole_count++] = sequence;
    }
    return true;
}

/* Short enough to be kept, and without control characters: people name keys to retry them. */
static bool is_name(const char *text, size_t size)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    }
    return size <= GROUP_KEY_MAX;
}

void group_key_of(const char *partition_key, const char *source, char ret_key[GROUP_KEY_MAX + 1])
{
    const char *text = partition_key && *partition_key ? partition_key : source;
    size_t size = strlen(text);
    if (is_name(text, size)) {
        memcpy(ret_key, text, size + 1);
        return;
    }
    uint8_t hash[CHAIN_SIZE];
    char digits[2 * CHAIN_SIZE + 1];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text, size, NULL, 0);
    sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
    (void)snprintf(ret_key, GROUP_KEY_MAX + 1, "blake2b:%s", digits);
}
