/* command_transition.c - pia dossier do, pia review do, …: a transition with what it asks for. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"
#include "proto/messages.h"

enum { KIND_SIZE = 64, FIELD_SIZE = 64, VALUE_MAX = 256 * 1024, CHANGES_MAX = 16 };

const flag_t transition_flags[] = {
    {"version", "N", "the version that you have seen (default: the present one)"},
    {"idempotency-key", "TEXT", "a repeat with the same key gets the first answer"},
    {NULL, NULL, NULL},
};

/* A transition's field of this name, or NULL. */
static const json_t *find_field(const json_t *transitions, const char *transition, const char *name)
{
    size_t i = 0, f = 0;
    const json_t *item = NULL, *field = NULL;
    json_array_foreach(json_object_get(transitions, "items"), i, item)
    {
        const char *text = pia_json_text(item, "name");
        if (!text || strcmp(text, transition) != 0)
            continue;
        json_array_foreach(json_object_get(item, "fields"), f, field)
        {
            const char *field_name = pia_json_text(field, "name");
            if (field_name && strcmp(field_name, name) == 0)
                return field;
        }
    }
    return NULL;
}

static json_t *split_list(const char *value)
{
    json_t *list = json_array();
    char *copy = pia_strdup(value);
    char *rest = copy;
    for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ","))
        if (*item)
            json_array_append_new(list, json_string(item));
    free(copy);
    return list;
}

/* "budget:missing,statuts:outdated". */
static json_t *split_pieces(const char *value)
{
    json_t *words = split_list(value), *list = json_array();
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        size_t size = strcspn(word, ":");
        const char *why = word[size] ? word + size + 1 : "missing";
        json_array_append_new(list, json_pack("{s:s%, s:s}", "piece", word, size, "why", why));
    }
    json_decref(words);
    return list;
}

/* "1:present,2:represented:1" and "1:for,2:against": a member, what about it, by whom. */
static json_t *split_members(const char *value, const char *about)
{
    json_t *words = split_list(value), *list = json_array();
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        char *end = NULL;
        long long member = strtoll(word, &end, 10);
        const char *what = *end == ':' ? end + 1 : "";
        size_t size = strcspn(what, ":");
        json_t *item = json_pack("{s:I, s:s%}", "member", (json_int_t)member, about, what, size);
        if (item && what[size] == ':')
            json_object_set_new(item, "by", json_integer(strtoll(what + size + 1, NULL, 10)));
        json_array_append_new(list, item);
    }
    json_decref(words);
    return list;
}

/* The scores of a grid: JSON, [{"criterion", "score", "justification"}]. */
static json_t *read_scores(const char *value)
{
    json_t *scores = json_loads(value, 0, NULL);
    return scores ? scores : json_string(value);
}

/* As the field's type says; unknown fields go as texts, for the service to refuse by name. */
static json_t *read_value(const json_t *field, const char *value)
{
    const char *type = pia_json_text(field, "type");
    if (!type)
        return json_string(value);
    if (strcmp(type, "persons") == 0 || strcmp(type, "codes") == 0 || strcmp(type, "dossiers") == 0)
        return split_list(value);
    if (strcmp(type, "attendances") == 0)
        return split_members(value, "mode");
    if (strcmp(type, "votes") == 0)
        return split_members(value, "vote");
    if (strcmp(type, "pieces") == 0)
        return split_pieces(value);
    if (strcmp(type, "scores") == 0)
        return read_scores(value);
    if (strcmp(type, "boolean") == 0)
        return json_boolean(strcmp(value, "true") == 0 || strcmp(value, "yes") == 0);
    if (strcmp(type, "integer") == 0) {
        char *end = NULL;
        long long number = strtoll(value, &end, 10);
        if (*value && *end == '\0')
            return json_integer(number);
    }
    return json_string(value);
}

/* VALUE itself, or what the file holds that @FILE names; the caller frees it. NULL after having
 * said that the file cannot be read. */
static char *read_word(const cli_t *cli, const char *value)
{
    pia_problem_t problem = {.status = PIA_OK};
    char *text = NULL;
    size_t size = 0;
    if (value[0] != '@')
        return pia_strdup(value);
    if (ask_read_file(cli, value + 1, VALUE_MAX, &text, &size, &problem) == PIA_OK)
        return text;
    (void)ask_say(&problem);
    return NULL;
}

/* NULL after having said which argument is not NAME=VALUE, or which file cannot be read. */
static json_t *read_data(const cli_t *cli, const json_t *transitions, const arguments_t *arguments)
{
    json_t *data = json_object();
    for (size_t i = 2; i < arguments->positional_count; i++) {
        const char *word = arguments->positionals[i];
        const char *equals = strchr(word, '=');
        json_t *value = NULL;
        char name[64];
        if (equals && equals != word) {
            (void)snprintf(name, sizeof name, "%.*s", (int)(equals - word), word);
            char *text = read_word(cli, equals + 1);
            const json_t *field = find_field(transitions, arguments->positionals[1], name);
            value = text ? read_value(field, text) : NULL;
            free(text);
        }
        if (!value) {
            if (!equals || equals == word)
                (void)fprintf(stderr, "pia: '%s' is not NAME=VALUE\n", word);
            json_decref(data);
            return NULL;
        }
        json_object_set_new(data, name, value);
    }
    return data;
}

