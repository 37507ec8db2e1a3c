/* arguments.c - options are --name VALUE, --name=VALUE or, without value, --name. */
#include "arguments.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_SIZE = 64, UNKNOWN = 0, WITHOUT_VALUE = 1 };

/* The name of "--name" or "--name=value", and where its value starts (NULL: not in this word). */
static const char *split(const char *word, char ret_name[NAME_MAX_SIZE])
{
    const char *equals = strchr(word, '=');
    size_t size = equals ? (size_t)(equals - word - 2) : strlen(word + 2);
    if (size >= NAME_MAX_SIZE)
        size = NAME_MAX_SIZE - 1;
    memcpy(ret_name, word + 2, size);
    ret_name[size] = '\0';
    return equals ? equals + 1 : NULL;
}

/* Reads the option at `argv[0]`; returns how many words it has, or -1. */
static int read_option(arguments_t *arguments,
                       char *const *argv,
                       arguments_known_fn *known,
                       const void *arg,
                       char *ret_error)
{
    char name[NAME_MAX_SIZE];
    const char *value = split(argv[0], name);
    int kind = known(arg, name);
    const char *wrong = NULL;
    if (kind == UNKNOWN)
        wrong = "is not an option here";
    else if (kind == WITHOUT_VALUE && value)
        wrong = "takes no value";
    else if (kind != WITHOUT_VALUE && !value && (!argv[1] || strncmp(argv[1], "--", 2) == 0))
        wrong = "needs a value";
    else if (arguments->option_count == ARGUMENTS_MAX)
        wrong = "is one option too many";
    if (wrong) {
        (void)snprintf(ret_error, 256, "--%s %s", name, wrong);
        return -1;
    }
    int words = kind != WITHOUT_VALUE && !value ? 2 : 1;
    if (words == 2)
        value = argv[1];
    arguments->options[arguments->option_count++] = (option_t){.name = argv[0] + 2, .value = value};
    return words;
}

static bool add_positional(arguments_t *arguments, const char *word, char *ret_error)
{
    if (arguments->positional_count == ARGUMENTS_MAX) {
        (void)snprintf(ret_error, 256, "too many arguments");
        return false;
    }
    arguments->positionals[arguments->positional_count++] = word;
    return true;
}

int arguments_read(arguments_t *arguments,
                   char *const *argv,
                   bool stop_at_positional,
                   arguments_known_fn *known,
                   const void *arg,
                   char ret_error[256])
{
    int read = 0;
    bool only_positional = false;
    while (argv[read]) {
        const char *word = argv[read];
        bool option = !only_positional && word[0] == '-' && word[1] != '\0';
        if (!option && stop_at_positional)
            return read;
        if (option && word[1] != '-') {
            (void)snprintf(ret_error, 256, "%s: options begin with two dashes", word);
            return -1;
        }
        int words = 1;
        if (option && word[2] == '\0')
            only_positional = true;
        else if (option)
            words = read_option(arguments, argv + read, known, arg, ret_error);
        else if (!add_positional(arguments, word, ret_error))
            return -1;
        if (words < 0)
            return -1;
        read += words;
    }
    return read;
}

/* Options keep the word as it was written: "name" or "name=value". */
static bool is_named(const option_t *option, const char *name)
{
    size_t size = strcspn(option->name, "=");
    return strlen(name) == size && strncmp(option->name, name, size) == 0;
}

const char *arguments_get(const arguments_t *arguments, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < arguments->option_count; i++)
        if (is_named(&arguments->options[i], name))
            value = arguments->options[i].value ? arguments->options[i].value : "";
    return value;
}
