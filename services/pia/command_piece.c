/* command_piece.c - pia piece put, pia piece get: files to and from a dossier, part after part. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"
#include "proto/piece.h"

enum { PART_SIZE = 512 * 1024, HASH_TEXT_SIZE = crypto_hash_sha256_BYTES * 2 + 1, TRIES_MAX = 5 };

const flag_t piece_put_flags[] = {
    {"name", "TEXT", "the file's name in the dossier (default: as it is called here)"},
    {NULL, NULL, NULL},
};

/* A file here, and what it is to become there. */
typedef struct {
    int file;
    int64_t size;
    const char *dossier, *piece, *name;
    char sha256[HASH_TEXT_SIZE];
} local_t;

static void progress(const char *verb, const char *name, int64_t done, int64_t size)
{
    if (!isatty(STDERR_FILENO))
        return;
    (void)fprintf(stderr, "\r%s %s: %" PRId64 " of %" PRId64 " KiB (%d %%)", verb, name,
                  done / 1024, (size + 1023) / 1024, size == 0 ? 100 : (int)(done * 100 / size));
    if (done >= size)
        (void)fputc('\n', stderr);
}

/* Reads from `offset` on, until `size` bytes or the end; -1. */
static ssize_t read_part(int file, void *bytes, size_t size, int64_t offset)
{
    size_t got = 0;
    while (got < size) {
        ssize_t step = pread(file, (char *)bytes + got, size - got, offset + (int64_t)got);
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return -1;
        if (step == 0)
            break;
        got += (size_t)step;
    }
    return (ssize_t)got;
}

static pia_status_t hash_file(local_t *local, const char *path, pia_problem_t *problem)
{
    crypto_hash_sha256_state state;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *part = pia_alloc(PART_SIZE);
    ssize_t got = 0;
    (void)crypto_hash_sha256_init(&state);
    local->size = 0;
    while ((got = read_part(local->file, part, PART_SIZE, local->size)) > 0) {
        (void)crypto_hash_sha256_update(&state, (const unsigned char *)part,
                                        (unsigned long long)got);
        local->size += got;
    }
    free(part);
    if (got < 0)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s: %m", path);
    (void)crypto_hash_sha256_final(&state, hash);
    (void)sodium_bin2hex(local->sha256, sizeof local->sha256, hash, sizeof hash);
    return local->size > 0 ? PIA_OK
                           : pia_problem_set(problem, PIA_INVALID, NULL, "%s is empty", path);
}

static pia_status_t open_local(const cli_t *cli,
                               const arguments_t *arguments,
                               local_t *ret_local,
                               pia_problem_t *problem)
{
    const char *path = arguments->positionals[2];
    const char *slash = strrchr(path, '/');
    const char *name = arguments_get(arguments, "name");
    *ret_local = (local_t){
        .file = openat(cli->directory, path, O_RDONLY | O_CLOEXEC),
        .dossier = arguments->positionals[0],
        .piece = arguments->positionals[1],
        .name = name    ? name
                : slash ? slash + 1
                        : path,
    };
    if (ret_local->file < 0)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s: %m", path);
    return hash_file(ret_local, path, problem);
}

/* Whether an upload or attachment is of this file. */
static bool is_same(const json_t *item, const local_t *local)
{
    const char *name = pia_json_text(item, "name"), *sha256 = pia_json_text(item, "sha256");
    return name && sha256 && strcmp(name, local->name) == 0 && strcmp(sha256, local->sha256) == 0 &&
           pia_json_integer(item, "size") == local->size;
}

static json_t *find_in(const json_t *pieces, const local_t *local, const char *list)
{
    size_t i = 0, j = 0;
    const json_t *piece = NULL;
    json_t *item = NULL;
    json_array_foreach(json_object_get(pieces, "items"), i, piece)
    {
        if (strcmp(pia_json_text(piece, "name"), local->piece) != 0)
            continue;
        json_array_foreach(json_object_get(piece, list), j, item)
        {
            if (is_same(item, local))
                return json_incref(item);
        }
    }
    return NULL;
}

