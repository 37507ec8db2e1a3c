/* status.c - the texts and HTTP numbers of the status map. */
#include "pia/status.h"

#include <stddef.h>

static const struct {
    const char *text;
    int http;
} statuses[] = {
#define X(name, text, http) {text, http},
    PIA_STATUS_MAP(X)
#undef X
};

enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] };

const char *pia_status_text(pia_status_t status)
{
    return (unsigned)status < STATUS_COUNT ? statuses[status].text : "unknown";
}

int pia_status_http(pia_status_t status)
{
    return (unsigned)status < STATUS_COUNT ? statuses[status].http : statuses[PIA_INTERNAL].http;
}

pia_status_t pia_status_from_http(int http)
{
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (statuses[i].http == http) {
            return (pia_status_t)i;
        }
    }
    return PIA_INTERNAL;
}
