/* campaign.c - campaigns in SQL. */
#include "campaign.h"

#include <stdio.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/json.h"

enum {
    ASK_MAX_MS = 10000,
    PAUSE_MS = 500, /* after the first failure, doubling */
    PAUSE_MAX_MS = 60000,
    PAUSE_SHIFT_MAX = 7, /* 500 ms << 7 = 64 s */
};

static const char SQL_ADD[] =
    "INSERT INTO campaign (notice, template, channels, after, state, token, failures, next_at)"
    " VALUES ($1, $2, $3, '', 'open', 0, 0, $4) ON CONFLICT (notice) DO NOTHING";
static const char SQL_DUE[] =
    "SELECT notice FROM campaign WHERE state = 'open' AND next_at <= $1 ORDER BY next_at LIMIT 1";
static const char SQL_DUE_SHARED[] =
    "SELECT notice FROM campaign WHERE state = 'open' AND next_at <= $1 ORDER BY next_at LIMIT 1"
    " FOR UPDATE SKIP LOCKED";
static const char SQL_LEASE[] =
    "UPDATE campaign SET token = token + 1, next_at = $2 WHERE notice = $1 RETURNING token, after";
static const char SQL_NOTICE[] = "SELECT epoch, sequence FROM notice WHERE id = $1";
static const char SQL_TELLING[] =
    "SELECT c.template, c.channels, n.type, n.event, n.link FROM campaign c"
    " JOIN notice n ON n.id = c.notice WHERE c.notice = $1";
static const char SQL_MOVE[] =
    "UPDATE campaign SET after = $3, state = $4, failures = 0, next_at = $5"
    " WHERE notice = $1 AND token = $2 AND state = 'open'";
static const char SQL_FAILURES[] = "SELECT failures FROM campaign WHERE notice = $1 AND token = $2";
static const char SQL_GIVE_BACK[] =
    "UPDATE campaign SET failures = failures + 1, next_at = $3, state = $4"
    " WHERE notice = $1 AND token = $2 AND state = 'open'";

int64_t campaign_ask_ms(int64_t lease_ms)
{
    return lease_ms / 2 < ASK_MAX_MS ? lease_ms / 2 : ASK_MAX_MS;
}

pia_status_t campaign_add(notifications_t *self, const telling_t *telling)
{
    pia_stmt_t *stmt = pia_db_prepare(self->context->db, SQL_ADD);
    pia_stmt_text(stmt, 1, telling->notice);
    pia_stmt_text(stmt, 2, telling->template);
    pia_stmt_integer(stmt, 3, telling->channels);
    pia_stmt_integer(stmt, 4, pia_clock_wall());
    atomic_store(&self->campaigns_wait, true);
    return pia_stmt_run(stmt, NULL);
}

static pia_status_t due(pia_db_t *db, char ret_notice[PIA_UUID_TEXT_SIZE])
{
    pia_stmt_t *stmt = pia_db_prepare(db, pia_db_is_shared(db) ? SQL_DUE_SHARED : SQL_DUE);
    pia_stmt_integer(stmt, 1, pia_clock_wall());
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        (void)snprintf(ret_notice, PIA_UUID_TEXT_SIZE, "%s", pia_stmt_column_text(stmt, 0));
        pia_stmt_reset(stmt);
    }
    return status;
}

/* When a lease that begins now ends: longer than a page takes to be asked for and stored. */
static int64_t lease_end(const notifications_t *self)
{
    return pia_clock_wall() + pia_config_integer(self->context->config, "delivery", "lease_ms");
}

static pia_status_t lease(notifications_t *self, campaign_t *campaign)
{
    pia_db_t *db = self->context->db;
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_LEASE);
    pia_stmt_text(stmt, 1, campaign->notice);
    pia_stmt_integer(stmt, 2, lease_end(self));
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    campaign->token = pia_stmt_column_integer(stmt, 0);
    (void)snprintf(campaign->after, sizeof campaign->after, "%s", pia_stmt_column_text(stmt, 1));
    return pia_stmt_run(stmt, NULL); /* to its end: only then has RETURNING done its work */
}

pia_status_t campaign_take(notifications_t *self, campaign_t *ret_campaign)
{
    pia_db_t *db = self->context->db;
    pia_status_t status = due(db, ret_campaign->notice);
    if (status == PIA_OK) {
        status = lease(self, ret_campaign);
    }
    if (status != PIA_OK) {
        return status;
    }
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_NOTICE);
    pia_stmt_text(stmt, 1, ret_campaign->notice);
    status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        ret_campaign->epoch = pia_stmt_column_integer(stmt, 0);
        ret_campaign->sequence = pia_stmt_column_integer(stmt, 1);
        pia_stmt_reset(stmt);
    }
    return status;
}

