/* output.h - a file that a command writes: whole or not at all, private (mode 0600). */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>

#include "cli.h"

typedef struct {
    const cli_t *cli;
    const char *path; /* from where the command was called */
    char *part;       /* its name until it is whole; owned */
    int file;         /* -1 after a failure, whose errno is kept */
    int error;
} output_t;

void output_open(output_t *self, const cli_t *cli, const char *path);
/* After a failure they do nothing; output_end says it. */
void output_add(output_t *self, const void *bytes, size_t size);
/* Gives it its name, or with `keep` false removes it. Returns an exit code. */
int output_end(output_t *self, bool keep);

#endif
