/* announce.c - the registry's events. */
#include "announce.h"

#include <stdio.h>

#include "pia/clock.h"
#include "pia/event.h"
#include "pia/outbox.h"

static const char SERVICE[] = "registry";
static const char SERVICES_ONLY[] = "role:service";
enum { SUBJECT_SIZE = 64 };

pia_status_t announce_pole(pia_db_t *db, const char *type, const pole_t *pole)
{
    if (pole->state == POLE_UNKNOWN) {
        return PIA_OK;
    }
    char subject[SUBJECT_SIZE];
    (void)snprintf(subject, sizeof subject, "/poles/%s", pole->code);
    json_t *event = pia_event_new(SERVICE, type, subject, "public", NULL, pole_announcement(pole));
    json_put_text(event, "pole", pole->code);
    json_put_text(event, "themes", pole->themes);
    json_put_text(event, "sectors", pole->sectors);
    json_put_text(event, "departements", pole->departement);
    json_put_text(event, "regions", pole->region);
    return pia_outbox_add(db, subject, event);
}

pia_status_t announce_structure(pia_db_t *db, const char *type, const structure_t *structure)
{
    char subject[SUBJECT_SIZE];
    (void)snprintf(subject, sizeof subject, "/structures/%s", structure->id);
    json_t *event =
        pia_event_new(SERVICE, type, subject, "network", NULL, structure_announcement(structure));
    json_put_text(event, "departements", structure->departement);
    json_put_text(event, "regions", structure->region);
    return pia_outbox_add(db, subject, event);
}

pia_status_t announce_person(pia_db_t *db, const char *type, const person_t *person)
{
    char subject[SUBJECT_SIZE];
    (void)snprintf(subject, sizeof subject, "/persons/%s", person->id);
    json_t *event = pia_event_new(SERVICE, type, subject, "restricted", SERVICES_ONLY,
                                  person_announcement(person));
    return pia_outbox_add(db, subject, event);
}

pia_status_t announce_revocation(pia_db_t *db, const char *subject)
{
    char at[PIA_TIME_TEXT_SIZE];
    pia_time_format(pia_clock_wall(), at);
    json_t *data = json_object();
    json_put_text(data, "subject", subject);
    json_put_text(data, "at", at);
    json_t *event =
        pia_event_new(SERVICE, "principal.revoked", subject, "restricted", SERVICES_ONLY, data);
    return pia_outbox_add(db, subject, event);
}

pia_status_t announce_clock(pia_db_t *db, int64_t shift_ms)
{
    json_t *data = json_object();
    json_object_set_new(data, "shift_ms", json_integer(shift_ms));
    json_t *event = pia_event_new(SERVICE, "clock.advanced", "/clock", "public", NULL, data);
    return pia_outbox_add(db, "/clock", event);
}
