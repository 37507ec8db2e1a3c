/* exposition.h - numbers in Prometheus's text format 0.0.4. */
#ifndef GATEWAY_EXPOSITION_H
#define GATEWAY_EXPOSITION_H

#include <stddef.h>

typedef struct exposition exposition_t;

exposition_t *exposition_new(void);
void exposition_destroy(exposition_t **self_p);

/* Adds a sample. `name` as services count: characters that a metric's name may not have become
 * "_"; an ending _ms or _us becomes _seconds, with the value in seconds; "name{label=value}" gives
 * one more label. `labels` is "service=registry,instance=registry-1" (values are escaped). */
void exposition_add(exposition_t *self, const char *name, const char *labels, double value);

/* The text: families together, each with its type (counter if it ends with _total, else gauge).
 * The caller owns it. */
char *exposition_text(exposition_t *self);

#endif
