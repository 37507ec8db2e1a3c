/* fuzz_upload.c - parts of a file in any order and overlap, their base64, what the file's content
 * is, and what differs between two texts. */
#include "fuzz.h"

#include "format.h"
#include "section.h"
#include "upload.h"

enum { FILE_MAX = 4096, PARTS_MAX = 64, ROOM = 8192 };

static void decode(fuzz_t *fuzz)
{
    size_t size = 0;
    char *text = fuzz_text(fuzz);
    void *bytes = upload_decode(text, &size);
    if (bytes) {
        char again[ROOM];
        FUZZ_CHECK(size <= strlen(text) / 4 * 3);
        if (sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL) <= sizeof again) {
            sodium_bin2base64(again, sizeof again, bytes, size, sodium_base64_VARIANT_ORIGINAL);
            FUZZ_CHECK(strcmp(again, text) == 0); /* one text for each content */
        }
    }
    free(bytes);
    free(text);
}

/* A part of the file, taken as the service takes it. */
static void take(upload_t *upload, uint8_t *held, const uint8_t *file, size_t offset, size_t size)
{
    upload_plan_t plan;
    pia_problem_t problem = {.detail = ""};
    int64_t before = upload->held;
    pia_status_t status = upload_plan(upload, (int64_t)offset, size, &plan, &problem);
    if (status != PIA_OK) {
        FUZZ_CHECK(problem.detail[0] != '\0');
        FUZZ_CHECK(size == 0 || (int64_t)offset > before ||
                   (int64_t)(offset + size) > upload->size);
        return;
    }
    FUZZ_CHECK(plan.skip + plan.take == size);
    memcpy(held + before, file + offset + plan.skip, plan.take);
    upload->held += (int64_t)plan.take;
    FUZZ_CHECK(upload->held >= before && upload->held <= upload->size);
}

static void assemble(fuzz_t *fuzz)
{
    uint8_t file[2 * FILE_MAX + 2], held[FILE_MAX] = {0};
    upload_t upload = {.size = 1 + fuzz_word(fuzz) % FILE_MAX};
    for (size_t i = 0; i < sizeof file; i++)
        file[i] = (uint8_t)(i * 31 >> 3);
    for (int i = 0; i < PARTS_MAX && fuzz->left > 0; i++) {
        size_t offset = fuzz_word(fuzz) % (FILE_MAX + 1);
        take(&upload, held, file, offset, fuzz_word(fuzz) % (FILE_MAX + 1));
    }
    FUZZ_CHECK(memcmp(file, held, (size_t)upload.held) == 0);
}

static void look_at(fuzz_t *fuzz)
{
    static format_reader_t *reader;
    static json_t *accepted;
    size_t size = 0;
    if (!reader) {
        FUZZ_CHECK(format_reader_new(&reader, NULL) == PIA_OK);
        accepted = json_pack("[s,s,s,s,s,s,s,s]", "pdf", "png", "jpeg", "odt", "ods", "docx",
                             "xlsx", "txt");
    }
    uint8_t *head = fuzz_block(fuzz, FORMAT_HEAD_SIZE, &size);
    const format_t *format = NULL;
    pia_problem_t problem = {.detail = ""};
    pia_status_t status = format_read(reader, head, size, accepted, &format, &problem);
    FUZZ_CHECK((status == PIA_OK) == (format != NULL));
    FUZZ_CHECK(status == PIA_OK || problem.detail[0] != '\0');
    free(head);
}

/* The later text is the earlier one with the lines that differ put in. */
static void compare(fuzz_t *fuzz)
{
    size_t size = 0;
    uint8_t *first = fuzz_block(fuzz, fuzz_byte(fuzz), &size);
    char *before = calloc(size + 1, 1), *after = fuzz_text(fuzz);
    FUZZ_CHECK(before != NULL);
    memcpy(before, first, size);
    json_t *change = section_change(before, after);
    const char *out = json_string_value(json_object_get(change, "before"));
    const char *in = json_string_value(json_object_get(change, "after"));
    if (out && in) {
        const char *at = before;
        for (json_int_t line = json_integer_value(json_object_get(change, "line")); line > 1;
             line--)
            at = strchr(at, '\n') + 1;
        size_t start = (size_t)(at - before), tail = strlen(at) - strlen(out);
        FUZZ_CHECK(strncmp(at, out, strlen(out)) == 0);
        FUZZ_CHECK(strlen(after) == start + strlen(in) + tail);
        FUZZ_CHECK(strncmp(after, before, start) == 0);
        FUZZ_CHECK(strncmp(after + start, in, strlen(in)) == 0);
        FUZZ_CHECK(strcmp(after + start + strlen(in), at + strlen(out)) == 0);
    }
    json_decref(change);
    free(first);
    free(before);
    free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const parts[])(fuzz_t *) = {decode, assemble, look_at, compare};
    fuzz_t fuzz = {data, size};
    parts[fuzz_byte(&fuzz) % (sizeof parts / sizeof parts[0])](&fuzz);
    return 0;
}
