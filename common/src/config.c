/* config.c - settings from defaults, file, environment and command line, in that order. */
#include "pia/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum { NAME_SIZE = 128, HELP_COLUMN_MAX = 40 };

/* One option and its present value. */
typedef struct {
    const pia_option_t *option;
    char *value; /* NULL: not given */
    bool in_file;
} setting_t;

struct pia_config {
    setting_t *settings;
    size_t count;
    const char *program;
    const char *path; /* of the file; NULL: none */
    enum { RUN, HELP, VERSION, CHECK } action;
};

const pia_option_t pia_service_options[] = {
    {"service", "data", PIA_OPTION_TEXT, ".", 0, 0,
     "data directory; all other paths are relative to it"},
    {"service", "instance", PIA_OPTION_TEXT, "", 0, 0,
     "name among the running instances; empty: NAME-PID"},
    {"service", "broker", PIA_OPTION_TEXT, "ipc://run/broker.sock", 0, 0, "the broker's endpoint"},
    {"service", "diffusion", PIA_OPTION_TEXT, "ipc://run/diffusion.sock", 0, 0,
     "the journal's endpoint"},
    {"service", "database", PIA_OPTION_TEXT, "sqlite:{name}.db", 0, 0, "URL of the database"},
    {"service", "redis", PIA_OPTION_TEXT, "unix:run/redis.sock", 0, 0,
     "URL of the cache; empty: none"},
    {"service", "key_file", PIA_OPTION_TEXT, "run/keys/{name}.key", 0, 0,
     "file with the service's API key"},
    {"service", "token_key", PIA_OPTION_TEXT, "run/token.pub", 0, 0,
     "file with the public key of tokens"},
    {"service", "log_level", PIA_OPTION_TEXT, "info", 0, 0, "error, warn, info or debug"},
    {"service", "log_format", PIA_OPTION_TEXT, "text", 0, 0, "text or json"},
    {"service", "window", PIA_OPTION_INTEGER, "64", 1, 4096,
     "requests taken at once from the broker"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

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
            self->settings = pia_realloc(self->settings, (self->count + 1) * sizeof(setting_t));
            self->settings[self->count++] =
                (setting_t){.option = option, .value = expand(option->value, program)};
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

static setting_t *find(const pia_config_t *self, const char *section, const char *key)
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

/* Gives a setting its value; `where` names the line, variable or flag. */
static pia_status_t
assign(setting_t *setting, const char *value, const char *where, pia_problem_t *problem)
{
    const pia_option_t *option = setting->option;
    int64_t number = 0;
    bool boolean = false;
    if (option->type == PIA_OPTION_INTEGER &&
        (!is_integer(value, &number) || number < option->min || number > option->max)) {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "%s: must be an integer from %" PRId64 " to %" PRId64 ".", where,
                               option->min, option->max);
    }
    if (option->type == PIA_OPTION_BOOLEAN && !is_boolean(value, &boolean)) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: must be true or false.", where);
    }
    free(setting->value);
    setting->value = pia_strdup(value);
    return PIA_OK;
}

/* Reading a file. Debian's inih does not tell the handler the line, so the reader counts. */
typedef struct {
    pia_config_t *config;
    FILE *file;
    int line;
    bool failed;
    pia_problem_t *problem;
} reading_t;

static void refuse_line(reading_t *self, const char *reason, const char *name)
{
    if (!self->failed) {
        self->failed = true;
        (void)pia_problem_set(self->problem, PIA_INVALID, "", "%s:%d: %s%s.", self->config->path,
                              self->line, reason, name);
    }
}

/* inih's reader: fgets that counts lines and refuses one that it would cut in two. */
static char *read_line(char *ret_line, int size, void *stream)
{
    reading_t *self = stream;
    if (self->failed || !fgets(ret_line, size, self->file)) {
        return NULL;
    }
    self->line++;
    if (!strchr(ret_line, '\n') && !feof(self->file)) {
        refuse_line(self, "the line is too long", "");
        return NULL;
    }
    return ret_line;
}

static int handle_pair(void *user, const char *section, const char *key, const char *value)
{
    reading_t *self = user;
    setting_t *setting = find(self->config, section, key);
    if (!setting) {
        char name[NAME_SIZE];
        (void)snprintf(name, sizeof name, "[%s] %s", section, key);
        refuse_line(self, "unknown key ", name);
        return 0;
    }
    if (setting->in_file) {
        refuse_line(self, "given twice: ", key);
        return 0;
    }
    setting->in_file = true;
    char where[2 * NAME_SIZE];
    (void)snprintf(where, sizeof where, "%s:%d: %s", self->config->path, self->line, key);
    pia_status_t status = self->failed ? PIA_INVALID : assign(setting, value, where, self->problem);
    self->failed = self->failed || status != PIA_OK;
    return status == PIA_OK;
}

static pia_status_t read_file(pia_config_t *self, pia_problem_t *problem)
{
    reading_t reading = {.config = self, .problem = problem, .file = fopen(self->path, "re")};
    if (!reading.file) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: cannot be read (%s).", self->path,
                               strerrorname_np(errno));
    }
    int first_bad = ini_parse_stream(read_line, &reading, handle_pair, &reading);
    (void)fclose(reading.file);
    if (reading.failed) {
        return PIA_INVALID;
    }
    if (first_bad != 0) {
        return pia_problem_set(problem, PIA_INVALID, "",
                               "%s:%d: neither [section] nor key = value.", self->path, first_bad);
    }
    return PIA_OK;
}

