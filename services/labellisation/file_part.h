/* file_part.h - files in answers: a message's body holds at most 1 MiB, so a file is asked for part
 * by part, each as proto's file_part. Any thread. */
#ifndef FILE_PART_H
#define FILE_PART_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "pia/problem.h"

enum { FILE_PART_SIZE = 512 * 1024, FILE_HASH_SIZE = 65 };

typedef struct {
    char name[96];
    const char *type; /* media type */
    uint8_t *bytes;
    size_t size;
    char sha256[FILE_HASH_SIZE]; /* hexadecimal */
} file_t;

/* What a part is asked by: at most `size` bytes (1..FILE_PART_SIZE) from `offset` on, of the file
 * with this hash (NULL: whichever). */
typedef struct {
    int64_t offset, size;
    const char *sha256;
} file_asked_t;

/* The SHA-256 of bytes, hexadecimal. */
void file_hash(const void *bytes, size_t size, char ret_sha256[FILE_HASH_SIZE]);

/* A part as JSON, the caller owns it. PIA_CONFLICT: it is another file by now; PIA_INVALID: it is
 * not so large. */
pia_status_t
file_part(const file_t *file, const file_asked_t *asked, json_t **ret_part, pia_problem_t *problem);

#endif
