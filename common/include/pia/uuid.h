/* uuid.h - version 7 UUIDs (RFC 9562): random, and ordered by when they were made, to a quarter of
 * a microsecond (section 6.2, method 3). */
#ifndef PIA_UUID_H
#define PIA_UUID_H

#include <stdbool.h>
#include <stdint.h>

enum { PIA_UUID_SIZE = 16, PIA_UUID_TEXT_SIZE = 37 };

/* A new one from the wall clock and the system's random source. Any thread. */
void pia_uuid7(uint8_t ret_uuid[PIA_UUID_SIZE]);
void pia_uuid7_text(char ret_text[PIA_UUID_TEXT_SIZE]);

void pia_uuid_format(const uint8_t uuid[PIA_UUID_SIZE], char ret_text[PIA_UUID_TEXT_SIZE]);

/* Reads 8-4-4-4-12 hexadecimal digits of either case, any version; false if it is not that. */
bool pia_uuid_parse(const char *text, uint8_t ret_uuid[PIA_UUID_SIZE]);

#endif
