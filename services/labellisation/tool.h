/* tool.h - what pia-labellisation does instead of serving: backup FOLDER, check FOLDER, restore
 * FOLDER. */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>

#include "pia/config.h"

/* Whether the command line begins with the name of a tool. */
bool tool_is_meant(int argc, char **argv);

/* Runs it: 0, 1 refused, 2 bad usage, 4 something is damaged. */
int tool_main(const pia_option_t *options, int argc, char **argv);

#endif
