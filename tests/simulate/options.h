/* options.h - the simulator's command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seams.h"
#include "walk.h"

enum { WORKERS_MAX = 64, FILES_MAX = 6 };

typedef struct {
    uint64_t first, count; /* seeds; a count of 0: the first alone */
    int workers;
    size_t length; /* steps of a walk */
    int steps[STEPS_MAX];
    size_t step_count; /* of `steps`; 0: all of the walk */
    fault_t fault;
    bool trace, control, covered;
    const char *files[FILES_MAX]; /* definitions beside the one that comes with the program */
    size_t file_count;
} options_t;

/* Reads the command line over what is set; exits after --help or with 2. */
void options_read(options_t *options, int argc, char **argv);

#endif