/* The upload to go on with: one that was broken off, or a new one. *ret_done: the attachment, if
 * the file is there already. */
static pia_status_t begin(cli_t *cli,
                          const local_t *local,
                          json_t **ret_upload,
                          json_t **ret_done,
                          pia_problem_t *problem)
{
    json_t *question = json_pack("{s:s}", "dossier", local->dossier), *pieces = NULL;
    pia_status_t status =
        ask(cli, NULL, &pia_msg_labellisation_piece_list, question, &pieces, problem);
    json_decref(question);
    if (status != PIA_OK)
        return status;
    *ret_done = find_in(pieces, local, "attachments");
    *ret_upload = *ret_done ? NULL : find_in(pieces, local, "uploads");
    json_decref(pieces);
    if (*ret_done || *ret_upload)
        return PIA_OK;
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:I, s:s}", "dossier", local->dossier, "piece", local->piece,
                  "name", local->name, "size", (json_int_t)local->size, "sha256", local->sha256);
    if (!body)
        return pia_problem_set(problem, PIA_INVALID, "/name", "is not UTF-8");
    status = ask(cli, NULL, &pia_msg_labellisation_upload_create, body, ret_upload, problem);
    json_decref(body);
    return status;
}

static pia_status_t send_part(cli_t *cli,
                              const local_t *local,
                              const json_t *upload,
                              const char *text,
                              json_t **ret_state,
                              pia_problem_t *problem)
{
    json_t *body = json_pack("{s:s, s:s, s:I, s:s}", "dossier", local->dossier, "upload",
                             pia_json_text(upload, "id"), "offset",
                             (json_int_t)pia_json_integer(upload, "held"), "content", text);
    pia_status_t status =
        ask(cli, NULL, &pia_msg_labellisation_upload_put, body, ret_state, problem);
    json_decref(body);
    return status;
}

/* How far the upload is by now: a part may have come although its answer was lost. */
static pia_status_t
look_again(cli_t *cli, const local_t *local, json_t **upload, pia_problem_t *problem)
{
    json_t *state = NULL;
    json_t *body =
        json_pack("{s:s, s:s}", "dossier", local->dossier, "upload", pia_json_text(*upload, "id"));
    pia_status_t status = ask(cli, NULL, &pia_msg_labellisation_upload_get, body, &state, problem);
    json_decref(body);
    if (status == PIA_OK) {
        json_decref(*upload);
        *upload = state;
    }
    return status;
}

static bool may_try_again(pia_status_t status)
{
    return status == PIA_UNAVAILABLE || status == PIA_TIMEOUT || status == PIA_CONFLICT;
}

/* One part from where the upload is. */
static pia_status_t
put_part(cli_t *cli, const local_t *local, json_t **upload, char *part, pia_problem_t *problem)
{
    size_t room = sodium_base64_encoded_len(PART_SIZE, sodium_base64_VARIANT_ORIGINAL);
    ssize_t got = read_part(local->file, part, PART_SIZE, pia_json_integer(*upload, "held"));
    json_t *state = NULL;
    if (got <= 0)
        return pia_problem_set(problem, PIA_INVALID, NULL, "%s has become shorter", local->name);
    char *text = pia_alloc(room);
    (void)sodium_bin2base64(text, room, (const unsigned char *)part, (size_t)got,
                            sodium_base64_VARIANT_ORIGINAL);
    pia_status_t status = send_part(cli, local, *upload, text, &state, problem);
    for (int i = 1; i < TRIES_MAX && may_try_again(status); i++)
        if (look_again(cli, local, upload, problem) == PIA_OK) {
            free(text);
            return PIA_OK; /* the next part begins where it is now */
        }
    free(text);
    if (status == PIA_OK) {
        json_decref(*upload);
        *upload = state;
    }
    return status;
}

