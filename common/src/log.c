/* log.c - one write(2) a line, so that lines of several threads never mix. */
#include "pia/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"

enum { NAME_MAX_SIZE = 64, MESSAGE_MAX = 2048, LINE_MAX_SIZE = 3 * MESSAGE_MAX };

static struct {
    atomic_int level;
    bool as_json;
    char service[NAME_MAX_SIZE];
    char instance[NAME_MAX_SIZE];
} sink = {.level = PIA_LOG_INFO, .service = "pia", .instance = ""};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

enum { LEVEL_COUNT = sizeof level_names / sizeof level_names[0] };

void pia_log_init(const char *service, const char *instance, pia_log_level_t level, bool as_json)
{
    (void)snprintf(sink.service, sizeof sink.service, "%s", service);
    (void)snprintf(sink.instance, sizeof sink.instance, "%s", instance ? instance : "");
    sink.as_json = as_json;
    atomic_store(&sink.level, (int)level);
}

void pia_log_set_level(pia_log_level_t level)
{
    atomic_store(&sink.level, (int)level);
}

bool pia_log_level_parse(const char *text, pia_log_level_t *ret_level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *ret_level = (pia_log_level_t)i;
            return true;
        }
    }
    return false;
}

/* Appends `text` to line[*used], escaped: for JSON quotes and backslashes too. The last bytes of
 * the line are kept free for its end. */
static void append(char *line, size_t *used, const char *text, bool as_json)
{
    static const char hex[] = "0123456789abcdef";
    for (const char *c = text; *c && *used + 16 < LINE_MAX_SIZE; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7F) {
            const char escape[] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
            memcpy(line + *used, escape, sizeof escape);
            *used += sizeof escape;
        } else {
            if (as_json && (byte == '"' || byte == '\\')) {
                line[(*used)++] = '\\';
            }
            line[(*used)++] = *c;
        }
    }
}

static void append_plain(char *line, size_t *used, const char *text)
{
    size_t size = strlen(text);
    memcpy(line + *used, text, size);
    *used += size;
}

static void append_json(char *line, size_t *used, const char *key, const char *value)
{
    append_plain(line, used, key);
    append(line, used, value, true);
}

static size_t compose(char *line, const char *time, pia_log_level_t level, const char *message)
{
    size_t used = 0;
    if (sink.as_json) {
        append_json(line, &used, "{\"time\":\"", time);
        append_json(line, &used, "\",\"level\":\"", level_names[level]);
        append_json(line, &used, "\",\"service\":\"", sink.service);
        append_json(line, &used, "\",\"instance\":\"", sink.instance);
        append_json(line, &used, "\",\"message\":\"", message);
        append_plain(line, &used, "\"}\n");
        return used;
    }
    append_plain(line, &used, time);
    append_plain(line, &used, " ");
    append_plain(line, &used, level_names[level]);
    append_plain(line, &used, " ");
    append(line, &used, sink.instance[0] ? sink.instance : sink.service, false);
    append_plain(line, &used, ": ");
    append(line, &used, message, false);
    append_plain(line, &used, "\n");
    return used;
}

void pia_log(pia_log_level_t level, const char *format, ...)
{
    if ((int)level > atomic_load(&sink.level)) {
        return;
    }
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    char time[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_clock_wall(), time);
    char line[LINE_MAX_SIZE];
    size_t size = compose(line, time, level, message);
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written; /* nobody is left to tell */
}
