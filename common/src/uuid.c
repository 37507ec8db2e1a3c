/* uuid.c - version 7 UUIDs and their text. */
#include "pia/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pia/clock.h"

void pia_uuid7(uint8_t ret_uuid[PIA_UUID_SIZE])
{
    /* up to 256 bytes come whole or not at all (getrandom(2)); it fails only where there is no
     * random source, and then nothing of ours may go on */
    if (getrandom(ret_uuid, PIA_UUID_SIZE, 0) != PIA_UUID_SIZE) {
        (void)fputs("no random source\n", stderr);
        abort();
    }
    uint64_t now = (uint64_t)pia_clock_wall();
    for (int i = 0; i < 6; i++) {
        ret_uuid[i] = (uint8_t)(now >> (40 - 8 * i));
    }
    ret_uuid[6] = (uint8_t)(0x70 | (ret_uuid[6] & 0x0F));
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
