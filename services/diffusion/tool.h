/* tool.h - what is done with the journal's database beside the running service: pia-diffusion
 * backup, restore and verify, with a file and the service's own settings. */
#ifndef DIFFUSION_TOOL_H
#define DIFFUSION_TOOL_H

#include <stdbool.h>

#include "pia/config.h"

/* Whether the command line is one of a tool. */
bool tool_is_meant(int argc, char **argv);

/* Runs it; main's result: 0 done, 1 refused or failed, 2 wrong usage, 4 damaged. `options` are the
 * service's own. */
int tool_main(const pia_option_t *options, int argc, char **argv);

#endif