static json_t *
make_body(const char *kind, const arguments_t *arguments, const json_t *transitions, json_t *data)
{
    const char *version = arguments_get(arguments, "version");
    const char *key = arguments_get(arguments, "idempotency-key");
    json_t *body = json_pack("{s:s, s:s, s:I}", kind, arguments->positionals[0], "transition",
                             arguments->positionals[1], "version",
                             version ? (json_int_t)strtoll(version, NULL, 10)
                                     : pia_json_integer(transitions, "version"));
    if (body && json_object_size(data) > 0)
        json_object_set(body, "data", data);
    if (body && key)
        json_object_set_new(body, "idempotency_key", json_string(key));
    return body;
}

/* The second word of a message's name. */
static void read_kind(const pia_message_t *message, char ret_kind[KIND_SIZE])
{
    const char *word = strchr(message->name, '.') + 1;
    (void)snprintf(ret_kind, KIND_SIZE, "%.*s", (int)strcspn(word, "."), word);
}

/* NAME.transitions or NAME.history, beside the message NAME.transition. */
static const pia_message_t *beside(const pia_message_t *transition, const char *word)
{
    const pia_message_t *const *message = pia_messages;
    size_t size = (size_t)(strrchr(transition->name, '.') + 1 - transition->name);
    while (strncmp((*message)->name, transition->name, size) != 0 ||
           strcmp((*message)->name + size, word) != 0)
        message++;
    return *message;
}

/* What others did since the version that was given, on stderr. */
static void say_changes(cli_t *cli, const pia_message_t *transition, const json_t *body)
{
    char kind[KIND_SIZE], after[24];
    size_t i = 0;
    const json_t *change = NULL;
    json_t *page = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    read_kind(transition, kind);
    (void)snprintf(after, sizeof after, "%" PRId64, pia_json_integer(body, "version"));
    json_t *question = json_pack("{s:O, s:s, s:i}", kind, json_object_get(body, kind), "after",
                                 after, "limit", CHANGES_MAX);
    (void)ask(cli, NULL, beside(transition, "history"), question, &page, &problem);
    json_array_foreach(json_object_get(page, "items"), i, change)
    {
        (void)fprintf(stderr, "  %" PRId64 "  %s  %s -> %s  %s\n",
                      pia_json_integer(change, "number"), pia_json_text(change, "effective_at"),
                      pia_json_text(change, "transition"), pia_json_text(change, "to"),
                      pia_json_text(change, "actor"));
    }
    json_decref(question);
    json_decref(page);
}

/* The field of a transition that a pointer names: what is asked for, on stderr. */
static void say_field(const json_t *transitions, const char *transition, const char *pointer)
{
    static const char data[] = "/data/";
    char name[FIELD_SIZE];
    if (strncmp(pointer, data, sizeof data - 1) != 0)
        return;
    pointer += sizeof data - 1;
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(pointer, "/"), pointer);
    const json_t *field = find_field(transitions, transition, name);
    char *values = print_text(json_object_get(field, "values"));
    if (field)
        (void)fprintf(stderr, "  %s: %s, %s%s%s%s\n", name, pia_json_text_or(field, "label", ""),
                      pia_json_text_or(field, "type", ""), *values ? " (" : "", values,
                      *values ? ")" : "");
    free(values);
}

int command_transition(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    char kind[KIND_SIZE];
    read_kind(command->asks, kind);
    json_t *question = json_pack("{s:s}", kind, arguments->positionals[0]);
    json_t *transitions = NULL, *data = NULL, *body = NULL, *answer = NULL;
    pia_problem_t problem = {.status = PIA_OK};
    int code = EXIT_USAGE;
    if (!question || ask(cli, NULL, beside(command->asks, "transitions"), question, &transitions,
                         &problem) != PIA_OK) {
        code = question ? ask_say(&problem) : EXIT_USAGE;
        goto out;
    }
    data = read_data(cli, transitions, arguments);
    body = data ? make_body(kind, arguments, transitions, data) : NULL;
    if (!body)
        goto out;
    if (ask(cli, NULL, command->asks, body, &answer, &problem) != PIA_OK) {
        code = ask_say(&problem);
        say_field(transitions, arguments->positionals[1], problem.pointer);
        if (problem.status == PIA_CONFLICT && strcmp(problem.pointer, "/version") == 0)
            say_changes(cli, command->asks, body);
        goto out;
    }
    if (cli->as_json)
        print_json(answer);
    else
        print_object(answer);
    code = EXIT_DONE;
out:
    json_decref(question);
    json_decref(transitions);
    json_decref(data);
    json_decref(body);
    json_decref(answer);
    return code;
}
