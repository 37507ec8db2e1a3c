/* config.c - settings from defaults, file, environment and command line, in that order. */
#include "pia/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "pia/log.h"
#include "pia/memory.h"

/* The service's short name: "registry" of "pia-registry". */
static const char *short_name(const char *program)
{
    return strncmp(program, "pia-", 4) == 0 ? program + 4 : program;
}

/* A copy of a default, with {name} replaced. */
static char *expand(const char *value, const char *program)
{
    static const char mark[] = "{name}";
    const char *at = value ? strstr(value, mark) : NULL;
    if (!at) {
        return pia_strdup(value);
    }
    const char *name = short_name(program);
    size_t size = strlen(value) + strlen(name) + 1;
    char *result = pia_alloc(size);
    (void)snprintf(result, size, "%.*s%s%s", (int)(at - value), value, name, at + sizeof mark - 1);
    return result;
}

static pia_config_t *config_new(const char *program, const pia_option_t *const *tables)
{
    pia_config_t *self = pia_alloc(sizeof *self);
    self->program = program;
    for (; *tables; tables++) {
        for (const pia_option_t *option = *tables; option->key; option++) {
            self->settings = pia_realloc(self->settings, (self->count + 1) * sizeof(pia_setting_t));
            self->settings[self->count++] =
                (pia_setting_t){.option = option, .value = expand(option->value, program)};
        }
    }
    return self;
}

void pia_config_destroy(pia_config_t **config_p)
{
    pia_config_t *self = *config_p;
    *config_p = NULL;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < self->count; i++) {
        free(self->settings[i].value);
    }
    free(self->settings);
    free(self);
}

/* Whether names are the same, "-" standing for "_". */
static bool is_same_name(const char *text, const char *name)
{
    for (; *text && *name; text++, name++) {
        if ((*text == '-' ? '_' : *text) != *name) {
            return false;
        }
    }
    return *text == *name;
}

pia_setting_t *pia_config_find(const pia_config_t *self, const char *section, const char *key)
{
    for (size_t i = 0; i < self->count; i++) {
        const pia_option_t *option = self->settings[i].option;
        if (is_same_name(section, option->section) && is_same_name(key, option->key)) {
            return &self->settings[i];
        }
    }
    return NULL;
}

static bool is_boolean(const char *text, bool *ret_value)
{
    static const char *const yes[] = {"true", "yes", "on", "1"};
    static const char *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *ret_value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool is_integer(const char *text, int64_t *ret_value)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || isspace((unsigned char)text[0])) {
        return false;
    }
    *ret_value = value;
    return true;
}

static pia_status_t check_integer(const pia_option_t *option,
                                  const char *value,
                                  const char *where,
                                  pia_problem_t *problem)
{
    int64_t number = 0;
    if (is_integer(value, &number) && number >= option->min && number <= option->max) {
        return PIA_OK;
    }
    return pia_problem_set(problem, PIA_INVALID, "",
                           "%s: must be an integer from %" PRId64 " to %" PRId64 ".", where,
                           option->min, option->max);
}

static pia_status_t check_value(const pia_option_t *option,
                                const char *value,
                                const char *where,
                                pia_problem_t *problem)
{
    bool good = true, boolean = false;
    pia_log_level_t level = PIA_LOG_INFO;
    const char *words = "";
    switch (option->type) {
    case PIA_OPTION_TEXT:
        break;
    case PIA_OPTION_INTEGER:
        return check_integer(option, value, where, problem);
    case PIA_OPTION_BOOLEAN:
        good = is_boolean(value, &boolean);
        words = "true or false";
        break;
    case PIA_OPTION_LOG_LEVEL:
        good = pia_log_level_parse(value, &level);
        words = "error, warn, info or debug";
        break;
    case PIA_OPTION_LOG_FORMAT:
        good = strcmp(value, "text") == 0 || strcmp(value, "json") == 0;
        words = "text or json";
        break;
    }
    return good ? PIA_OK
                : pia_problem_set(problem, PIA_INVALID, "", "%s: must be %s.", where, words);
}

/* Gives a setting its value; `where` names the line, variable or flag. */
pia_status_t pia_config_assign(pia_setting_t *setting,
                               const char *value,
                               const char *where,
                               pia_problem_t *problem)
{
    pia_status_t status = check_value(setting->option, value, where, problem);
    if (status != PIA_OK) {
        return status;
    }
    free(setting->value);
    setting->value = pia_strdup(value);
    return PIA_OK;
}

