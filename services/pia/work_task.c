/* work_task.c - an event of a group as a process. */
#include "work_task.h"

#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pia/memory.h"

enum { VARIABLES = 5, VARIABLE_SIZE = 128 };

work_task_t *work_task_new(const pia_task_t *task)
{
    work_task_t *self = pia_alloc(sizeof *self);
    self->sequence = task->sequence;
    self->fence = task->fence;
    self->attempt = task->attempt;
    (void)snprintf(self->cursor, sizeof self->cursor, "%s", task->event->cursor);
    self->text = json_dumps(task->event->json, JSON_COMPACT);
    return self;
}

void work_task_destroy(work_task_t **task_p)
{
    work_task_t *self = *task_p;
    *task_p = NULL;
    free(self->text);
    free(self);
}

/* A file in memory that holds the event: the command may read it late, in part, or not at all. */
static int open_input(const work_task_t *self)
{
    size_t size = strlen(self->text);
    int input = memfd_create("event", MFD_CLOEXEC);
    if (input >= 0 && (write(input, self->text, size) != (ssize_t)size ||
                       write(input, "\n", 1) != 1 || lseek(input, 0, SEEK_SET) != 0)) {
        (void)close(input);
        input = -1;
    }
    return input;
}

static size_t count_environment(void)
{
    size_t count = 0;
    while (environ[count])
        count++;
    return count;
}

static pid_t spawn(const char *command, int input, int directory, char **variables)
{
    pid_t pid = 0;
    sigset_t none, broken_pipe; /* which this process ignores, and the command must not */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    sigemptyset(&none);
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    (void)posix_spawn_file_actions_addfchdir_np(&actions, directory);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    int failed = posix_spawn(&pid, "/bin/sh", &actions, &attributes, arguments, variables);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed ? 0 : pid;
}

bool work_task_start(work_task_t *self, const char *command, const char *group, int directory)
{
    char own[VARIABLES][VARIABLE_SIZE];
    size_t count = count_environment();
    char **variables = pia_alloc((count + VARIABLES + 1) * sizeof(char *));
    int input = open_input(self);
    (void)snprintf(own[0], VARIABLE_SIZE, "PIA_GROUP=%s", group);
    (void)snprintf(own[1], VARIABLE_SIZE, "PIA_SEQUENCE=%" PRIu64, self->sequence);
    (void)snprintf(own[2], VARIABLE_SIZE, "PIA_FENCE=%" PRIu64, self->fence);
    (void)snprintf(own[3], VARIABLE_SIZE, "PIA_ATTEMPT=%" PRIu32, self->attempt);
    (void)snprintf(own[4], VARIABLE_SIZE, "PIA_CURSOR=%s", self->cursor);
    for (size_t i = 0; i < VARIABLES; i++)
        variables[i] = own[i];
    memcpy(variables + VARIABLES, environ, count * sizeof(char *));
    if (input >= 0) {
        self->pid = spawn(command, input, directory, variables);
        (void)close(input);
    }
    free(variables);
    return self->pid;
}

void work_task_reason(int status, char *ret_reason, size_t size)
{
    *ret_reason = '\0';
    if (WIFSIGNALED(status))
        (void)snprintf(ret_reason, size, "the command was ended by signal %d", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        (void)snprintf(ret_reason, size, "the command ended with %d", WEXITSTATUS(status));
}
