/* uuid.c - version 7 UUIDs and their text. */
#include "pia/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { NS_PER_MS = 1000 * 1000, FRACTION_BITS = 12 };

void pia_uuid7(uint8_t ret_uuid[PIA_UUID_SIZE])
{
    /* up to 256 bytes come whole or not at all (getrandom(2)); it fails only where there is no
     * random source, and then nothing of ours may go on */
    if (getrandom(ret_uuid, PIA_UUID_SIZE, 0) != PIA_UUID_SIZE) {
        (void)fputs("no random source\n", stderr);
        abort();
    }
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / NS_PER_MS;
    uint64_t fraction = (((uint64_t)now.tv_nsec % NS_PER_MS) << FRACTION_BITS) / NS_PER_MS;
    for (int i = 0; i < 6; i++) {
        ret_uuid[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    ret_uuid[6] = (uint8_t)(0x70 | fraction >> 8);
    ret_uuid[7] = (uint8_t)fraction;
    ret_uuid[8] = (uint8_t)(0x80 | (ret_uuid[8] & 0x3F));
}

void pia_uuid7_text(char ret_text[PIA_UUID_TEXT_SIZE])
{
    uint8_t uuid[PIA_UUID_SIZE];
    pia_uuid7(uuid);
    pia_uuid_format(uuid, ret_text);
}

static int is_dash_before(int byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void pia_uuid_format(const uint8_t uuid[PIA_UUID_SIZE], char ret_text[PIA_UUID_TEXT_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *out = ret_text;
    for (int i = 0; i < PIA_UUID_SIZE; i++) {
        if (is_dash_before(i)) {
            *out++ = '-';
        }
        *out++ = hex[uuid[i] >> 4];
        *out++ = hex[uuid[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool pia_uuid_parse(const char *text, uint8_t ret_uuid[PIA_UUID_SIZE])
{
    uint8_t uuid[PIA_UUID_SIZE];
    for (int i = 0; i < PIA_UUID_SIZE; i++) {
        if (is_dash_before(i) && *text++ != '-') {
            return false;
        }
        int high = hex_value(text[0]);
        int low = high < 0 ? -1 : hex_value(text[1]);
        if (low < 0) {
            return false;
        }
        uuid[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (*text) {
        return false;
    }
    memcpy(ret_uuid, uuid, sizeof uuid);
    return true;
}
