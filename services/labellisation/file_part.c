/* file_part.c - files part by part. */
#include "file_part.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

void file_hash(const void *bytes, size_t size, char ret_sha256[FILE_HASH_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256(hash, bytes, size);
    (void)sodium_bin2hex(ret_sha256, FILE_HASH_SIZE, hash, sizeof hash);
}

static json_t *base64(const uint8_t *bytes, size_t size)
{
    size_t length = sodium_base64_ENCODED_LEN(size, sodium_base64_VARIANT_ORIGINAL);
    char *text = pia_alloc(length);
    (void)sodium_bin2base64(text, length, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_string(text);
    free(text);
    return json;
}

pia_status_t
file_part(const file_t *file, const file_asked_t *asked, json_t **ret_part, pia_problem_t *problem)
{
    if (asked->sha256 && strcmp(asked->sha256, file->sha256) != 0)
        return pia_problem_set(problem, PIA_CONFLICT, "/sha256",
                               "it has changed: begin again with the first part");
    if (asked->offset < 0 || (uint64_t)asked->offset > file->size)
        return pia_problem_set(problem, PIA_INVALID, "/offset", "the file has %zu bytes",
                               file->size);
    size_t offset = (size_t)asked->offset, rest = file->size - offset;
    size_t size = rest < (size_t)asked->size ? rest : (size_t)asked->size;
    *ret_part = json_pack("{s:{s:s, s:s, s:I, s:s}, s:I, s:I, s:o}", "file", "name", file->name,
                          "type", file->type, "size", (json_int_t)file->size, "sha256",
                          file->sha256, "offset", (json_int_t)offset, "size", (json_int_t)size,
                          "content", base64(file->bytes + offset, size));
    return PIA_OK;
}
