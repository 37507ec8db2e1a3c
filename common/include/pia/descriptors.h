/* descriptors.h - how many files and sockets the process may have open. */
#ifndef PIA_DESCRIPTORS_H
#define PIA_DESCRIPTORS_H

#include <stddef.h>

/* Raises the process' limit to `wanted`, as far as it may; returns the limit, which may be more.
 * At the start, before other threads. */
size_t pia_descriptors_allow(size_t wanted);

#endif
