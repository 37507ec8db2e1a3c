/* log.h - one line an event on stderr, JSON or text. The sink is the process's one piece of
 * global state. Safe from any thread. Never log payloads, tokens, keys or addresses. */
#ifndef PIA_LOG_H
#define PIA_LOG_H

#include <stdbool.h>

typedef enum { PIA_LOG_ERROR, PIA_LOG_WARN, PIA_LOG_INFO, PIA_LOG_DEBUG } pia_log_level_t;

/* Call once from main before any other thread starts. Copies the names. */
void pia_log_init(const char *service, const char *instance, pia_log_level_t level, bool as_json);

/* Changes what is printed, at run time (service.level). */
void pia_log_set_level(pia_log_level_t level);

/* Reads "error", "warn", "info" or "debug"; false if it is none of them. */
bool pia_log_level_parse(const char *text, pia_log_level_t *ret_level);

/* One line; control characters are escaped, so a line is one event. */
void pia_log(pia_log_level_t level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
