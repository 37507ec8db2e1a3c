/* ask.h - asking a service as the holder of the key, and saying what went wrong. */
#ifndef ASK_H
#define ASK_H

#include "cli.h"

/* The exit code for an outcome. */
int ask_exit_code(pia_status_t status);

/* Says on stderr why it was refused: status, detail, pointer. Returns the exit code. */
int ask_say(const pia_problem_t *problem);

/* The text of the key file. PIA_NOT_FOUND if none was named and there is no administrator's. On
 * PIA_OK *ret_key is the caller's. */
pia_status_t ask_key(const cli_t *cli, char **ret_key, pia_problem_t *problem);

/* A token for the key, renewed when it is old; without a key it stays anonymous (size 0). */
pia_status_t ask_token(cli_t *cli, pia_problem_t *problem);

/* Forgets the token: it was refused, or is about to expire. */
void ask_forget_token(cli_t *cli);

/* Asks `service` (NULL: the message's own) with a token. On PIA_OK *ret_body is the caller's. */
pia_status_t ask(cli_t *cli,
                 const char *service,
                 const pia_message_t *message,
                 const json_t *body,
                 json_t **ret_body,
                 pia_problem_t *problem);

/* Asks the broker itself ("mmi.services"), without a token. */
pia_status_t
ask_broker(cli_t *cli, const char *question, json_t **ret_body, pia_problem_t *problem);

/* Reads a file named on the command line ("-": standard input), at most `size_max` bytes. On PIA_OK
 * *ret_text is the caller's, NUL-terminated. */
pia_status_t ask_read_file(const cli_t *cli,
                           const char *path,
                           size_t size_max,
                           char **ret_text,
                           size_t *ret_size,
                           pia_problem_t *problem);

#endif
