/* cli.h - the command line: what every command is given, and what it is in the table. */
#ifndef CLI_H
#define CLI_H

#include "arguments.h"
#include "pia/client.h"
#include "pia/token.h"

/* What the shell is told. */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1,
    EXIT_USAGE = 2,
    EXIT_UNAVAILABLE = 3,
    EXIT_DAMAGED = 4, /* pia journal verify */
};

/* What a command runs with. The process has changed to the data directory. */
typedef struct {
    const char *data;   /* as given */
    const char *broker; /* endpoints */
    const char *diffusion;
    const char *key_file; /* NULL: admin.key of the data directory, if it can be read */
    int64_t timeout_ms;   /* of each request */
    bool as_json;
    int directory; /* descriptor of where the command was called, for file names */
    void *zmq;
    pia_client_t *client;
    uint8_t token[PIA_TOKEN_MAX];
    size_t token_size;
    int64_t token_until_ms; /* monotonic; 0: none yet */
} cli_t;

typedef struct command command_t;

/* Runs a command; returns an exit code, having said why on stderr if it is not 0. */
typedef int command_fn(cli_t *cli, const command_t *command, const arguments_t *arguments);

struct command {
    const char *name;     /* one or two words: "pole list" */
    const char *synopsis; /* its positional arguments, for people: "CODE" */
    const char *help;     /* one line */
    command_fn *run;
    const pia_message_t *message; /* its fields are options too; NULL: none */
    const pia_message_t *asks;    /* what it asks, with a body of its own making; NULL: none */
    const char *fields;           /* the message's fields that are positional, in order: "code" */
    const char *columns;          /* of a list's table: "code name state" */
    const flag_t *flags;          /* options of its own, ended by a NULL name; or NULL */
    int positional_min, positional_max; /* without fields: how many */
};

/* The command after this one (NULL: the first), NULL after the last. */
const command_t *command_after(const command_t *command);

int cli_main(int argc, char **argv);

#endif
