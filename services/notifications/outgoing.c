/* outgoing.c - one leased delivery. */
#include "outgoing.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void outgoing_destroy(outgoing_t **outgoing_p)
{
    outgoing_t *self = *outgoing_p;
    *outgoing_p = NULL;
    if (self) {
        free(self->address);
        free(self->content);
        sodium_memzero(self->secret, sizeof self->secret);
        free(self);
    }
}

void outgoing_end(outgoing_t *outgoing, outcome_t outcome, const char *format, ...)
{
    outgoing->outcome = outcome;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(outgoing->problem, sizeof outgoing->problem, format, arguments);
    va_end(arguments);
}
