/* log.c - one write(2) a line, so that lines of several threads never mix. */
#include "pia/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pia/clock.h"

enum {
    NAME_MAX_SIZE = 64,
    MESSAGE_MAX = 2048,
    LINE_MAX_SIZE = 3 * MESSAGE_MAX,
    ESCAPE_MAX = 6, /* \u001b */
    LINE_END = 64,  /* more than what follows the message, and one escape */
};

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

/* Writes one byte of a message to `out`, escaped; for JSON quotes and backslashes too. Returns how
 * many bytes it became, at most ESCAPE_MAX. */
static size_t escape(char *out, unsigned char byte, bool as_json)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    if (byte < 0x20 || byte == 0x7F) {
        const char text[ESCAPE_MAX] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        for (; used < sizeof text; used++) {
            out[used] = text[used];
        }
        return used;
    }
    if (as_json && (byte == '"' || byte == '\\')) {
        out[used++] = '\\';
    }
    out[used++] = (char)byte;
    return used;
}

/* Appends `text` to line[*used]; the last bytes of the line are kept free for its end. */
static void append(char *line, size_t *used, const char *text, bool as_json)
{
    for (const char *c = text; *c && *used + LINE_END < LINE_MAX_SIZE; c++) {
        *used += escape(line + *used, (unsigned char)*c, as_json);
    }
}

static void append_plain(char *line, size_t *used, const char *text)
{
    for (; *text; text++) {
        line[(*used)++] = *text;
    }
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
