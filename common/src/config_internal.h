/* config_internal.h - what the parts of config share; nobody else includes it. */
#ifndef PIA_CONFIG_INTERNAL_H
#define PIA_CONFIG_INTERNAL_H

#include "pia/config.h"

enum { CONFIG_NAME_SIZE = 128 };

/* One option and its present value. */
typedef struct {
    const pia_option_t *option;
    char *value;  /* NULL: not given */
    bool in_file; /* the file named it */
} pia_setting_t;

struct pia_config {
    pia_setting_t *settings;
    size_t count;
    const char *program;
    const char *path; /* of the file; NULL: none */
    enum { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_CHECK } action;
};

/* The setting, "-" standing for "_" in both names; NULL if there is none. */
pia_setting_t *pia_config_find(const pia_config_t *self, const char *section, const char *key);

/* Gives a setting its value; `where` names the line, variable or flag. */
pia_status_t pia_config_assign(pia_setting_t *setting,
                               const char *value,
                               const char *where,
                               pia_problem_t *problem);

/* Reads the INI file at self->path (config_file.c). */
pia_status_t pia_config_read_file(pia_config_t *self, pia_problem_t *problem);

/* Prints the options, their defaults and their help (config_help.c). */
void pia_config_print_help(const pia_config_t *self);

#endif
