/* format.c - media types by libmagic, of which only what looks at plain bytes is used: no
 * unpacking, no parsers of archives, ELF or OLE. */
#include "format.h"

#include <magic.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

struct format_reader {
    magic_t magic;
};

static const format_t formats[] = {
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"jpeg", "image/jpeg"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"txt", "text/plain"},
};

const format_t *format_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

pia_status_t format_reader_new(format_reader_t **ret_reader, pia_problem_t *problem)
{
    const int flags = MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                      MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_APPTYPE;
    magic_t magic = magic_open(flags);
    if (!magic || magic_load(magic, NULL) != 0) {
        (void)pia_problem_set(problem, PIA_UNAVAILABLE, NULL, "libmagic: %s",
                              magic ? magic_error(magic) : "cannot be opened");
        if (magic)
            magic_close(magic);
        return PIA_UNAVAILABLE;
    }
    *ret_reader = pia_alloc(sizeof **ret_reader);
    (*ret_reader)->magic = magic;
    return PIA_OK;
}

void format_reader_destroy(format_reader_t **reader_p)
{
    if (!*reader_p)
        return;
    magic_close((*reader_p)->magic);
    free(*reader_p);
    *reader_p = NULL;
}

pia_status_t format_read(format_reader_t *reader,
                         const void *head,
                         size_t size,
                         const json_t *accepted,
                         const format_t **ret_format,
                         pia_problem_t *problem)
{
    const char *type = magic_buffer(reader->magic, head, size);
    if (!type)
        type = "application/octet-stream";
    for (size_t i = 0; i < json_array_size(accepted); i++) {
        const format_t *format = format_find(json_string_value(json_array_get(accepted, i)));
        if (format && strcmp(format->media_type, type) == 0) {
            *ret_format = format;
            return PIA_OK;
        }
    }
    return pia_problem_set(problem, PIA_INVALID, "/content",
                           "the content is %s, which this piece does not accept", type);
}
