/* cli.c - from argv to a command of the table, and what it runs with. */
#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "commands.h"
#include "fields.h"
#include "pia/log.h"
#include "print.h"

enum { ERROR_SIZE = 256, TIMEOUT_MAX_S = 60, LINGER_MS = 1000 };

/* Options that every command has. */
static const flag_t COMMON[] = {
    {"data", "DIR", "the data directory (default ./var)"},
    {"broker", "ENDPOINT", "the broker (default ipc://run/broker.sock in it)"},
    {"diffusion", "ENDPOINT", "the journal's socket (default ipc://run/diffusion.sock in it)"},
    {"key", "FILE", "a file with an API key (default admin.key in it)"},
    {"timeout", "SECONDS", "how long to wait for each answer, 1 to 60 (default 10)"},
    {"json", NULL, "JSON for programs"},
    {"help", NULL, "what a command is for"},
    {NULL, NULL, NULL},
};

static int known_flag(const flag_t *flags, const char *name)
{
    for (; flags && flags->name; flags++)
        if (strcmp(flags->name, name) == 0)
            return flags->value ? 2 : 1;
    return 0;
}

static int known_before(const void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "version") == 0 ? 1 : known_flag(COMMON, name);
}

/* A command's own options come before everybody's: --version of a message is its field. */
static int known_after(const void *arg, const char *name)
{
    const command_t *command = arg;
    int known = known_flag(command->flags, name);
    if (known == 0 && command->message)
        known = fields_known(command->message->request, name);
    return known != 0 ? known : known_flag(COMMON, name);
}

/* How many words of argv are the command's name; 0 if they are another one's. */
static int match(const command_t *command, char *const *argv)
{
    const char *space = strchr(command->name, ' ');
    if (!space)
        return strcmp(command->name, argv[0]) == 0 ? 1 : 0;
    size_t size = (size_t)(space - command->name);
    bool first = strlen(argv[0]) == size && strncmp(command->name, argv[0], size) == 0;
    return first && argv[1] && strcmp(space + 1, argv[1]) == 0 ? 2 : 0;
}

static const command_t *find_command(char *const *argv, int *ret_words)
{
    for (const command_t *command = NULL; (command = command_after(command)) != NULL;) {
        *ret_words = match(command, argv);
        if (*ret_words > 0)
            return command;
    }
    return NULL;
}

/* A line of help in two columns, the first `columns` wide. */
static void print_line(FILE *out, const char *left, size_t columns, const char *help)
{
    (void)fprintf(out, "  %s", left);
    for (size_t i = print_width(left); i < columns; i++)
        (void)fputc(' ', out);
    (void)fprintf(out, " %s\n", help);
}

static void print_flags(const flag_t *flags)
{
    for (; flags && flags->name; flags++) {
        char option[64];
        (void)snprintf(option, sizeof option, "--%s %s", flags->name,
                       flags->value ? flags->value : "");
        print_line(stdout, option, 22, flags->help);
    }
}

static void print_command(FILE *out, const command_t *command)
{
    char line[96];
    (void)snprintf(line, sizeof line, "%s %s", command->name, command->synopsis);
    print_line(out, line, 46, command->help);
}

/* Whether their first words are the same. */
static bool is_beside(const command_t *one, const command_t *other)
{
    size_t size = strcspn(one->name, " ");
    return size == strcspn(other->name, " ") && strncmp(one->name, other->name, size) == 0;
}

static bool is_first(const command_t *command)
{
    for (const command_t *other = NULL; (other = command_after(other)) != command;)
        if (is_beside(command, other))
            return false;
    return true;
}

/* All commands, those of a noun together whichever table they are in. */
static void print_all(FILE *out)
{
    for (const command_t *first = NULL; (first = command_after(first)) != NULL;) {
        if (!is_first(first))
            continue;
        for (const command_t *command = NULL; (command = command_after(command)) != NULL;)
            if (is_beside(first, command))
                print_command(out, command);
    }
}

/* All commands, or those that begin with `word`. */
static void print_commands(FILE *out, const char *word)
{
    if (!word) {
        print_all(out);
        return;
    }
    for (const command_t *command = NULL; (command = command_after(command)) != NULL;)
        if (strncmp(command->name, word, strlen(word)) == 0)
            print_command(out, command);
}

static int print_help(void)
{
    (void)puts("usage: pia [options] COMMAND [arguments]\n");
    print_commands(stdout, NULL);
    (void)puts("\noptions:");
    print_flags(COMMON);
    (void)puts("\npia COMMAND --help tells more. 0: done, 1: refused, 2: wrong usage, 3: "
               "unavailable, 4: damaged.");
    return EXIT_DONE;
}

static int print_command_help(const command_t *command)
{
    (void)printf("usage: pia %s [options] %s\n\n%s\n", command->name, command->synopsis,
                 command->help);
    if (command->flags)
        (void)puts("\noptions:");
    print_flags(command->flags);
    if (command->message)
        fields_print_help(command->message->request, command->fields,
                          command->flags ? "" : "\noptions:\n");
    if (command->run == command_record)
        fields_print_members(command->asks->request);
    return EXIT_DONE;
}

