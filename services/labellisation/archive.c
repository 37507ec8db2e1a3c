/* archive.c - zips by libzip, in memory. */
#include "archive.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "file_part.h"
#include "pia/memory.h"

enum {
    DOS_TIME = 0,
    DOS_DATE = 1 << 5 | 1, /* 1980-01-01: the first day that the format knows */
    MODE = 0100644,
};

typedef struct {
    char *name;
    void *bytes;
    size_t size;
} entry_t;

struct archive {
    entry_t *entries;
    size_t count, capacity;
};

archive_t *archive_new(void)
{
    return pia_alloc(sizeof(archive_t));
}

void archive_destroy(archive_t **archive_p)
{
    archive_t *self = *archive_p;
    *archive_p = NULL;
    for (size_t i = 0; self && i < self->count; i++) {
        free(self->entries[i].name);
        free(self->entries[i].bytes);
    }
    if (self)
        free(self->entries);
    free(self);
}

void archive_add(archive_t *archive, const char *name, void *bytes, size_t size)
{
    if (archive->count == archive->capacity) {
        archive->capacity = archive->capacity ? 2 * archive->capacity : 16;
        archive->entries =
            pia_realloc(archive->entries, archive->capacity * sizeof *archive->entries);
    }
    archive->entries[archive->count++] = (entry_t){pia_strdup(name), bytes, size};
}

void archive_add_text(archive_t *archive, const char *name, const char *text)
{
    archive_add(archive, name, pia_strdup(text), strlen(text));
}

void archive_add_json(archive_t *archive, const char *name, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    archive_add(archive, name, text, strlen(text));
}

json_t *archive_list(const archive_t *archive)
{
    json_t *list = json_array();
    for (size_t i = 0; i < archive->count; i++) {
        const entry_t *entry = &archive->entries[i];
        char hash[FILE_HASH_SIZE];
        file_hash(entry->bytes, entry->size, hash);
        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "name", entry->name, "size",
                                              (json_int_t)entry->size, "sha256", hash));
    }
    return list;
}

/* Not compressed: the bytes depend on no version of a compressor, and PDFs hardly shrink. */
static bool add_entry(zip_t *zip, const entry_t *entry)
{
    zip_source_t *source = zip_source_buffer(zip, entry->bytes, entry->size, 0);
    zip_int64_t index =
        source ? zip_file_add(zip, entry->name, source, ZIP_FL_ENC_UTF_8) : (zip_int64_t)-1;
    if (source && index < 0)
        zip_source_free(source);
    return index >= 0 && zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0) == 0 &&
           zip_file_set_dostime(zip, (zip_uint64_t)index, DOS_TIME, DOS_DATE, 0) == 0 &&
           zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX,
                                            (zip_uint32_t)MODE << 16) == 0;
}

static pia_status_t read_all(zip_source_t *source, uint8_t **ret_bytes, size_t *ret_size)
{
    zip_stat_t about;
    zip_stat_init(&about);
    if (zip_source_stat(source, &about) != 0 || zip_source_open(source) != 0)
        return PIA_INTERNAL;
    uint8_t *bytes = pia_alloc(about.size);
    bool good = zip_source_read(source, bytes, about.size) == (zip_int64_t)about.size;
    (void)zip_source_close(source);
    if (!good) {
        free(bytes);
        return PIA_INTERNAL;
    }
    *ret_bytes = bytes;
    *ret_size = about.size;
    return PIA_OK;
}

pia_status_t archive_zip(const archive_t *archive, uint8_t **ret_bytes, size_t *ret_size)
{
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *zip = target ? zip_open_from_source(target, ZIP_TRUNCATE, NULL) : NULL;
    pia_status_t status = PIA_INTERNAL;
    bool good = zip != NULL;
    if (zip)
        zip_source_keep(target);
    for (size_t i = 0; good && i < archive->count; i++)
        good = add_entry(zip, &archive->entries[i]);
    if (good && zip_close(zip) == 0)
        status = read_all(target, ret_bytes, ret_size);
    else if (zip)
        zip_discard(zip);
    if (target)
        zip_source_free(target);
    return status;
}