/* PIA_SECTION_KEY in capitals. */
static void variable_name(const pia_option_t *option, char ret_name[NAME_SIZE])
{
    (void)snprintf(ret_name, NAME_SIZE, "PIA_%s_%s", option->section, option->key);
    for (char *c = ret_name; *c; c++) {
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    }
}

/* Variables that match no option are ignored: several programs share an environment. */
static pia_status_t read_environment(pia_config_t *self, pia_problem_t *problem)
{
    for (size_t i = 0; i < self->count; i++) {
        char name[NAME_SIZE];
        variable_name(self->settings[i].option, name);
        const char *value = getenv(name); // NOLINT(concurrency-mt-unsafe): main has no threads yet
        pia_status_t status = value ? assign(&self->settings[i], value, name, problem) : PIA_OK;
        if (status != PIA_OK) {
            return status;
        }
    }
    return PIA_OK;
}

/* The setting of a flag "key" or "section.key"; NULL if unknown or if two sections have the key. */
static setting_t *find_flag(const pia_config_t *self, const char *flag)
{
    setting_t *found = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const pia_option_t *option = self->settings[i].option;
        char full[NAME_SIZE];
        (void)snprintf(full, sizeof full, "%s.%s", option->section, option->key);
        if (is_same_name(flag, full)) {
            return &self->settings[i];
        }
        if (is_same_name(flag, option->key)) {
            if (found) {
                return NULL;
            }
            found = &self->settings[i];
        }
    }
    return found;
}

/* The command line: one argument after the other. */
typedef struct {
    int count;
    char **values;
    int next;
    char flag[NAME_SIZE]; /* the last one, without its dashes and its =value */
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
        self->action = HELP;
    } else if (strcmp(arguments->flag, "version") == 0) {
        self->action = VERSION;
    } else if (strcmp(arguments->flag, "check-config") == 0) {
        self->action = CHECK;
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
    char where[NAME_SIZE + 2];
    (void)snprintf(where, sizeof where, "--%s", arguments->flag);
    setting_t *setting = find_flag(self, arguments->flag);
    if (!setting) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: unknown option.", where);
    }
    const char *value = flag_value(arguments, given, setting->option->type == PIA_OPTION_BOOLEAN);
    if (!value) {
        return pia_problem_set(problem, PIA_INVALID, "", "%s: needs a value.", where);
    }
    return assigning ? assign(setting, value, where, problem) : PIA_OK;
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

static size_t help_width(const pia_config_t *self)
{
    size_t width = strlen("check-config");
    for (size_t i = 0; i < self->count; i++) {
        size_t size = strlen(self->settings[i].option->key);
        width = size > width ? size : width;
    }
    return width < HELP_COLUMN_MAX ? width : HELP_COLUMN_MAX;
}

static void print_option(const setting_t *setting, int width)
{
    const pia_option_t *option = setting->option;
    char flag[NAME_SIZE];
    (void)snprintf(flag, sizeof flag, "%s", option->key);
    for (char *c = flag; *c; c++) {
        *c = *c == '_' ? '-' : *c;
    }
    (void)printf("  --%-*s  %s", width, flag, option->help);
    if (!setting->value) {
        (void)printf(" (must be given)");
    } else if (setting->value[0]) {
        (void)printf(" [%s]", setting->value);
    }
    (void)printf("\n");
}

static void print_help(const pia_config_t *self)
{
    int width = (int)help_width(self);
    (void)printf("usage: %s [--config FILE] [--option value]...\n", self->program);
    const char *section = "";
    for (size_t i = 0; i < self->count; i++) {
        const pia_option_t *option = self->settings[i].option;
        if (strcmp(section, option->section) != 0) {
            section = option->section;
            (void)printf("\n[%s]\n", section);
        }
        print_option(&self->settings[i], width);
    }
    (void)printf("\n");
    (void)printf("  --%-*s  INI file with these sections and keys\n", width, "config");
    (void)printf("  --%-*s  say whether the settings are right, and end\n", width, "check-config");
    (void)printf("  --%-*s  print the version\n", width, "version");
    (void)printf(
        "\nThe environment's PIA_SECTION_KEY stands above the file, an option above both.\n");
}

static pia_status_t load(pia_config_t *self, int argc, char **argv, pia_problem_t *problem)
{
    pia_status_t status = read_arguments(self, argc, argv, false, problem);
    if (status != PIA_OK || self->action == HELP || self->action == VERSION) {
        return status;
    }
    if (self->path) {
        status = read_file(self, problem);
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
    if (status == PIA_OK && self->action == RUN) {
        *ret_config = self;
        return PIA_OK;
    }
    if (status == PIA_OK) {
        if (self->action == HELP) {
            print_help(self);
        } else if (self->action == VERSION) {
            (void)printf("%s %s\n", program, PIA_VERSION);
        } else {
            (void)printf("%s: the configuration is right\n", program);
        }
        *ret_config = NULL;
    }
    pia_config_destroy(&self);
    return status;
}

static const setting_t *
get(const pia_config_t *self, const char *section, const char *key, pia_option_type_t type)
{
    const setting_t *setting = find(self, section, key);
    assert(setting && setting->option->type == type);
    (void)type;
    return setting;
}

const char *pia_config_text(const pia_config_t *config, const char *section, const char *key)
{
    return get(config, section, key, PIA_OPTION_TEXT)->value;
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
