/* config.h - settings: built-in default < INI file < PIA_SECTION_KEY environment < command line.
 * A key that the program does not know is an error that names file and line. */
#ifndef PIA_CONFIG_H
#define PIA_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "pia/log.h"
#include "pia/problem.h"

typedef enum {
    PIA_OPTION_TEXT,
    PIA_OPTION_INTEGER,
    PIA_OPTION_BOOLEAN,
    PIA_OPTION_LOG_LEVEL,  /* a text that pia_log_level_parse knows */
    PIA_OPTION_LOG_FORMAT, /* "text" or "json" */
} pia_option_type_t;

typedef struct {
    const char *section; /* "service" */
    const char *key;     /* "log_level": --log-level, PIA_SERVICE_LOG_LEVEL */
    pia_option_type_t type;
    const char
        *value; /* default, as text; NULL: must be given; {name}: "registry" of pia-registry */
    int64_t min, max; /* for integers, both inclusive */
    const char *help; /* one line, with its unit */
} pia_option_t;

typedef struct pia_config pia_config_t;

/* Options that every service has (data, broker, database, redis, log …); ends with a NULL key. */
extern const pia_option_t pia_service_options[];

/* Reads the command line (`--config FILE`, `--key value`, `--key=value`, `--section.key value`),
 * the environment and the file. `tables` is a NULL-ended list of option tables, each ending with a
 * NULL key; they must outlive the result. On success the caller owns *ret_config.
 * Handles --help, --version and --check-config itself: prints on stdout and returns PIA_OK with
 * *ret_config NULL (the caller exits 0). PIA_INVALID with a problem that names the line, variable
 * or flag. */
pia_status_t pia_config_load(const char *program,
                             const pia_option_t *const *tables,
                             int argc,
                             char **argv,
                             pia_config_t **ret_config,
                             pia_problem_t *problem);
void pia_config_destroy(pia_config_t **config_p);

/* A value; asserts that the option exists and has this type. Text lives as long as the config. */
const char *pia_config_text(const pia_config_t *config, const char *section, const char *key);
int64_t pia_config_integer(const pia_config_t *config, const char *section, const char *key);
pia_log_level_t pia_config_log_level(const pia_config_t *config); /* [service] log_level */
bool pia_config_boolean(const pia_config_t *config, const char *section, const char *key);

#endif
