/* command_remedy.c - pia remedy file: a remedy against a decision, with what its creation asks for;
 * pia remedy deadline: until when. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "pia/json.h"
#include "print.h"

static const char COLUMNS[] = "from to effect text article";

const flag_t remedy_flags[] = {
    {"idempotency-key", "TEXT", "a repeat with the same key gets the first answer"},
    {NULL, NULL, NULL},
};

/* NULL after having said which argument is not NAME=VALUE. */
static json_t *read_data(const arguments_t *arguments)
{
    json_t *data = json_object();
    for (size_t i = 3; i < arguments->positional_count; i++) {
        const char *word = arguments->positionals[i], *equals = strchr(word, '=');
        char name[64];
        if (!equals || equals == word) {
            (void)fprintf(stderr, "pia: '%s' is not NAME=VALUE\n", word);
            json_decref(data);
            return NULL;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
        json_object_set_new(data, name, json_string(equals + 1));
    }
    return data;
}

int command_remedy_file(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    const char *kind = arguments->positionals[0],
               *key = arguments_get(arguments, "idempotency-key");
    if (strcmp(kind, "dossier") != 0 && strcmp(kind, "label") != 0) {
        (void)fprintf(stderr, "pia: '%s' is neither dossier nor label\n", kind);
        return EXIT_USAGE;
    }
    json_t *data = read_data(arguments);
    if (!data)
        return EXIT_USAGE;
    json_t *body = json_pack("{s:s, s:s, s:o, s:s*}", kind, arguments->positionals[1], "transition",
                             arguments->positionals[2], "data", data, "idempotency_key", key);
    return command_send(cli, command->asks, body, print_object);
}

static void print_way(const json_t *way)
{
    const char *day = pia_json_text(way, "last_day");
    (void)printf("%s (%s)\n\n", pia_json_text(way, "label"), pia_json_text(way, "article"));
    print_table(json_object_get(way, "segments"), COLUMNS);
    (void)printf("last day: %s\n\n", day ? day : "none, the period does not run");
}

static void print_ways(const json_t *answer)
{
    size_t i;
    const json_t *way;
    json_array_foreach(json_object_get(answer, "items"), i, way) print_way(way);
}

int command_remedy_deadline(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    return command_ask(cli, command, arguments, print_ways);
}
