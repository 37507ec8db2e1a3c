/* lease.c - leases of deliveries in SQL, and e-mails made from them. */
#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "mime.h"
#include "person.h"
#include "pia/clock.h"
#include "pia/json.h"
#include "pia/log.h"
#include "pia/memory.h"
#include "pole.h"
#include "templates.h"
#include "view.h"

enum { RETRY_SHIFT_MAX = 11, RETRY_MAX_MS = 3600000, LIMIT_MAX = 64 };

static const char SQL_RELEASE[] =
    "UPDATE delivery SET state = 'pending', next_at = $1, lease_until = NULL"
    " WHERE state = 'leased'";
static const char SQL_RELEASE_CAMPAIGNS[] =
    "UPDATE campaign SET next_at = $1 WHERE state = 'open' AND next_at > $1";
static const char SQL_EXPIRE[] =
    "UPDATE delivery SET state = 'pending', next_at = lease_until, lease_until = NULL"
    " WHERE state = 'leased' AND lease_until <= $1";
#define DUE                                                                                        \
    "SELECT d.id, d.contact FROM delivery d WHERE d.state = 'pending' AND d.channel = $1"          \
    " AND d.next_at <= $2 AND (SELECT COUNT(*) FROM delivery l WHERE l.contact = d.contact"        \
    " AND l.state = 'leased') < $3 ORDER BY d.next_at, d.id LIMIT $4"
static const char SQL_DUE[] = DUE;
static const char SQL_DUE_SHARED[] = DUE " FOR UPDATE SKIP LOCKED";
static const char SQL_LEASE[] =
    "UPDATE delivery SET state = 'leased', attempts = attempts + 1, lease_until = $2"
    " WHERE id = $1 AND state = 'pending' RETURNING attempts";
static const char SQL_LOAD[] =
    "SELECT d.channel, d.template, d.created_at, d.contact, c.state, c.address, c.secret,"
    " c.consent_basis, n.event, n.link, c.language, d.person FROM delivery d JOIN notice n ON n.id "
    "= d.notice"
    " JOIN contact c ON c.id = d.contact WHERE d.id = $1";
static const char SQL_SENT[] =
    "UPDATE delivery SET state = 'sent', sent_at = $3, lease_until = NULL, problem = NULL"
    " WHERE id = $1 AND attempts = $2 AND state = 'leased'";
static const char SQL_END[] = "UPDATE delivery SET state = $3, problem = $4, lease_until = NULL"
                              " WHERE id = $1 AND attempts = $2 AND state = 'leased'";
static const char SQL_RETRY[] =
    "UPDATE delivery SET state = 'pending', next_at = $3, problem = $4, lease_until = NULL"
    " WHERE id = $1 AND attempts = $2 AND state = 'leased'";

static pia_status_t run_with_time(pia_db_t *db, const char *sql)
{
    pia_stmt_t *stmt = pia_db_prepare(db, sql);
    pia_stmt_integer(stmt, 1, pia_clock_wall());
    return pia_stmt_run(stmt, NULL);
}

pia_status_t lease_release_all(pia_db_t *db)
{
    pia_status_t status = run_with_time(db, SQL_RELEASE);
    return status == PIA_OK ? run_with_time(db, SQL_RELEASE_CAMPAIGNS) : status;
}

/* Ends a leased delivery without sending. */
static pia_status_t
end_delivery(pia_db_t *db, const outgoing_t *outgoing, const char *state, const char *problem)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_END);
    pia_stmt_text(stmt, 1, outgoing->delivery);
    pia_stmt_integer(stmt, 2, outgoing->attempt);
    pia_stmt_text(stmt, 3, state);
    pia_stmt_text(stmt, 4, problem);
    return pia_stmt_run(stmt, NULL);
}

/* What is needed to make a message; texts are owned. */
typedef struct {
    char *template, *state, *basis, *event, *link, *person;
    int64_t created_at;
    language_t language;
} source_t;

static void source_clear(source_t *source)
{
    free(source->template);
    free(source->state);
    free(source->basis);
    free(source->event);
    free(source->link);
    free(source->person);
}

