/* mark.c - one line of text: name, journal, epoch, sequence, chain, turn, and a hash of all that.
 */
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pia/durable_file.h"
#include "pia/memory.h"

enum {
    HASH_SIZE = 16,
    BODY_SIZE = 8 + 37 + 11 + 20 + 2 * CHAIN_SIZE + 1 + 21, /* with the spaces */
    LINE_SIZE = BODY_SIZE + 2 * HASH_SIZE + 1,              /* and the line's end */
};

struct mark_file {
    int descriptor;
};

/* Always the same size: numbers have leading zeros. */
static void format(const mark_t *mark, char ret_line[LINE_SIZE + 1])
{
    char chain[2 * CHAIN_SIZE + 1];
    char hex[2 * HASH_SIZE + 1];
    uint8_t hash[HASH_SIZE];
    sodium_bin2hex(chain, sizeof chain, mark->head.chain, CHAIN_SIZE);
    int size = snprintf(ret_line, LINE_SIZE + 1,
                        "piamark %s %010" PRIu32 " %019" PRIu64 " %s %020" PRIu64 " ",
                        mark->journal, mark->head.epoch, mark->head.sequence, chain, mark->turn);
    if (size != BODY_SIZE)
        abort();
    crypto_generichash(hash, sizeof hash, (const uint8_t *)ret_line, BODY_SIZE, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    (void)snprintf(ret_line + BODY_SIZE, LINE_SIZE + 1 - BODY_SIZE, "%s\n", hex);
}

/* What format writes, and nothing else: that decides, so numbers are read leniently. */
static bool parse(const char *line, size_t size, mark_t *ret_mark)
{
    enum { NAME = 8, JOURNAL = 36, EPOCH = NAME + JOURNAL + 1, SEQUENCE = EPOCH + 11 };
    enum { CHAIN = SEQUENCE + 20, TURN = CHAIN + 2 * CHAIN_SIZE + 1 };
    mark_t mark = {.head = {.duplicate = false}};
    char again[LINE_SIZE + 1];
    if (size != LINE_SIZE)
        return false;
    memcpy(mark.journal, line + NAME, JOURNAL);
    mark.head.epoch = (uint32_t)strtoul(line + EPOCH, NULL, 10);
    mark.head.sequence = strtoull(line + SEQUENCE, NULL, 10);
    mark.turn = strtoull(line + TURN, NULL, 10);
    if (strlen(mark.journal) != JOURNAL || mark.head.sequence > INT64_MAX ||
        sodium_hex2bin(mark.head.chain, CHAIN_SIZE, line + CHAIN, (size_t)2 * CHAIN_SIZE, NULL,
                       NULL, NULL) != 0)
        return false;
    format(&mark, again);
    if (memcmp(line, again, LINE_SIZE) != 0)
        return false;
    *ret_mark = mark;
    return true;
}

pia_status_t mark_read(const char *path, mark_t *ret_mark)
{
    char text[LINE_SIZE + 2];
    pia_problem_t problem = {0};
    if (pia_file_read(path, text, sizeof text, &problem) != PIA_OK)
        return PIA_NOT_FOUND;
    return parse(text, strlen(text), ret_mark) ? PIA_OK : PIA_NOT_FOUND;
}

pia_status_t mark_open(const char *path, mark_file_t **ret_file, pia_problem_t *problem)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s cannot be opened: %s", path,
                               strerrordesc_np(errno));
    *ret_file = pia_alloc(sizeof **ret_file);
    (*ret_file)->descriptor = descriptor;
    return PIA_OK;
}

void mark_close(mark_file_t **file_p)
{
    if (!*file_p)
        return;
    (void)close((*file_p)->descriptor);
    free(*file_p);
    *file_p = NULL;
}

void mark_write(mark_file_t *file, const mark_t *mark)
{
    char line[LINE_SIZE + 1];
    format(mark, line);
    ssize_t written = pwrite(file->descriptor, line, LINE_SIZE, 0);
    (void)written;
}
