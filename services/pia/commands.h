/* commands.h - the functions behind the table in commands.c, one file each. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "cli.h"

/* Commands that are one message: positional fields, and the columns of a list. */
#define MESSAGE(words, args, about, msg, positional)                                               \
    {                                                                                              \
        .name = (words), .synopsis = (args), .help = (about), .run = command_message,              \
        .message = &pia_msg_##msg, .fields = (positional)                                          \
    }
#define LIST(words, args, about, msg, positional, cols)                                            \
    {                                                                                              \
        .name = (words), .synopsis = (args), .help = (about), .run = command_list,                 \
        .message = &pia_msg_##msg, .fields = (positional), .columns = (cols)                       \
    }

/* The tables, each ended by a NULL name; command_after goes through them all. */
extern const command_t commands_labellisation[];
extern const command_t commands_committee[];
extern const command_t commands_review[];

command_fn command_message; /* any message: positionals and options are its fields */
command_fn command_list;    /* a message answered by pages of items: a table of all of them */
command_fn command_status;
command_fn command_publish;
command_fn command_follow;
command_fn command_work;
command_fn command_transition; /* of any kind: asks, and its message with an s */
command_fn command_record;     /* a message whose body is a file */
command_fn command_drain;
command_fn command_level;
command_fn command_retain;
command_fn command_backup; /* these three are pia-diffusion's, with its database */
command_fn command_restore;
command_fn command_check;
command_fn command_dossier_tool; /* pia-labellisation's, by the second word */
command_fn command_verify;
command_fn command_call;
command_fn command_demo;
command_fn command_deadline;
command_fn command_remedy_file, command_remedy_deadline;
command_fn command_process_check;
command_fn command_process_diff;
command_fn command_process_simulate;
command_fn command_evidence_verify;
command_fn command_evidence_proof; /* an answer as a file */
command_fn command_receipt;
command_fn command_download; /* a file that comes in parts */
command_fn command_piece_put;
command_fn command_piece_get;

/* Options of commands that have their own, each ended by a NULL name. */
extern const flag_t status_flags[];
extern const flag_t retain_flags[];
extern const flag_t restore_flags[];
extern const flag_t publish_flags[];
extern const flag_t follow_flags[];
extern const flag_t work_flags[];
extern const flag_t transition_flags[];
extern const flag_t piece_put_flags[];
extern const flag_t call_flags[];
extern const flag_t record_flags[];
extern const flag_t remedy_flags[];
extern const flag_t process_flags[];
extern const flag_t demo_flags[];
extern const flag_t evidence_proof_flags[];
extern const flag_t download_flags[];

/* The body of a command's message from its arguments; the caller owns it. NULL after having said
 * what is wrong. */
json_t *command_body(const command_t *command, const arguments_t *arguments);

/* How an answer is printed for people. */
typedef void command_print_fn(const json_t *answer);

/* Sends a message with this body (taken) and prints the answer: as JSON where that is wanted, else
 * by `print`. Returns the exit code. */
int command_send(cli_t *cli, const pia_message_t *message, json_t *body, command_print_fn *print);

/* The same with the command's message and the body from its arguments. */
int command_ask(cli_t *cli,
                const command_t *command,
                const arguments_t *arguments,
                command_print_fn *print);

#endif
