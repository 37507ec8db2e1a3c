/* command_process_diff.c - pia process diff: what differs between two definitions. Lists of what
 * has names are compared by name, and their order where that has changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "commands.h"
#include "pia/json.h"
#include "pia/memory.h"
#include "print.h"

enum { FILE_MAX = 256 * 1024, PATH_SIZE = 512, NAME_SIZE = 80 };

static const char *name_of(const json_t *item)
{
    return pia_json_text(item, "name");
}

static const json_t *find_named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = name_of(json_array_get(list, i));
        if (text && strcmp(text, name) == 0)
            return json_array_get(list, i);
    }
    return NULL;
}

/* Whether each item has a name of its own. */
static bool has_names(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (!name_of(item) || find_named(list, name_of(item)) != item)
            return false;
    }
    return json_array_size(list) > 0;
}

static void add_change(json_t *changes, const char *at, const json_t *before, const json_t *after)
{
    json_array_append_new(changes, json_pack("{s:s, s:s, s:O*, s:O*}", "at", at, "change",
                                             !before  ? "added"
                                             : !after ? "removed"
                                                      : "changed",
                                             "before", before, "after", after));
}

static void compare(json_t *changes, const char *at, const json_t *before, const json_t *after);

static void compare_member(
    json_t *changes, const char *at, const char *name, const json_t *before, const json_t *after)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", at, name);
    compare(changes, path, before, after);
}

static void
compare_objects(json_t *changes, const char *at, const json_t *before, const json_t *after)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)before, key, value)
    {
        compare_member(changes, at, key, value, json_object_get(after, key));
    }
    json_object_foreach((json_t *)after, key, value)
    {
        if (!json_object_get(before, key))
            compare_member(changes, at, key, NULL, value);
    }
}

/* The names that both lists have, in the order of the first. */
static json_t *common_names(const json_t *list, const json_t *other)
{
    json_t *names = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = name_of(json_array_get(list, i));
        if (find_named(other, name))
            json_array_append_new(names, json_string(name));
    }
    return names;
}

static void
compare_order(json_t *changes, const char *at, const json_t *before, const json_t *after)
{
    char path[PATH_SIZE];
    json_t *was = common_names(before, after), *is = common_names(after, before);
    (void)snprintf(path, sizeof path, "%s (order)", at);
    if (!json_equal(was, is))
        add_change(changes, path, was, is);
    json_decref(was);
    json_decref(is);
}

static void
compare_named(json_t *changes, const char *at, const json_t *before, const json_t *after)
{
    for (size_t i = 0; i < json_array_size(before); i++) {
        const json_t *item = json_array_get(before, i);
        compare_member(changes, at, name_of(item), item, find_named(after, name_of(item)));
    }
    for (size_t i = 0; i < json_array_size(after); i++) {
        const json_t *item = json_array_get(after, i);
        if (!find_named(before, name_of(item)))
            compare_member(changes, at, name_of(item), NULL, item);
    }
    compare_order(changes, at, before, after);
}

static void compare(json_t *changes, const char *at, const json_t *before, const json_t *after)
{
    if (json_is_object(before) && json_is_object(after))
        compare_objects(changes, at, before, after);
    else if (has_names(before) && has_names(after))
        compare_named(changes, at, before, after);
    else if (!before || !after || !json_equal(before, after))
        add_change(changes, at, before, after);
}

static void print_changes(const json_t *changes)
{
    size_t i;
    json_t *change;
    json_array_foreach(changes, i, change)
    {
        const json_t *before = json_object_get(change, "before");
        const json_t *after = json_object_get(change, "after");
        char *was = before ? print_text(before) : NULL, *is = after ? print_text(after) : NULL;
        (void)printf("%s %s", !before ? "+" : !after ? "-" : "~", pia_json_text(change, "at"));
        if (was && is)
            (void)printf(": %s -> %s", was, is);
        else if (!json_is_object(before ? before : after))
            (void)printf(": %s", was ? was : is);
        (void)putchar('\n');
        free(was);
        free(is);
    }
}

/* NAME or NAME.VERSION, as process.get asks for it; the caller owns it. */
static json_t *question_of(const char *word)
{
    char name[NAME_SIZE];
    const char *dot = strrchr(word, '.');
    size_t size = dot ? (size_t)(dot - word) : strlen(word);
    (void)snprintf(name, sizeof name, "%.*s", size < NAME_SIZE ? (int)size : NAME_SIZE - 1, word);
    json_t *body = json_pack("{s:s}", "name", name);
    if (dot)
        json_object_set_new(body, "version", json_integer(strtoll(dot + 1, NULL, 10)));
    return body;
}

/* A definition's file, which has a name with a slash or ends in .json, or one that is stored. */
static pia_status_t read_definition(cli_t *cli,
                                    const command_t *command,
                                    const char *word,
                                    json_t **ret_definition,
                                    pia_problem_t *problem)
{
    size_t length = strlen(word), size = 0;
    bool file = strchr(word, '/') || (length > 5 && strcmp(word + length - 5, ".json") == 0);
    char *text = NULL;
    json_t *answer = NULL;
    if (file) {
        pia_status_t status = ask_read_file(cli, word, FILE_MAX, &text, &size, problem);
        if (status == PIA_OK)
            status = pia_json_parse(text, size, ret_definition, problem);
        free(text);
        return status;
    }
    json_t *body = question_of(word);
    pia_status_t status = ask(cli, NULL, command->asks, body, &answer, problem);
    if (status == PIA_OK)
        *ret_definition = json_incref(json_object_get(answer, "definition"));
    json_decref(body);
    json_decref(answer);
    return status;
}

int command_process_diff(cli_t *cli, const command_t *command, const arguments_t *arguments)
{
    json_t *before = NULL, *after = NULL, *changes = json_array();
    pia_problem_t problem = {.status = PIA_OK};
    pia_status_t status =
        read_definition(cli, command, arguments->positionals[0], &before, &problem);
    if (status == PIA_OK)
        status = read_definition(cli, command, arguments->positionals[1], &after, &problem);
    if (status == PIA_OK) {
        compare(changes, "", before, after);
        if (cli->as_json)
            print_json(changes);
        else
            print_changes(changes);
    }
    json_decref(before);
    json_decref(after);
    json_decref(changes);
    return status == PIA_OK ? EXIT_DONE : ask_say(&problem);
}
