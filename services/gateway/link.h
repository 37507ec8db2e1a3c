/* link.h - URLs that point on: the next page, what was made. */
#ifndef GATEWAY_LINK_H
#define GATEWAY_LINK_H

#include "target.h"

/* Link header's value for the page after `next`: the same path and query with `after` set to it.
 * The caller owns it. */
char *link_next(const target_t *target, const char *next);

/* The path of the target and "/" and the id. The caller owns it. */
char *link_child(const target_t *target, const char *id);

#endif