static int usage(const char *error)
{
    (void)fprintf(stderr, "pia: %s\n", error);
    return EXIT_USAGE;
}

/* Whether commands begin with the word. */
static bool is_group(const char *word)
{
    for (const command_t *command = NULL; (command = command_after(command)) != NULL;)
        if (strncmp(command->name, word, strlen(word)) == 0)
            return true;
    return false;
}

/* pia key --help: what there is to do with keys. */
static bool wants_group_help(char *const *argv)
{
    return argv[1] && strcmp(argv[1], "--help") == 0 && is_group(argv[0]);
}

static int unknown_command(char *const *argv)
{
    if (wants_group_help(argv)) {
        print_commands(stdout, argv[0]);
        return EXIT_DONE;
    }
    bool two = argv[1] && argv[1][0] != '-';
    (void)fprintf(stderr, "pia: no command '%s%s%s'; there are:\n", argv[0], two ? " " : "",
                  two ? argv[1] : "");
    print_commands(stderr, is_group(argv[0]) ? argv[0] : NULL);
    return EXIT_USAGE;
}

static int count_words(const char *text)
{
    int words = 0;
    for (const char *at = text; *at; at += strspn(at, " ")) {
        words++;
        at += strcspn(at, " ");
    }
    return words;
}

static bool count_is_right(const command_t *command, const arguments_t *arguments)
{
    int min = command->fields ? count_words(command->fields) : command->positional_min;
    int max = command->fields ? min : command->positional_max;
    int count = (int)arguments->positional_count;
    return count >= min && count <= max;
}

static bool read_timeout(cli_t *cli, const char *text)
{
    if (!text)
        return true;
    char *end = NULL;
    long seconds = strtol(text, &end, 10);
    cli->timeout_ms = seconds * 1000;
    return *text && *end == '\0' && seconds >= 1 && seconds <= TIMEOUT_MAX_S;
}

/* From the options before and after the command; false after having said what is wrong. */
static bool settle(cli_t *cli, const arguments_t *arguments)
{
    const char *data = arguments_get(arguments, "data");
    const char *broker = arguments_get(arguments, "broker");
    const char *diffusion = arguments_get(arguments, "diffusion");
    cli->data = data ? data : "var";
    cli->broker = broker ? broker : "ipc://run/broker.sock";
    cli->diffusion = diffusion ? diffusion : "ipc://run/diffusion.sock";
    cli->key_file = arguments_get(arguments, "key");
    cli->as_json = arguments_get(arguments, "json") != NULL;
    cli->timeout_ms = 10000;
    if (!read_timeout(cli, arguments_get(arguments, "timeout"))) {
        (void)usage("--timeout is not 1 to 60 seconds");
        return false;
    }
    return true;
}

static int run(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    cli->directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (chdir(cli->data) != 0) {
        (void)fprintf(stderr, "pia: the data directory %s: %m\n", cli->data);
        (void)close(cli->directory);
        return EXIT_UNAVAILABLE;
    }
    cli->zmq = zmq_ctx_new();
    cli->client = pia_client_new(cli->zmq, cli->broker);
    int code = command->run(cli, command, arguments);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = EXIT_REFUSED;
    pia_client_destroy(&cli->client);
    (void)zmq_ctx_term(cli->zmq);
    (void)close(cli->directory);
    return code;
}

/* Everything goes into JSON: what is no UTF-8 is refused here, for all commands. */
static bool is_text(char *const *argv)
{
    for (; *argv; argv++) {
        json_t *text = json_string(*argv);
        if (!text)
            return false;
        json_decref(text);
    }
    return true;
}

int cli_main(int argc, char **argv)
{
    (void)argc;
    if (!is_text(argv))
        return usage("the command line is not UTF-8");
    static arguments_t arguments; /* large; one command a process */
    char error[ERROR_SIZE];
    int words = 0;
    int read = arguments_read(&arguments, argv + 1, true, known_before, NULL, error);
    if (read < 0)
        return usage(error);
    arguments.before_count = arguments.option_count;
    char *const *rest = argv + 1 + read;
    if (arguments_get(&arguments, "version"))
        return puts("pia " PIA_VERSION) < 0 ? EXIT_REFUSED : EXIT_DONE;
    if (!rest[0])
        return arguments_get(&arguments, "help") ? print_help() : (print_help(), EXIT_USAGE);
    const command_t *command = find_command(rest, &words);
    if (!command)
        return strcmp(rest[0], "help") == 0 ? print_help() : unknown_command(rest);
    if (arguments_read(&arguments, rest + words, false, known_after, command, error) < 0)
        return usage(error);
    if (arguments_get(&arguments, "help"))
        return print_command_help(command);
    if (!count_is_right(command, &arguments)) {
        (void)fprintf(stderr, "usage: pia %s [options] %s\n", command->name, command->synopsis);
        return EXIT_USAGE;
    }
    cli_t cli = {.directory = -1};
    pia_log_init("pia", "pia", PIA_LOG_ERROR, false);
    return settle(&cli, &arguments) ? run(&cli, command, &arguments) : EXIT_USAGE;
}