static pia_status_t load(pia_db_t *db, outgoing_t *outgoing, source_t *ret_source)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LOAD);
    pia_stmt_text(stmt, 1, outgoing->delivery);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    outgoing->channel = channel_parse(pia_stmt_column_text(stmt, 0));
    (void)snprintf(outgoing->contact, sizeof outgoing->contact, "%s",
                   pia_stmt_column_text(stmt, 3));
    outgoing->address = pia_strdup(pia_stmt_column_text(stmt, 5));
    size_t size = 0;
    const void *secret = pia_stmt_column_bytes(stmt, 6, &size);
    if (size == sizeof outgoing->secret) {
        memcpy(outgoing->secret, secret, size);
    }
    *ret_source = (source_t){
        .template = pia_strdup(pia_stmt_column_text(stmt, 1)),
        .created_at = pia_stmt_column_integer(stmt, 2),
        .state = pia_strdup(pia_stmt_column_text(stmt, 4)),
        .basis = pia_strdup(pia_stmt_column_text(stmt, 7)),
        .event = pia_strdup(pia_stmt_column_text(stmt, 8)),
        .link = pia_strdup(pia_stmt_column_text(stmt, 9)),
        .language = language_parse(pia_stmt_column_text(stmt, 10)),
        .person = pia_strdup(pia_stmt_column_text(stmt, 11)),
    };
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Makes the e-mail's text; PIA_INVALID if the template does not give one. */
static pia_status_t
compose(const notifications_t *self, outgoing_t *outgoing, const source_t *source)
{
    json_t *event = json_loads(source->event, 0, NULL);
    showing_t showing = {.link = source->link,
                         .site = self->site,
                         .channel = CHANNEL_EMAIL,
                         .language = source->language};
    json_t *view = view_of(self->plan, event, &showing);
    pole_complete(self->context->db, view);
    char unsubscribe[LINK_SIZE] = "";
    if (strcmp(source->basis, "consent") == 0) {
        link_unsubscribe(self, outgoing->contact, unsubscribe);
        json_object_set_new(view, "unsubscribe", json_string(unsubscribe));
    }
    message_text_t text = {0};
    pia_status_t status =
        template_exists(source->template)
            ? template_render(source->template, source->language, view, &text, NULL)
            : PIA_INVALID;
    if (status == PIA_OK) {
        mime_t mime = {
            .id = outgoing->delivery,
            .sender = pia_config_text(self->context->config, "mail", "sender"),
            .sender_name = pia_config_text(self->context->config, "mail", "sender_name"),
            .to = outgoing->address,
            .subject = text.title,
            .body = text.body,
            .unsubscribe = unsubscribe[0] ? unsubscribe : NULL,
            .date_ms = source->created_at,
        };
        outgoing->content = mime_compose(&mime);
        outgoing->size = strlen(outgoing->content);
    }
    message_text_clear(&text);
    json_decref(view);
    json_decref(event);
    return status;
}

/* Whether the addressee may still see the event: rights may have ended while it waited. */
static pia_status_t check_right(pia_db_t *db, const source_t *source, bool *ret_allowed)
{
    pia_principal_t principal;
    json_t *event = json_loads(source->event, 0, NULL);
    pia_status_t status = person_principal(db, source->person, &principal);
    *ret_allowed = pia_principal_sees(&principal, pia_json_text(event, "visibility"),
                                      pia_json_text(event, "restrictedto"));
    json_decref(event);
    return status;
}

/* Makes a leased delivery ready. PIA_NOT_FOUND: there is nothing to send, and that is recorded. */
static pia_status_t prepare(const notifications_t *self, outgoing_t *outgoing)
{
    pia_db_t *db = self->context->db;
    source_t source = {0};
    bool allowed = false;
    pia_status_t status = load(db, outgoing, &source);
    if (status == PIA_OK) {
        status = check_right(db, &source, &allowed);
    }
    if (status != PIA_OK) {
        source_clear(&source);
        return status;
    }
    const char *ended = NULL;
    if (strcmp(source.state, "active") != 0 || !outgoing->address || !allowed) {
        ended = "cancelled";
    } else if (outgoing->attempt >
               pia_config_integer(self->context->config, "delivery", "attempts")) {
        ended = "failed";
    } else if (outgoing->channel == CHANNEL_WEBHOOK) {
        outgoing->content = pia_strdup(source.event);
        outgoing->size = strlen(source.event);
    } else if (compose(self, outgoing, &source) != PIA_OK) {
        pia_log(PIA_LOG_ERROR, "template %s gives no message", source.template);
        ended = "failed";
    }
    source_clear(&source);
    if (ended) {
        status = end_delivery(db, outgoing, ended, NULL);
        return status == PIA_OK ? PIA_NOT_FOUND : status;
    }
    return PIA_OK;
}

/* PIA_NOT_FOUND: another instance was quicker, or there is nothing to send. */
static pia_status_t take_one(const notifications_t *self, outgoing_t *outgoing)
{
    pia_db_t *db = self->context->db;
    int64_t lease_ms = pia_config_integer(self->context->config, "delivery", "lease_ms");
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LEASE);
    pia_stmt_text(stmt, 1, outgoing->delivery);
    pia_stmt_integer(stmt, 2, pia_clock_wall() + lease_ms);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    outgoing->attempt = pia_stmt_column_integer(stmt, 0);
    status = pia_stmt_run(stmt, NULL);
    return status == PIA_OK ? prepare(self, outgoing) : status;
}

/* What is due, read first: one statement at a time. */
typedef struct {
    char ids[LIMIT_MAX][PIA_UUID_TEXT_SIZE];
    char contacts[LIMIT_MAX][PIA_UUID_TEXT_SIZE];
    size_t count;
} due_t;

