/* faults.c - the broken variants' names. */
#include <string.h>

#include "seams.h"

static const char *const names[] = {
#define X(name, text, what) [FAULT_##name] = (text),
    FAULT_MAP(X)
#undef X
};
static const char *const meanings[] = {
#define X(name, text, what) [FAULT_##name] = (what),
    FAULT_MAP(X)
#undef X
};

fault_t fault_parse(const char *name)
{
    int fault = FAULT_NONE;
    while (fault < FAULT_COUNT && strcmp(names[fault], name) != 0)
        fault++;
    return (fault_t)fault;
}

const char *fault_name(fault_t fault)
{
    return names[fault];
}

const char *fault_what(fault_t fault)
{
    return meanings[fault];
}
