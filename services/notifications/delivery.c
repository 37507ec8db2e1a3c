/* delivery.c - what is to be told becomes rows, under identifiers that follow from the event and
 * the addressee. */
#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "person.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pole.h"
#include "templates.h"
#include "view.h"

enum { ADDRESSEE_SIZE = 64 };

static const char SQL_NOTICE[] =
    "INSERT INTO notice (id, epoch, sequence, type, event, recorded_at, link)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";
static const char SQL_ADD[] =
    "INSERT INTO delivery (id, notice, channel, template, contact, person, state, attempts,"
    " next_at, created_at, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)"
    " ON CONFLICT (id) DO NOTHING";
static const char SQL_ITEM[] = "INSERT INTO inbox (id, person, at, type, title, body, link)"
                               " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING";

pia_status_t
notice_add(pia_db_t *db, const pia_event_t *event, const char *notice, const char *link)
{
    char *text = json_dumps(event->json, JSON_COMPACT);
    if (!text) {
        return PIA_INTERNAL;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTICE);
    pia_stmt_text(stmt, 1, notice);
    pia_stmt_integer(stmt, 2, (int64_t)event->epoch);
    pia_stmt_integer(stmt, 3, (int64_t)event->sequence);
    pia_stmt_text(stmt, 4, event->type);
    pia_stmt_text(stmt, 5, text);
    pia_stmt_integer(stmt, 6, event->recorded_ms);
    pia_stmt_text(stmt, 7, link);
    free(text);
    return pia_stmt_run(stmt, NULL);
}

pia_status_t delivery_is_allowed(notifications_t *self,
                                 const telling_t *telling,
                                 const char *person,
                                 bool *ret_allowed)
{
    pia_principal_t principal;
    pia_status_t status = person_principal(self->context->db, person, &principal);
    *ret_allowed = pia_principal_sees(&principal, pia_json_text(telling->event, "visibility"),
                                      pia_json_text(telling->event, "restrictedto"));
    return status;
}

/* What a delivery's row says beside the telling. */
typedef struct {
    char id[PIA_UUID_TEXT_SIZE];
    uint32_t channel;
    const char *contact, *person;
} row_t;

static pia_status_t
add_row(pia_db_t *db, const telling_t *telling, const row_t *row, int64_t *ret_changes)
{
    bool done = row->channel == CHANNEL_INBOX;
    int64_t now = pia_clock_now();
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_text(stmt, 1, row->id);
    pia_stmt_text(stmt, 2, telling->notice);
    pia_stmt_text(stmt, 3, channel_name(row->channel));
    pia_stmt_text(stmt, 4, telling->template);
    pia_stmt_text(stmt, 5, row->contact);
    pia_stmt_text(stmt, 6, row->person);
    pia_stmt_text(stmt, 7, done ? "sent" : "pending");
    pia_stmt_integer(stmt, 8, pia_clock_wall());
    pia_stmt_integer(stmt, 9, now);
    if (done) {
        pia_stmt_integer(stmt, 10, now);
    } else {
        pia_stmt_null(stmt, 10);
    }
    return pia_stmt_run(stmt, ret_changes);
}

static pia_status_t add_item(notifications_t *self, const telling_t *telling, const row_t *row)
{
    showing_t showing = {.link = telling->link, .site = self->site, .channel = CHANNEL_INBOX};
    json_t *view = view_of(self->plan, telling->event, &showing);
    pole_complete(self->context->db, view);
    message_text_t text = {0};
    pia_problem_t problem;
    pia_status_t status =
        template_render(telling->template, showing.language, view, &text, &problem);
    json_decref(view);
    if (status != PIA_OK) {
        pia_log(PIA_LOG_ERROR, "template %s: %s", telling->template, problem.detail);
        return PIA_OK; /* a bad template must not stop the journal's others */
    }
    pia_stmt_t *stmt = pia_db_prepare(self->context->db, SQL_ITEM);
    pia_stmt_text(stmt, 1, row->id);
    pia_stmt_text(stmt, 2, row->person);
    pia_stmt_integer(stmt, 3, pia_clock_now());
    pia_stmt_text(stmt, 4, telling->type);
    pia_stmt_text(stmt, 5, text.title);
    pia_stmt_text(stmt, 6, text.body);
    pia_stmt_text(stmt, 7, telling->link);
    status = pia_stmt_run(stmt, NULL);
    message_text_clear(&text);
    return status;
}

pia_status_t delivery_to_inbox(notifications_t *self,
                               const telling_t *telling,
                               const char *person,
                               const char *contact)
{
    if (!(telling->channels & CHANNEL_INBOX)) {
        return PIA_OK;
    }
    row_t row = {.channel = CHANNEL_INBOX, .person = person, .contact = contact};
    char addressee[ADDRESSEE_SIZE];
    (void)snprintf(addressee, sizeof addressee, "person:%s", person);
    identity_of_delivery(telling->notice, addressee, "inbox", row.id);
    int64_t changes = 0;
    pia_status_t status = add_row(self->context->db, telling, &row, &changes);
    return status == PIA_OK && changes > 0 ? add_item(self, telling, &row) : status;
}

pia_status_t
delivery_to_contact(notifications_t *self, const telling_t *telling, const contact_t *contact)
{
    uint32_t channel = channel_parse(contact->channel);
    if (!(telling->channels & channel) || strcmp(contact->state, "active") != 0) {
        return PIA_OK;
    }
    if (channel == CHANNEL_INBOX) {
        return contact->person ? delivery_to_inbox(self, telling, contact->person, contact->id)
                               : PIA_OK;
    }
    row_t row = {.channel = channel, .contact = contact->id, .person = contact->person};
    char addressee[ADDRESSEE_SIZE];
    (void)snprintf(addressee, sizeof addressee, "contact:%s", contact->id);
    identity_of_delivery(telling->notice, addressee, contact->channel, row.id);
    pia_status_t status = add_row(self->context->db, telling, &row, NULL);
    if (status == PIA_OK) {
        atomic_store(&self->deliveries_wait, true);
    }
    return status;
}
