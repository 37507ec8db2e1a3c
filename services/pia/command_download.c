/* command_download.c - a file that a service gives part by part, into a file. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "output.h"
#include "pia/json.h"
#include "pia/memory.h"

const flag_t download_flags[] = {
    {"output", "FILE", "write it there (default: the name that the service gives, here)"},
    {NULL, NULL, NULL},
};

/* What is being received. */
typedef struct {
    output_t output;
    crypto_hash_sha256_state hash;
    int64_t offset, size;
} download_t;

/* Takes a part; false: it is not the one that was asked for. */
static bool take(download_t *self, const json_t *part)
{
    const char *content = pia_json_text(part, "content");
    size_t length = content ? strlen(content) : 0, size = 0;
    uint8_t *bytes = pia_alloc(length + 1);
    bool good = content &&
                sodium_base642bin(bytes, length + 1, content, length, NULL, &size, NULL,
                                  sodium_base64_VARIANT_ORIGINAL) == 0 &&
                pia_json_integer(part, "offset") == self->offset &&
                (size > 0 || self->offset == self->size);
    if (good) {
        (void)crypto_hash_sha256_update(&self->hash, bytes, size);
        output_add(&self->output, bytes, size);
        self->offset += (int64_t)size;
    }
    free(bytes);
    return good && self->offset <= self->size;
}

/* The first part says how large the file is, and which one. */
static void start(download_t *self, cli_t *cli, const arguments_t *arguments, const json_t *part)
{
    const char *path = arguments_get(arguments, "output");
    const json_t *file = json_object_get(part, "file");
    const char *name = pia_json_text(file, "name");
    bool plain = name && name[0] != '.' && !strchr(name, '/');
    (void)crypto_hash_sha256_init(&self->hash);
    self->offset = 0;
    self->size = pia_json_integer(file, "size");
    output_open(&self->output, cli, path ? path : plain ? name : "download");
}

static bool is_whole(download_t *self, const json_t *body)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof hash + 1];
    const char *expected = pia_json_text(body, "sha256");
    (void)crypto_hash_sha256_final(&self->hash, hash);
    (void)sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    return expected && strcmp(expected, text) == 0;
}

/* The parts after the first. */
static pia_status_t receive(
    download_t *self, cli_t *cli, const command_t *command, json_t *body, pia_problem_t *problem)
{
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && self->offset < self->size) {
        json_t *part = NULL;
        json_object_set_new(body, "offset", json_integer(self->offset));
        status = ask(cli, NULL, command->message, body, &part, problem);
        if (status == PIA_OK && !take(self, part))
            status = pia_problem_set(problem, PIA_INTERNAL, NULL, "the service gave another part");
        json_decref(part);
    }
    if (status == PIA_OK && !is_whole(self, body))
        status = pia_problem_set(problem, PIA_INTERNAL, NULL, "the file is not the one announced");
    return status;
}

int command_download(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = command_body(command, arguments), *part = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    if (!body)
        return EXIT_USAGE;
    pia_status_t status = ask(cli, NULL, command->message, body, &part, &problem);
    int code = EXIT_DONE;
    if (status == PIA_OK) {
        download_t self;
        start(&self, cli, arguments, part);
        json_object_set(body, "sha256", json_object_get(json_object_get(part, "file"), "sha256"));
        status = take(&self, part)
                     ? receive(&self, cli, command, body, &problem)
                     : pia_problem_set(&problem, PIA_INTERNAL, NULL, "the service gave no file");
        code = output_end(&self.output, status == PIA_OK);
    }
    json_decref(part);
    json_decref(body);
    return status == PIA_OK ? code : ask_say(&problem);
}