static pia_status_t
put_all(cli_t *cli, const local_t *local, json_t **upload, pia_problem_t *problem)
{
    char *part = pia_alloc(PART_SIZE);
    pia_status_t status = PIA_OK;
    if (pia_json_integer(*upload, "held") > 0)
        (void)fprintf(stderr, "pia: goes on after %" PRId64 " bytes\n",
                      pia_json_integer(*upload, "held"));
    while (status == PIA_OK && pia_json_integer(*upload, "held") < local->size) {
        status = put_part(cli, local, upload, part, problem);
        progress("sending", local->name, pia_json_integer(*upload, "held"), local->size);
    }
    free(part);
    return status;
}

static pia_status_t finish(cli_t *cli,
                           const local_t *local,
                           const json_t *upload,
                           json_t **ret_done,
                           pia_problem_t *problem)
{
    json_t *body = json_pack("{s:s, s:s, s:s}", "dossier", local->dossier, "upload",
                             pia_json_text(upload, "id"), "sha256", local->sha256);
    pia_status_t status =
        ask(cli, NULL, &pia_msg_labellisation_upload_finish, body, ret_done, problem);
    json_decref(body);
    return status;
}

int command_piece_put(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    local_t local;
    json_t *upload = NULL, *done = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status = open_local(cli, arguments, &local, &problem);
    if (status == PIA_OK)
        status = begin(cli, &local, &upload, &done, &problem);
    if (status == PIA_OK && upload)
        status = put_all(cli, &local, &upload, &problem);
    if (status == PIA_OK && upload)
        status = finish(cli, &local, upload, &done, &problem);
    if (local.file >= 0)
        (void)close(local.file);
    if (status == PIA_OK && cli->as_json)
        print_json(done);
    else if (status == PIA_OK)
        print_object(done);
    json_decref(upload);
    json_decref(done);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}

/* Writes a part behind what is there; its size, or -1. */
static int64_t write_part(int file, const json_t *answer)
{
    const char *content = pia_json_text(answer, "content");
    char *bytes = pia_alloc(PART_SIZE);
    size_t size = 0, done = 0;
    bool good =
        content && sodium_base642bin((unsigned char *)bytes, PART_SIZE, content, strlen(content),
                                     NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    while (good && done < size) {
        ssize_t step = write(file, bytes + done, size - done);
        good = step > 0 || (step < 0 && errno == EINTR);
        done += step > 0 ? (size_t)step : 0;
    }
    free(bytes);
    return good ? (int64_t)size : -1;
}

/* Goes on after the `have` bytes that the file has. */
static pia_status_t
get_all(cli_t *cli, const arguments_t *arguments, int file, int64_t have, pia_problem_t *problem)
{
    int64_t size = have + 1;
    while (have < size) {
        json_t *answer = NULL;
        json_t *body =
            json_pack("{s:s, s:s, s:I}", "dossier", arguments->positionals[0], "attachment",
                      arguments->positionals[1], "offset", (json_int_t)have);
        pia_status_t status =
            ask(cli, NULL, &pia_msg_labellisation_attachment_read, body, &answer, problem);
        json_decref(body);
        if (status != PIA_OK)
            return status;
        const json_t *attachment = json_object_get(answer, "attachment");
        int64_t written = write_part(file, answer);
        size = pia_json_integer(attachment, "size");
        if (written >= 0)
            progress("receiving", pia_json_text(attachment, "name"), have + written, size);
        json_decref(answer);
        if (written < 0)
            return pia_problem_set(problem, PIA_INVALID, NULL, "cannot write: %m");
        have += written;
    }
    return PIA_OK;
}

int command_piece_get(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    const char *path = arguments->positionals[2];
    struct stat info = {.st_size = 0};
    pia_problem_t problem = {.status = PIA_OK};
    int file = openat(cli->directory, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pia_status_t status = PIA_OK;
    if (file < 0 || fstat(file, &info) != 0)
        status = pia_problem_set(&problem, PIA_INVALID, NULL, "%s: %m", path);
    if (status == PIA_OK)
        status = get_all(cli, arguments, file, info.st_size, &problem);
    if (file >= 0 && close(file) != 0 && status == PIA_OK)
        status = pia_problem_set(&problem, PIA_INVALID, NULL, "%s: %m", path);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
