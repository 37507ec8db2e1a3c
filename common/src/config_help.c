/* config_help.c - the options that every service has, and --help. */
#include <stdio.h>
#include <string.h>

#include "config_internal.h"

enum { HELP_COLUMN_MAX = 40 };

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
    {"service", "log_level", PIA_OPTION_LOG_LEVEL, "info", 0, 0, "error, warn, info or debug"},
    {"service", "log_format", PIA_OPTION_LOG_FORMAT, "text", 0, 0, "text or json"},
    {"service", "window", PIA_OPTION_INTEGER, "64", 1, 4096,
     "requests taken at once from the broker"},
    {NULL, NULL, PIA_OPTION_TEXT, NULL, 0, 0, NULL},
};

static size_t help_width(const pia_config_t *self)
{
    size_t width = strlen("check-config");
    for (size_t i = 0; i < self->count; i++) {
        size_t size = strlen(self->settings[i].option->key);
        width = size > width ? size : width;
    }
    return width < HELP_COLUMN_MAX ? width : HELP_COLUMN_MAX;
}

static void print_option(const pia_setting_t *setting, int width)
{
    const pia_option_t *option = setting->option;
    char flag[CONFIG_NAME_SIZE];
    (void)snprintf(flag, sizeof flag, "%s", option->key);
    for (char *c = strchr(flag, '_'); c; c = strchr(c, '_')) {
        *c = '-';
    }
    (void)printf("  --%-*s  %s", width, flag, option->help);
    if (!setting->value) {
        (void)printf(" (must be given)");
    } else if (setting->value[0]) {
        (void)printf(" [%s]", setting->value);
    }
    (void)printf("\n");
}

void pia_config_print_help(const pia_config_t *self)
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
