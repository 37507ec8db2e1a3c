/* events.h - what commands that are told of events share: options for a filter, and a line an
 * event.
 */
#ifndef EVENTS_H
#define EVENTS_H

#include "arguments.h"
#include "pia/event.h"
#include "pia/problem.h"

/* Rows of a table of flags: the members of a filter. */
#define EVENT_FILTER_FLAGS                                                                         \
    {"type", "TYPE,…", "only these types (publication.published …)"},                              \
        {"kind", "KIND,…", "only these kinds of publication"},                                     \
        {"theme", "THEME,…", "only these themes"}, {"sector", "SECTOR,…", "only these sectors"},   \
        {"region", "CODE,…", "only what concerns these régions"},                                  \
        {"departement", "CODE,…", "only what concerns these départements"},                        \
        {"pole", "CODE,…", "only these pôles"}, {"topic", "TOPIC,…", "only these topics"},         \
        {"scope", "SCOPE,…", "only these scopes"}, {"language", "CODE,…", "only these languages"}, \
        {"territories", "PLACE,…",                                                                 \
         "only what concerns these places (commune:54395, epci:245400676 …)"},                     \
        {"keyword", "WORDS,…", "only publications with these words"},                              \
    {                                                                                              \
        "source", "SOURCE,…", "only these sources"                                                 \
    }

/* Fills `filter` from the options that are members of one. PIA_INVALID. */
pia_status_t events_filter(const arguments_t *arguments,
                           const flag_t *flags,
                           json_t *filter,
                           pia_problem_t *problem);

/* A line for people; two spaces between what there is. */
void events_print_line(const pia_event_t *event);

/* {"cursor", "sequence", "recorded_at", "event"}; the caller owns it. */
json_t *events_json(const pia_event_t *event);

#endif