/* PIA_SECTION_KEY in capitals. */
static void variable_name(const pia_option_t *option, char ret_name[CONFIG_NAME_SIZE])
{
    (void)snprintf(ret_name, CONFIG_NAME_SIZE, "PIA_%s_%s", option->section, option->key);
    for (char *c = ret_name; *c; c++) {
        if (*c == '-') {
            *c = '_';
        } else {
            *c = (char)toupper((unsigned char)*c);
        }
    }
}

/* Variables that match no option are ignored: several programs share an environment. */
static pia_status_t read_environment(pia_config_t *self, pia_problem_t *problem)
{
    for (size_t i = 0; i < self->count; i++) {
        char name[CONFIG_NAME_SIZE];
        variable_name(self->settings[i].option, name);
        const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): main has no threads yet
        pia_status_t status =
            value ? pia_config_assign(&self->settings[i], value, name, problem) : PIA_OK;
        if (status != PIA_OK) {
            return status;
        }
    }
    return PIA_OK;
}

/* Whether a flag is "key" or "section.key" of an option. */
static bool is_flag_of(const char *flag, const pia_option_t *option)
{
    char full[CONFIG_NAME_SIZE];
    (void)snprintf(full, sizeof full, "%s.%s", option->section, option->key);
    return is_same_name(flag, full) || is_same_name(flag, option->key);
}

/* The setting of a flag; NULL if unknown, or if the key alone stands in two sections. */
static pia_setting_t *find_flag(const pia_config_t *self, const char *flag)
{
    pia_setting_t *found = NULL;
    for (size_t i = 0; i < self->count; i++) {
        bool match = is_flag_of(flag, self->settings[i].option);
        if (match && found) {
            return NULL;
        }
        found = match ? &self->settings[i] : found;
    }
    return found;
}

/* The command line: one argument after the other. */
typedef struct {
    int count;
    char **values;
    int next;
    char flag[CONFIG_NAME_SIZE]; /* the last one, without its dashes and its =value */
} arguments_t;

/* Splits the next argument into flag and value (NULL: none after =). */
static pia_status_t next_flag(arguments_t *self, const char **ret_value, pia_problem_t *problem)
{
    const char *argument = self->values[self->next++];
    size_t size = strcspn(argument, "=");
    if (strncmp(argument, "--", 2) != 0 || size <= 2 || size - 2 >= sizeof self->flag) {
        return pia_problem_set(problem, PIA_INVALID, "", "%.60s: not an option.", argument);
    }
    memcpy(self->flag, argument + 2, size - 2);
    self->flag[size - 2] = '\0';
    *ret_value = argument[size] == '=' ? argument + size + 1 : NULL;
    return PIA_OK;
}

/* The value of the last flag: after its "=", or the next argument; a boolean alone is true. */
static const char *flag_value(arguments_t *self, const char *given, bool boolean)
{
    if (given) {
        return given;
    }
    bool has_next = self->next < self->count;
    if (boolean && (!has_next || strncmp(self->values[self->next], "--", 2) == 0)) {
        return "true";
    }
    return has_next ? self->values[self->next++] : NULL;
}

/* --config, --help, --version and --check-config; PIA_NOT_FOUND if the flag is none of them. */
static pia_status_t read_special(pia_config_t *self, arguments_t *arguments, const char *given)
{
    if (strcmp(arguments->flag, "config") == 0) {
        self->path = flag_value(arguments, given, false);
        return self->path ? PIA_OK : PIA_INVALID;
    }
    if (strcmp(arguments->flag, "help") == 0) {
        self->action = CONFIG_HELP;
    } else if (strcmp(arguments->flag, "version") == 0) {
        self->action = CONFIG_VERSION;
    } else if (strcmp(arguments->flag, "check-config") == 0) {
        self->action = CONFIG_CHECK;
    } else {
        return PIA_NOT_FOUND;
    }
    return given ? PIA_INVALID : PIA_OK;
}

static pia_status_t read_flag(pia_config_t *self,
                              arguments_t *arguments,
                              const char *given,
                              bool assigning,
                              pia_problem_t *problem)
{
    char where[CONFIG_NAME_SIZE + 2];
    (void)snprintf(where, sizeof where, "--%s", arguments->flag);
    pia_setting_t *setting = find_flag(self, arguments->flag);
    if (!setting) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: unknown option.", where);
    }
    const char *value = flag_value(arguments, given, setting->option->type == PIA_OPTION_BOOLEAN);
    if (!value) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: needs a value.", where);
    }
    return assigning ? pia_config_assign(setting, value, where, problem) : PIA_OK;
}

