/* wrong_never_revokes.c - a journal whose streams go on when the rights of their subject are
 * revoked. */
#include "streams.h"

void never_revokes(streams_t *self, const char *subject) __asm__(
    "__wrap_streams_revoke"); /* the linker's name (--wrap) */

void never_revokes(streams_t *self, const char *subject)
{
    (void)self;
    (void)subject;
}
