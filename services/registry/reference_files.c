/* reference_files.c - the bytes of the reference files. The assembler includes them as they are
 * (REGISTRY_REFERENCE and COMMON_REFERENCE are their directories, given by the build): a megabyte
 * and a half as a C array would take the compiler half a minute. */
#include "reference_files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { FILE_SIZE_MAX = 16 * 1024 * 1024, READ_SIZE = 64 * 1024, PATH_SIZE = 1024 };

#define EMBED(symbol, path)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            "reference_" #symbol "_begin:\n"                                                       \
            ".incbin \"" path "\"\n"                                                               \
            "reference_" #symbol "_end:\n"                                                         \
            ".popsection\n");                                                                      \
    extern const char reference_##symbol##_begin[] __attribute__((visibility("hidden")));          \
    extern const char reference_##symbol##_end[] __attribute__((visibility("hidden")))

EMBED(poles, REGISTRY_REFERENCE "/poles.json");
EMBED(communes, COMMON_REFERENCE "/communes.tsv");
EMBED(ape, REGISTRY_REFERENCE "/ape.tsv");
EMBED(regions, COMMON_REFERENCE "/regions.tsv");
EMBED(departements, COMMON_REFERENCE "/departements.tsv");

static const struct {
    const char *name, *begin, *end;
} embedded[] = {
    {"poles.json", reference_poles_begin, reference_poles_end},
    {"communes.tsv", reference_communes_begin, reference_communes_end},
    {"ape.tsv", reference_ape_begin, reference_ape_end},
    {"regions.tsv", reference_regions_begin, reference_regions_end},
    {"departements.tsv", reference_departements_begin, reference_departements_end},
};

static pia_status_t
find_embedded(const char *name, reference_file_t *ret_file, pia_problem_t *problem)
{
    for (size_t i = 0; i < sizeof embedded / sizeof embedded[0]; i++) {
        if (strcmp(embedded[i].name, name) == 0) {
            ret_file->bytes = embedded[i].begin;
            ret_file->size = (size_t)(embedded[i].end - embedded[i].begin);
            return PIA_OK;
        }
    }
    return pia_problem_set(problem, PIA_NOT_FOUND, NULL, "no reference file %s", name);
}

/* Reads at most FILE_SIZE_MAX bytes; *ret_size is larger if there are more. */
static pia_status_t read_all(FILE *stream, char **ret_bytes, size_t *ret_size)
{
    size_t size = 0;
    size_t room = READ_SIZE;
    char *bytes = pia_alloc(room);
    size_t got;
    while (size <= FILE_SIZE_MAX && (got = fread(bytes + size, 1, room - size, stream)) > 0) {
        size += got;
        if (size == room) {
            room *= 2;
            bytes = pia_realloc(bytes, room);
        }
    }
    if (ferror(stream) || size > FILE_SIZE_MAX) {
        free(bytes);
        return PIA_INVALID;
    }
    *ret_bytes = bytes;
    *ret_size = size;
    return PIA_OK;
}

static pia_status_t read_file(const char *path, reference_file_t *ret_file, pia_problem_t *problem)
{
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        return pia_problem_set(problem, PIA_NOT_FOUND, NULL,
                               "the reference file %s cannot be opened: %m", path);
    }
    pia_status_t status = read_all(stream, &ret_file->owned, &ret_file->size);
    (void)fclose(stream);
    if (status != PIA_OK) {
        return pia_problem_set(problem, status, NULL, "the reference file %s cannot be read", path);
    }
    ret_file->bytes = ret_file->owned;
    return PIA_OK;
}

pia_status_t reference_file_read(const char *directory,
                                 const char *name,
                                 reference_file_t *ret_file,
                                 pia_problem_t *problem)
{
    memset(ret_file, 0, sizeof *ret_file);
    if (directory[0] == '\0') {
        return find_embedded(name, ret_file, problem);
    }
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || length >= PATH_SIZE) {
        return pia_problem_set(problem, PIA_INVALID, NULL,
                               "the reference directory's name is too long");
    }
    return read_file(path, ret_file, problem);
}

void reference_file_release(reference_file_t *file)
{
    free(file->owned);
    memset(file, 0, sizeof *file);
}
