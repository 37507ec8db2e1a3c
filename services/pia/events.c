/* events.c - what commands that are told of events share. */
#include "events.h"

#include <stdio.h>
#include <stdlib.h>

#include "fields.h"
#include "pia/clock.h"
#include "print.h"
#include "proto/event.h"

pia_status_t events_filter(const arguments_t *arguments,
                           const flag_t *flags,
                           json_t *filter,
                           pia_problem_t *problem)
{
    for (const flag_t *flag = flags; flag->name; flag++) {
        const char *value = arguments_get(arguments, flag->name);
        if (!value || fields_known(&pia_filter_schema, flag->name) == 0)
            continue;
        pia_status_t status = fields_set(&pia_filter_schema, filter, flag->name, value, problem);
        if (status != PIA_OK)
            return status;
    }
    pia_filter_t fields;
    return pia_schema_decode(&pia_filter_schema, filter, PIA_UNKNOWN_REFUSED, &fields, problem);
}

static void put(const char *text)
{
    if (text && *text)
        (void)printf("  %s", text);
}

void events_print_line(const pia_event_t *event)
{
    char recorded[PIA_TIME_TEXT_SIZE];
    pia_time_format(event->recorded_ms, recorded);
    char *kind = print_text(json_object_get(event->json, "kind"));
    char *title = print_text(json_object_get(event->data, "title"));
    (void)printf("%s  %s  %s", event->cursor, recorded, event->type);
    put(event->source);
    put(event->subject);
    put(kind);
    put(title);
    (void)putchar('\n');
    free(kind);
    free(title);
}

json_t *events_json(const pia_event_t *event)
{
    char recorded[PIA_TIME_TEXT_SIZE];
    pia_time_format(event->recorded_ms, recorded);
    return json_pack("{s:s, s:I, s:s, s:O}", "cursor", event->cursor, "sequence",
                     (json_int_t)event->sequence, "recorded_at", recorded, "event", event->json);
}
