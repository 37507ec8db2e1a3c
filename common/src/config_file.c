/* config_file.c - settings from an INI file, with the line of each mistake. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "config_internal.h"

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
    pia_setting_t *setting = pia_config_find(self->config, section, key);
    if (!setting) {
        char name[CONFIG_NAME_SIZE];
        (void)snprintf(name, sizeof name, "[%s] %s", section, key);
        refuse_line(self, "unknown key ", name);
        return 0;
    }
    if (setting->in_file) {
        refuse_line(self, "given twice: ", key);
        return 0;
    }
    setting->in_file = true;
    char where[2 * CONFIG_NAME_SIZE];
    (void)snprintf(where, sizeof where, "%s:%d: %s", self->config->path, self->line, key);
    pia_status_t status =
        self->failed ? PIA_INVALID : pia_config_assign(setting, value, where, self->problem);
    self->failed = self->failed || status != PIA_OK;
    return status == PIA_OK;
}

pia_status_t pia_config_read_file(pia_config_t *self, pia_problem_t *problem)
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
