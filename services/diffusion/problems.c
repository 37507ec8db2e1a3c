/* problems.c - pointers of problems, seen from further out. */
#include "problems.h"

#include <stdio.h>
#include <string.h>

static void prefix(pia_problem_t *problem, const char *text)
{
    char inner[PIA_POINTER_MAX];
    (void)snprintf(inner, sizeof inner, "%s", problem->pointer);
    size_t size = strlen(text);
    (void)snprintf(problem->pointer, sizeof problem->pointer, "%s", text);
    if (size + strlen(inner) < sizeof problem->pointer)
        (void)snprintf(problem->pointer + size, sizeof problem->pointer - size, "%s", inner);
}

void problem_under(pia_problem_t *problem, size_t index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "/%zu", index);
    prefix(problem, text);
}

void problem_under_member(pia_problem_t *problem, const char *member)
{
    char text[64];
    (void)snprintf(text, sizeof text, "/%s", member);
    prefix(problem, text);
}