/* Goes through the command line: once to find the file and what to do, once for the values. */
static pia_status_t
read_arguments(pia_config_t *self, int argc, char **argv, bool assigning, pia_problem_t *problem)
{
    arguments_t arguments = {.count = argc, .values = argv, .next = 1};
    while (arguments.next < argc) {
        const char *given = NULL;
        pia_status_t status = next_flag(&arguments, &given, problem);
        if (status != PIA_OK) {
            return status;
        }
        status = read_special(self, &arguments, given);
        if (status == PIA_INVALID) {
            return pia_problem_set(problem, PIA_INVALID, "", "--%s: bad use.", arguments.flag);
        }
        if (status == PIA_NOT_FOUND) {
            status = read_flag(self, &arguments, given, assigning, problem);
        }
        if (status != PIA_OK) {
            return status;
        }
    }
    return PIA_OK;
}

static pia_status_t check_complete(const pia_config_t *self, pia_problem_t *problem)
{
    for (size_t i = 0; i < self->count; i++) {
        const pia_option_t *option = self->settings[i].option;
        if (!self->settings[i].value) {
            return pia_problem_set(problem, PIA_INVALID, "", "--%s: must be given.", option->key);
        }
    }
    return PIA_OK;
}

static pia_status_t load(pia_config_t *self, int argc, char **argv, pia_problem_t *problem)
{
    pia_status_t status = read_arguments(self, argc, argv, false, problem);
    if (status != PIA_OK || self->action == CONFIG_HELP || self->action == CONFIG_VERSION) {
        return status;
    }
    if (self->path) {
        status = pia_config_read_file(self, problem);
    }
    if (status == PIA_OK) {
        status = read_environment(self, problem);
    }
    if (status == PIA_OK) {
        status = read_arguments(self, argc, argv, true, problem);
    }
    return status == PIA_OK ? check_complete(self, problem) : status;
}

pia_status_t pia_config_load(const char *program,
                             const pia_option_t *const *tables,
                             int argc,
                             char **argv,
                             pia_config_t **ret_config,
                             pia_problem_t *problem)
{
    pia_config_t *self = config_new(program, tables);
    pia_status_t status = load(self, argc, argv, problem);
    if (status == PIA_OK && self->action == CONFIG_RUN) {
        *ret_config = self;
        return PIA_OK;
    }
    if (status == PIA_OK) {
        if (self->action == CONFIG_HELP) {
            pia_config_print_help(self);
        } else if (self->action == CONFIG_VERSION) {
            (void)printf("%s %s\n", program, PIA_VERSION);
        } else {
            (void)printf("%s: the configuration is right\n", program);
        }
        *ret_config = NULL;
    }
    pia_config_destroy(&self);
    return status;
}

static const pia_setting_t *
get(const pia_config_t *self, const char *section, const char *key, pia_option_type_t type)
{
    const pia_setting_t *setting = pia_config_find(self, section, key);
    assert(setting && setting->option->type == type);
    (void)type;
    return setting;
}

const char *pia_config_text(const pia_config_t *config, const char *section, const char *key)
{
    const pia_setting_t *setting = pia_config_find(config, section, key);
    assert(setting && setting->option->type != PIA_OPTION_INTEGER &&
           setting->option->type != PIA_OPTION_BOOLEAN);
    return setting->value;
}

int64_t pia_config_integer(const pia_config_t *config, const char *section, const char *key)
{
    int64_t value = 0;
    bool valid = is_integer(get(config, section, key, PIA_OPTION_INTEGER)->value, &value);
    assert(valid);
    (void)valid;
    return value;
}

bool pia_config_boolean(const pia_config_t *config, const char *section, const char *key)
{
    bool value = false;
    bool valid = is_boolean(get(config, section, key, PIA_OPTION_BOOLEAN)->value, &value);
    assert(valid);
    (void)valid;
    return value;
}

pia_log_level_t pia_config_log_level(const pia_config_t *config)
{
    pia_log_level_t level = PIA_LOG_INFO;
    bool valid = pia_log_level_parse(
        get(config, "service", "log_level", PIA_OPTION_LOG_LEVEL)->value, &level);
    assert(valid);
    (void)valid;
    return level;
}