/* Moves the campaign on; PIA_CONFLICT if the lease is another's. */
static pia_status_t move(notifications_t *self, const campaign_t *campaign, const char *next)
{
    pia_stmt_t *stmt = pia_db_prepare(self->context->db, SQL_MOVE);
    pia_stmt_text(stmt, 1, campaign->notice);
    pia_stmt_integer(stmt, 2, campaign->token);
    pia_stmt_text(stmt, 3, next ? next : campaign->after);
    pia_stmt_text(stmt, 4, next ? "open" : "done");
    pia_stmt_integer(stmt, 5, lease_end(self));
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_CONFLICT : status;
}

/* A telling read back from its rows; texts are owned by `keep`. */
static pia_status_t
read_telling(pia_db_t *db, const char *notice, telling_t *ret_telling, json_t *keep)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_TELLING);
    pia_stmt_text(stmt, 1, notice);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK) {
        return status;
    }
    json_object_set_new(keep, "template", json_string(pia_stmt_column_text(stmt, 0)));
    uint32_t channels = (uint32_t)pia_stmt_column_integer(stmt, 1);
    json_object_set_new(keep, "type", json_string(pia_stmt_column_text(stmt, 2)));
    json_object_set_new(keep, "event", json_loads(pia_stmt_column_text(stmt, 3), 0, NULL));
    const char *link = pia_stmt_column_text(stmt, 4);
    json_object_set_new(keep, "link", link ? json_string(link) : json_null());
    pia_stmt_reset(stmt);
    *ret_telling = (telling_t){
        .notice = notice,
        .type = pia_json_text(keep, "type"),
        .event = json_object_get(keep, "event"),
        .template = pia_json_text(keep, "template"),
        .link = pia_json_text(keep, "link"),
        .channels = channels,
    };
    return PIA_OK;
}

static pia_status_t tell(notifications_t *self, const telling_t *telling, const pia_text_t *text)
{
    char id[PIA_UUID_TEXT_SIZE] = "";
    contact_t contact;
    if (text->size < sizeof id) {
        memcpy(id, text->bytes, text->size);
    }
    pia_status_t status = id[0] ? contact_get(self->context->db, id, &contact) : PIA_NOT_FOUND;
    if (status == PIA_NOT_FOUND) {
        return PIA_OK; /* a subscription of a contact that is not ours */
    }
    if (status != PIA_OK) {
        return status;
    }
    bool allowed = false;
    status = delivery_is_allowed(self, telling, contact.person, &allowed);
    if (status == PIA_OK && allowed) {
        status = delivery_to_contact(self, telling, &contact);
    }
    contact_clear(&contact);
    return status;
}

enum { CONTACT = 1, MEMBERS = 2 };
const char *const campaign_members[] = {"subscription", [CONTACT] = "contact", [MEMBERS] = NULL};

pia_status_t
campaign_store(notifications_t *self, const campaign_t *campaign, const pia_items_t *items)
{
    char next[CURSOR_MAX] = "";
    if (items->next.size >= CURSOR_MAX) {
        return PIA_INVALID;
    }
    memcpy(next, items->next.bytes ? items->next.bytes : "", items->next.size);
    pia_status_t status = move(self, campaign, items->next.bytes ? next : NULL);
    telling_t telling;
    json_t *keep = json_object();
    if (status == PIA_OK) {
        status = read_telling(self->context->db, campaign->notice, &telling, keep);
    }
    for (size_t i = 0; i < items->count && status == PIA_OK; i++) {
        status = tell(self, &telling, &items->texts[i * MEMBERS + CONTACT]);
    }
    json_decref(keep);
    return status;
}

static int64_t pause_ms(pia_db_t *db, const campaign_t *campaign)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_FAILURES);
    pia_stmt_text(stmt, 1, campaign->notice);
    pia_stmt_integer(stmt, 2, campaign->token);
    int64_t failures = 0;
    if (pia_stmt_step(stmt) == PIA_OK) {
        failures = pia_stmt_column_integer(stmt, 0);
        pia_stmt_reset(stmt);
    }
    int64_t pause = (int64_t)PAUSE_MS << (failures < PAUSE_SHIFT_MAX ? failures : PAUSE_SHIFT_MAX);
    return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

pia_status_t campaign_give_back(notifications_t *self, const campaign_t *campaign, bool for_good)
{
    pia_db_t *db = self->context->db;
    int64_t pause = pause_ms(db, campaign);
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_GIVE_BACK);
    pia_stmt_text(stmt, 1, campaign->notice);
    pia_stmt_integer(stmt, 2, campaign->token);
    pia_stmt_integer(stmt, 3, pia_clock_wall() + pause);
    pia_stmt_text(stmt, 4, for_good ? "failed" : "open");
    return pia_stmt_run(stmt, NULL);
}
