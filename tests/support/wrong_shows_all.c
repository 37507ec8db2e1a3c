/* wrong_shows_all.c - a journal that shows everything to everybody. */
#include "pia/principal.h"

bool shows_all(const pia_principal_t *principal,
               const char *visibility,
               const char *restricted_to) __asm__("__wrap_pia_principal_sees"); /* the linker's name
                                                                                   (--wrap) */

bool shows_all(const pia_principal_t *principal, const char *visibility, const char *restricted_to)
{
    (void)principal;
    (void)restricted_to;
    return visibility;
}
