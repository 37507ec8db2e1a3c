/* command_evidence.c - pia evidence: the log over all histories, checked piece by piece, and proofs
 * from it as files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "output.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "print.h"
#include "proto/evidence.h"

enum { PROGRESS_MS = 2000 };

const flag_t evidence_proof_flags[] = {
    {"output", "FILE", "write the proof there (default: standard output)"},
    {NULL, NULL, NULL},
};

/* Takes a piece into the answer about all of them. */
static void add_piece(json_t *total, json_t *piece)
{
    static const char *const sums[] = {"entries", "heads", "other_keys", "erased"};
    json_t *erasures = json_object_get(total, "erasures");
    json_array_extend(erasures, json_object_get(piece, "erasures"));
    json_object_set(piece, "erasures", erasures);
    json_object_set_new(piece, "from", json_integer(0));
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
        json_object_set_new(
            piece, sums[i],
            json_integer(pia_json_integer(total, sums[i]) + pia_json_integer(piece, sums[i])));
    json_object_update(total, piece);
    json_object_del(total, "next");
}

static void print_erasures(const json_t *total)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(total, "erasures"), i, item)
    {
        (void)printf("erased on %s: %s of entry %" PRId64 " of %s (says entry %" PRId64 ")\n",
                     pia_json_text(item, "erased_at"), pia_json_text(item, "name"),
                     pia_json_integer(item, "number"), pia_json_text(item, "matter"),
                     pia_json_integer(item, "erased_by"));
    }
}

static int tell(const cli_t *cli, const json_t *total)
{
    bool good = json_is_true(json_object_get(total, "valid"));
    const char *matter = pia_json_text(total, "matter");
    if (cli->as_json) {
        print_json(total);
        return good ? EXIT_DONE : EXIT_DAMAGED;
    }
    print_erasures(total);
    if (good)
        (void)printf("verified: %" PRId64 " entries, %" PRId64 " signed heads (%" PRId64
                     " with another key than the present one)\n",
                     pia_json_integer(total, "entries"), pia_json_integer(total, "heads"),
                     pia_json_integer(total, "other_keys"));
    else
        (void)printf("damaged at position %" PRId64 " of the log: %s\n",
                     pia_json_integer(total, "broken_at"), pia_json_text(total, "detail"));
    if (!good && matter)
        (void)printf("that is entry %" PRId64 " of %s\n", pia_json_integer(total, "number"),
                     matter);
    return good ? EXIT_DONE : EXIT_DAMAGED;
}

static pia_status_t
verify_piece(cli_t *cli, int64_t from, json_t **ret_piece, pia_problem_t *problem)
{
    json_t *body = json_pack("{s:I}", "from", (json_int_t)from);
    pia_status_t status =
        ask(cli, NULL, &pia_msg_labellisation_evidence_verify, body, ret_piece, problem);
    json_decref(body);
    return status;
}

int command_evidence_verify(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    (void)command;
    (void)arguments;
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status;
    int64_t from = 0, next, said_ms = pia_clock_monotonic();
    json_t *total = json_pack("{s:[]}", "erasures"), *piece = NULL;
    while ((status = verify_piece(cli, from, &piece, &problem)) == PIA_OK) {
        next = pia_json_integer(piece, "next");
        add_piece(total, piece);
        json_decref(piece);
        if (next <= from)
            break;
        from = next;
        if (pia_clock_monotonic() - said_ms < PROGRESS_MS)
            continue;
        said_ms = pia_clock_monotonic();
        (void)fprintf(stderr, "pia: %" PRId64 " of %" PRId64 " entries …\n", from,
                      pia_json_integer(total, "size"));
    }
    int code = status == PIA_OK ? tell(cli, total) : ask_say(&problem);
    json_decref(total);
    return code;
}

/* The proof as JSON, into the file or to standard output. */
static int write_proof(const cli_t *cli, const char *path, const json_t *proof)
{
    output_t output;
    if (!path) {
        print_json(proof);
        return EXIT_DONE;
    }
    char *text = json_dumps(proof, JSON_INDENT(2));
    output_open(&output, cli, path);
    output_add(&output, text, strlen(text));
    free(text);
    return output_end(&output, true);
}

int command_evidence_proof(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *body = command_body(command, arguments), *proof = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    if (!body)
        return EXIT_USAGE;
    pia_status_t status = ask(cli, NULL, command->message, body, &proof, &problem);
    json_decref(body);
    int code = status == PIA_OK ? write_proof(cli, arguments_get(arguments, "output"), proof)
                                : ask_say(&problem);
    json_decref(proof);
    return code;
}
