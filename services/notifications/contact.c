/* contact.c - contacts in SQL and as JSON. */
#include "contact.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/memory.h"
#include "proto/contact.h"

#define COLUMNS                                                                                    \
    "id, channel, address, person, language, state, consent_basis, consent_at, consent_by, "       \
    "version"

static const char SQL_ADD[] =
    "INSERT INTO contact (id, channel, address, secret, person, language, state, consent_basis,"
    " consent_at, consent_by, version) VALUES ($1, $2, $3, $4, $5, $6, 'active', $7, $8, $9, 1)";
static const char SQL_GET[] = "SELECT " COLUMNS " FROM contact WHERE id = $1";
static const char SQL_EXISTS[] = "SELECT 1 FROM contact WHERE person = $1 AND channel = $2"
                                 " AND COALESCE(address, '') = $3 AND state = 'active'";
static const char SQL_OF_PERSON[] = "SELECT " COLUMNS " FROM contact WHERE person = $1 AND id > $2"
                                    " ORDER BY id LIMIT $3";
static const char SQL_BY_RECORDER[] = "SELECT " COLUMNS " FROM contact WHERE person IS NULL"
                                      " AND consent_by = $1 AND id > $2 ORDER BY id LIMIT $3";
static const char SQL_REMOVE[] =
    "UPDATE contact SET state = 'removed', address = NULL, secret = NULL, version = version + 1"
    " WHERE id = $1 AND state = 'active'";
static const char SQL_GONE[] = "UPDATE contact SET state = 'gone', version = version + 1"
                               " WHERE id = $1 AND state = 'active'";

void contact_clear(contact_t *contact)
{
    free(contact->id);
    free(contact->channel);
    free(contact->address);
    free(contact->person);
    free(contact->language);
    free(contact->state);
    free(contact->consent_basis);
    free(contact->consent_by);
    *contact = (contact_t){0};
}

void contact_copy(const contact_t *contact, contact_t *ret_copy)
{
    *ret_copy = (contact_t){
        .id = pia_strdup(contact->id),
        .channel = pia_strdup(contact->channel),
        .address = pia_strdup(contact->address),
        .person = pia_strdup(contact->person),
        .language = pia_strdup(contact->language),
        .state = pia_strdup(contact->state),
        .consent_basis = pia_strdup(contact->consent_basis),
        .consent_by = pia_strdup(contact->consent_by),
        .consent_at = contact->consent_at,
        .version = contact->version,
    };
}

json_t *contact_json(const contact_t *contact)
{
    char consent_at[PIA_TIME_TEXT_SIZE];
    pia_time_format(contact->consent_at, consent_at);
    pia_contact_t fields = {
        .id = contact->id,
        .channel = contact->channel,
        .address = contact->address,
        .person = contact->person,
        .language = contact->language,
        .state = contact->state,
        .consent_basis = contact->consent_basis,
        .consent_at = consent_at,
        .consent_by = contact->consent_by,
        .has_version = true,
        .version = contact->version,
    };
    return pia_schema_encode(&pia_contact_schema, &fields);
}

pia_status_t contact_add(pia_db_t *db, const contact_t *contact, const uint8_t *secret)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_ADD);
    pia_stmt_text(stmt, 1, contact->id);
    pia_stmt_text(stmt, 2, contact->channel);
    pia_stmt_text(stmt, 3, contact->address);
    if (secret) {
        pia_stmt_bytes(stmt, 4, secret, CONTACT_SECRET_SIZE);
    } else {
        pia_stmt_null(stmt, 4);
    }
    pia_stmt_text(stmt, 5, contact->person);
    pia_stmt_text(stmt, 6, contact->language);
    pia_stmt_text(stmt, 7, contact->consent_basis);
    pia_stmt_integer(stmt, 8, contact->consent_at);
    pia_stmt_text(stmt, 9, contact->consent_by);
    return pia_stmt_run(stmt, NULL);
}

static void read_row(pia_stmt_t *stmt, contact_t *ret_contact)
{
    *ret_contact = (contact_t){
        .id = pia_strdup(pia_stmt_column_text(stmt, 0)),
        .channel = pia_strdup(pia_stmt_column_text(stmt, 1)),
        .address = pia_strdup(pia_stmt_column_text(stmt, 2)),
        .person = pia_strdup(pia_stmt_column_text(stmt, 3)),
        .language = pia_strdup(pia_stmt_column_text(stmt, 4)),
        .state = pia_strdup(pia_stmt_column_text(stmt, 5)),
        .consent_basis = pia_strdup(pia_stmt_column_text(stmt, 6)),
        .consent_at = pia_stmt_column_integer(stmt, 7),
        .consent_by = pia_strdup(pia_stmt_column_text(stmt, 8)),
        .version = pia_stmt_column_integer(stmt, 9),
    };
}

pia_status_t contact_get(pia_db_t *db, const char *id, contact_t *ret_contact)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_GET);
    pia_stmt_text(stmt, 1, id);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        read_row(stmt, ret_contact);
        pia_stmt_reset(stmt);
    }
    return status;
}

pia_status_t contact_exists(pia_db_t *db, const contact_t *contact, bool *ret_exists)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_EXISTS);
    pia_stmt_text(stmt, 1, contact->person);
    pia_stmt_text(stmt, 2, contact->channel);
    pia_stmt_text(stmt, 3, contact->address ? contact->address : "");
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        pia_stmt_reset(stmt);
    }
    *ret_exists = status == PIA_OK;
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t contact_each(pia_db_t *db, const contact_page_t *page, contact_fn *each, void *arg)
{
    pia_stmt_t *stmt = pia_db_prepare(db, page->person ? SQL_OF_PERSON : SQL_BY_RECORDER);
    pia_stmt_text(stmt, 1, page->person ? page->person : page->consent_by);
    pia_stmt_text(stmt, 2, page->after ? page->after : "");
    pia_stmt_integer(stmt, 3, page->limit);
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK) {
        contact_t contact;
        read_row(stmt, &contact);
        status = each(arg, &contact);
        contact_clear(&contact);
        if (status != PIA_OK) {
            pia_stmt_reset(stmt);
            return status;
        }
        status = pia_stmt_step(stmt);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

pia_status_t contact_end(pia_db_t *db, const char *id, const char *state)
{
    pia_stmt_t *stmt = pia_db_prepare(db, strcmp(state, "gone") == 0 ? SQL_GONE : SQL_REMOVE);
    pia_stmt_text(stmt, 1, id);
    int64_t changes = 0;
    pia_status_t status = pia_stmt_run(stmt, &changes);
    return status == PIA_OK && changes == 0 ? PIA_GONE : status;
}
