/* descriptors.c - RLIMIT_NOFILE: the soft limit is often 1024, the hard one a thousand times more.
 */
#include "pia/descriptors.h"

#include <sys/resource.h>

size_t pia_descriptors_allow(size_t wanted)
{
    struct rlimit limit = {0};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}
