/* place.h - communes, EPCI, départements and régions, and which of them share ground. A place is a
 * text: "commune:54395", "epci:245400676", "departement:54", "region:44". Any thread. */
#ifndef DIFFUSION_PLACE_H
#define DIFFUSION_PLACE_H

#include <stdbool.h>

#include "attributes.h"

enum { PLACE_SIZE = 24 }; /* of a place as a text, its NUL included */

typedef void place_fn(void *arg, const char *place);

/* Each place of a higher level that shares ground with `place`: of a commune its EPCI, département
 * and région, of an EPCI the départements and régions that it has communes in, of a département its
 * région. Some may come twice. */
void place_each_above(const char *place, place_fn *each, void *arg);

/* Each place that an event names. */
void place_each_of(const attributes_t *attributes, place_fn *each, void *arg);

/* Whether the event concerns every place. */
bool place_is_everywhere(const attributes_t *attributes);

/* Whether one of the places that the event names shares ground with `place`, or it is everywhere.
 */
bool place_is_touched(const attributes_t *attributes, const char *place);

/* The code of a place of this level ("departement:"), or NULL if it is of another. */
const char *place_code(const char *place, const char *level);

#endif
