/* work_task.h - an event of a group as a process: the command with the event on its standard input
 * and its place in the environment. */
#ifndef WORK_TASK_H
#define WORK_TASK_H

#include <sys/types.h>

#include "pia/group.h"

typedef struct work_task work_task_t;

struct work_task {
    uint64_t sequence, fence;
    uint32_t attempt;
    char cursor[PIA_CURSOR_SIZE];
    char *text; /* the event; owned */
    pid_t pid;  /* 0: it waits */
    work_task_t *next;
};

work_task_t *work_task_new(const pia_task_t *task);
void work_task_destroy(work_task_t **task_p);

/* Starts `command` by the shell, in `directory`. False: it could not; errno says why. */
bool work_task_start(work_task_t *task, const char *command, const char *group, int directory);

/* How a process ended, "" if well, as words for the group. */
void work_task_reason(int status, char *ret_reason, size_t size);

#endif
