/* process.h - the broker with its socket, lock, signals and clock. */
#ifndef BROKER_PROCESS_H
#define BROKER_PROCESS_H

/* Runs until SIGTERM or SIGINT (drains, 0) or a second one (at once, 1). 1 after a failure, 2 for
 * bad usage or configuration. */
int process_run(int argc, char **argv);

#endif