/* Keeps a row, unless its contact has its share already. */
static void keep(due_t *due, const char *id, const char *contact)
{
    size_t share = 0;
    for (size_t i = 0; i < due->count; i++) {
        share += strcmp(due->contacts[i], contact) == 0;
    }
    if (share < LEASE_PER_CONTACT) {
        (void)snprintf(due->ids[due->count], PIA_UUID_TEXT_SIZE, "%s", id);
        (void)snprintf(due->contacts[due->count++], PIA_UUID_TEXT_SIZE, "%s", contact);
    }
}

static pia_status_t read_due(pia_db_t *db, uint32_t channel, size_t limit, due_t *due)
{
    pia_stmt_t *stmt = pia_db_prepare(db, pia_db_is_shared(db) ? SQL_DUE_SHARED : SQL_DUE);
    pia_stmt_text(stmt, 1, channel_name(channel));
    pia_stmt_integer(stmt, 2, pia_clock_wall());
    pia_stmt_integer(stmt, 3, LEASE_PER_CONTACT);
    pia_stmt_integer(stmt, 4, (int64_t)(limit < LIMIT_MAX ? limit : LIMIT_MAX));
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK) {
        keep(due, pia_stmt_column_text(stmt, 0), pia_stmt_column_text(stmt, 1));
        status = pia_stmt_step(stmt);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t
lease_take(notifications_t *self, uint32_t channel, size_t limit, outgoing_t **ret_list)
{
    due_t due = {.count = 0};
    pia_db_t *db = self->context->db;
    outgoing_t *list = NULL, **last = &list;
    pia_status_t status = run_with_time(db, SQL_EXPIRE);
    if (status == PIA_OK) {
        status = read_due(db, channel, limit, &due);
    }
    for (size_t i = 0; i < due.count && status == PIA_OK; i++) {
        outgoing_t *outgoing = pia_alloc(sizeof *outgoing);
        memcpy(outgoing->delivery, due.ids[i], sizeof due.ids[i]);
        status = take_one(self, outgoing);
        if (status == PIA_OK) {
            *last = outgoing;
            last = &outgoing->next;
        } else {
            outgoing_destroy(&outgoing);
            status = status == PIA_NOT_FOUND ? PIA_OK : status;
        }
    }
    if (status != PIA_OK) {
        while (list) {
            outgoing_t *next = list->next;
            outgoing_destroy(&list);
            list = next;
        }
        return status;
    }
    *ret_list = list;
    return PIA_OK;
}

static pia_status_t record_sent(pia_db_t *db, const outgoing_t *outgoing)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_SENT);
    pia_stmt_text(stmt, 1, outgoing->delivery);
    pia_stmt_integer(stmt, 2, outgoing->attempt);
    pia_stmt_integer(stmt, 3, pia_clock_now());
    return pia_stmt_run(stmt, NULL);
}

/* Doubling, and up to half as much again by the delivery's id, so that they do not come at once. */
static int64_t retry_ms(const notifications_t *self, const outgoing_t *outgoing)
{
    int64_t first = pia_config_integer(self->context->config, "delivery", "retry_ms");
    int64_t shift =
        outgoing->attempt - 1 < RETRY_SHIFT_MAX ? outgoing->attempt - 1 : RETRY_SHIFT_MAX;
    int64_t pause = first << shift;
    pause = pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS;
    return pause + pause / 2 * (outgoing->delivery[0] % 16) / 16;
}

static pia_status_t record_failure(const notifications_t *self, const outgoing_t *outgoing)
{
    pia_db_t *db = self->context->db;
    if (outgoing->attempt >= pia_config_integer(self->context->config, "delivery", "attempts")) {
        return end_delivery(db, outgoing, "failed", outgoing->problem);
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_RETRY);
    pia_stmt_text(stmt, 1, outgoing->delivery);
    pia_stmt_integer(stmt, 2, outgoing->attempt);
    pia_stmt_integer(stmt, 3, pia_clock_wall() + retry_ms(self, outgoing));
    pia_stmt_text(stmt, 4, outgoing->problem);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t record_gone(pia_db_t *db, const outgoing_t *outgoing)
{
    pia_status_t status = contact_end(db, outgoing->contact, "gone");
    if (status != PIA_OK && status != PIA_GONE) {
        return status;
    }
    return end_delivery(db, outgoing, "failed", outgoing->problem);
}

/* A batch that is repeated counts twice: these are for operators, not for accounts. */
static void count(notifications_t *self, const outgoing_t *outgoing)
{
    self->sent += outgoing->outcome == OUTGOING_SENT;
    self->retried += outgoing->outcome == OUTGOING_FAILED;
    self->failed += outgoing->outcome == OUTGOING_REFUSED || outgoing->outcome == OUTGOING_GONE;
}

pia_status_t lease_record(notifications_t *self, const outgoing_t *outgoing)
{
    count(self, outgoing);
    switch (outgoing->outcome) {
    case OUTGOING_SENT:
        return record_sent(self->context->db, outgoing);
    case OUTGOING_FAILED:
        return record_failure(self, outgoing);
    case OUTGOING_REFUSED:
        return end_delivery(self->context->db, outgoing, "failed", outgoing->problem);
    case OUTGOING_GONE:
        return record_gone(self->context->db, outgoing);
    }
    return PIA_INTERNAL;
}
