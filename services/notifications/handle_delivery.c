/* handle_delivery.c - what a person was told, and what became of deliveries. Lists are newest
 * first; a cursor is "MS.UUID" of the last item. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers.h"
#include "notifications.h"
#include "pia/clock.h"
#include "pia/uuid.h"
#include "proto/delivery.h"
#include "proto/inbox.h"

enum { PAGE = 50, CURSOR_SIZE = 64 };

static const char SQL_INBOX[] =
    "SELECT id, at, type, title, body, link, read_at FROM inbox WHERE person = $1"
    " AND (at < $2 OR (at = $2 AND id < $3)) AND ($4 = 0 OR read_at IS NULL)"
    " ORDER BY at DESC, id DESC LIMIT $5";
static const char SQL_ITEM[] =
    "SELECT id, at, type, title, body, link, read_at FROM inbox WHERE id = $1 AND person = $2";
static const char SQL_UNREAD[] = "SELECT COUNT(*) FROM inbox WHERE person = $1 AND read_at IS NULL";
static const char SQL_READ[] =
    "UPDATE inbox SET read_at = $3 WHERE id = $1 AND person = $2 AND read_at IS NULL";
#define DELIVERIES                                                                                 \
    "SELECT d.id, d.channel, d.contact, d.person, n.type, n.sequence, d.state, d.attempts,"        \
    " d.problem, d.created_at, d.sent_at, d.next_at FROM delivery d"                               \
    " JOIN notice n ON n.id = d.notice WHERE (d.created_at < $1 OR (d.created_at = $1"             \
    " AND d.id < $2)) AND ($3 = '' OR d.state = $3)"
#define NEWEST " ORDER BY d.created_at DESC, d.id DESC LIMIT $4"
static const char SQL_DELIVERIES[] = DELIVERIES NEWEST;
static const char SQL_OF_CONTACT[] = DELIVERIES " AND d.contact = $5" NEWEST;

/* Where a page begins: before this item. */
typedef struct {
    int64_t at;
    char id[PIA_UUID_TEXT_SIZE];
} position_t;

/* Reads a cursor; without one, the end of time. False: it is not one of ours. */
static bool read_cursor(const char *text, position_t *ret_position)
{
    *ret_position = (position_t){.at = INT64_MAX};
    if (!text) {
        return true;
    }
    char *dot = NULL;
    ret_position->at = strtoll(text, &dot, 10);
    uint8_t uuid[PIA_UUID_SIZE];
    if (dot == text || *dot != '.' || !pia_uuid_parse(dot + 1, uuid)) {
        return false;
    }
    (void)snprintf(ret_position->id, sizeof ret_position->id, "%s", dot + 1);
    return true;
}

static json_t *write_cursor(const position_t *position)
{
    char text[CURSOR_SIZE];
    (void)snprintf(text, sizeof text, "%" PRId64 ".%s", position->at, position->id);
    return json_string(text);
}

static void refuse_cursor(pia_request_t **request_p)
{
    pia_request_refuse(request_p, PIA_INVALID, "/after", "Is not a cursor of this list.");
}

static void refuse_store(pia_request_t **request_p, pia_status_t status)
{
    pia_request_refuse(request_p, status, "", "The database does not answer.");
}

/* A column's time as text, or NULL. */
static const char *time_column(pia_stmt_t *stmt, int column, char ret_text[PIA_TIME_TEXT_SIZE])
{
    if (pia_stmt_column_is_null(stmt, column)) {
        return NULL;
    }
    pia_time_format(pia_stmt_column_integer(stmt, column), ret_text);
    return ret_text;
}

/* The item of the present row. */
static json_t *inbox_item(pia_stmt_t *stmt)
{
    char at[PIA_TIME_TEXT_SIZE], read_at[PIA_TIME_TEXT_SIZE];
    pia_inbox_item_t item = {
        .id = pia_stmt_column_text(stmt, 0),
        .at = time_column(stmt, 1, at),
        .type = pia_stmt_column_text(stmt, 2),
        .title = pia_stmt_column_text(stmt, 3),
        .body = pia_stmt_column_text(stmt, 4),
        .link = pia_stmt_column_text(stmt, 5),
        .read_at = time_column(stmt, 6, read_at),
        .has_read = true,
    };
    item.read = item.read_at != NULL;
    return pia_schema_encode(&pia_inbox_item_schema, &item);
}

static json_t *delivery(pia_stmt_t *stmt)
{
    char created_at[PIA_TIME_TEXT_SIZE], sent_at[PIA_TIME_TEXT_SIZE], next_at[PIA_TIME_TEXT_SIZE];
    const char *state = pia_stmt_column_text(stmt, 6);
    pia_delivery_t item = {
        .id = pia_stmt_column_text(stmt, 0),
        .channel = pia_stmt_column_text(stmt, 1),
        .contact = pia_stmt_column_text(stmt, 2),
        .person = pia_stmt_column_text(stmt, 3),
        .type = pia_stmt_column_text(stmt, 4),
        .has_sequence = true,
        .sequence = pia_stmt_column_integer(stmt, 5),
        .state = state,
        .has_attempts = true,
        .attempts = pia_stmt_column_integer(stmt, 7),
        .problem = pia_stmt_column_text(stmt, 8),
        .created_at = time_column(stmt, 9, created_at),
        .sent_at = time_column(stmt, 10, sent_at),
        .next_at = strcmp(state, "pending") == 0 ? time_column(stmt, 11, next_at) : NULL,
    };
    return pia_schema_encode(&pia_delivery_schema, &item);
}

/* The rows of `stmt` as items, and the cursor if there are more than `limit`. `time_column_number`
 * is where an item's time stands; its id is column 0. */
static pia_status_t page(pia_stmt_t *stmt,
                         int64_t limit,
                         int time_column_number,
                         json_t *(*item)(pia_stmt_t *),
                         json_t *body)
{
    json_t *items = json_array();
    json_object_set_new(body, "items", items);
    position_t last = {0};
    pia_status_t status = pia_stmt_step(stmt);
    while (status == PIA_OK) {
        if ((int64_t)json_array_size(items) == limit) {
            json_object_set_new(body, "next", write_cursor(&last));
            pia_stmt_reset(stmt);
            return PIA_OK;
        }
        json_array_append_new(items, item(stmt));
        last.at = pia_stmt_column_integer(stmt, time_column_number);
        (void)snprintf(last.id, sizeof last.id, "%s", pia_stmt_column_text(stmt, 0));
        status = pia_stmt_step(stmt);
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

static pia_status_t count_unread(pia_db_t *db, const char *person, int64_t *ret_count)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_UNREAD);
    pia_stmt_text(stmt, 1, person);
    pia_status_t status = pia_stmt_step(stmt);
    if (status == PIA_OK) {
        *ret_count = pia_stmt_column_integer(stmt, 0);
        pia_stmt_reset(stmt);
    }
    return status;
}

void handle_inbox_list(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_inbox_list_t *fields = pia_request_fields(*request_p);
    const char *person = pia_request_principal(*request_p)->person;
    position_t before;
    if (!read_cursor(fields->after, &before)) {
        refuse_cursor(request_p);
        return;
    }
    int64_t limit = fields->has_limit ? fields->limit : PAGE;
    pia_stmt_t *stmt = pia_db_prepare(self->context->db, SQL_INBOX);
    pia_stmt_text(stmt, 1, person);
    pia_stmt_integer(stmt, 2, before.at);
    pia_stmt_text(stmt, 3, before.id);
    pia_stmt_integer(stmt, 4, fields->unread ? 1 : 0);
    pia_stmt_integer(stmt, 5, limit + 1);
    json_t *body = json_object();
    int64_t unread = 0;
    pia_status_t status = page(stmt, limit, 1, inbox_item, body);
    if (status == PIA_OK) {
        status = count_unread(self->context->db, person, &unread);
    }
    if (status != PIA_OK) {
        json_decref(body);
        refuse_store(request_p, status);
        return;
    }
    json_object_set_new(body, "unread", json_integer(unread));
    pia_request_answer(request_p, body, 0);
}

void handle_inbox_read(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_inbox_read_t *fields = pia_request_fields(*request_p);
    const char *person = pia_request_principal(*request_p)->person;
    pia_stmt_t *stmt = pia_db_prepare(self->context->db, SQL_READ);
    pia_stmt_text(stmt, 1, fields->item);
    pia_stmt_text(stmt, 2, person);
    pia_stmt_integer(stmt, 3, pia_clock_now());
    pia_status_t status = pia_stmt_run(stmt, NULL);
    if (status == PIA_OK) {
        stmt = pia_db_prepare(self->context->db, SQL_ITEM);
        pia_stmt_text(stmt, 1, fields->item);
        pia_stmt_text(stmt, 2, person);
        status = pia_stmt_step(stmt);
    }
    if (status == PIA_OK) {
        json_t *item = inbox_item(stmt);
        pia_stmt_reset(stmt);
        pia_request_answer(request_p, item, 0);
    } else if (status == PIA_NOT_FOUND) {
        pia_request_refuse(request_p, status, "/item", "There is no such item in this inbox.");
    } else {
        refuse_store(request_p, status);
    }
}

void handle_delivery_list(void *arg, pia_request_t **request_p)
{
    const notifications_t *self = arg;
    const pia_notifications_delivery_list_t *fields = pia_request_fields(*request_p);
    position_t before;
    if (!read_cursor(fields->after, &before)) {
        refuse_cursor(request_p);
        return;
    }
    int64_t limit = fields->has_limit ? fields->limit : PAGE;
    pia_stmt_t *stmt =
        pia_db_prepare(self->context->db, fields->contact ? SQL_OF_CONTACT : SQL_DELIVERIES);
    pia_stmt_integer(stmt, 1, before.at);
    pia_stmt_text(stmt, 2, before.id);
    pia_stmt_text(stmt, 3, fields->state ? fields->state : "");
    pia_stmt_integer(stmt, 4, limit + 1);
    if (fields->contact) {
        pia_stmt_text(stmt, 5, fields->contact);
    }
    json_t *body = json_object();
    pia_status_t status = page(stmt, limit, 9, delivery, body);
    if (status == PIA_OK) {
        pia_request_answer(request_p, body, 0);
    } else {
        json_decref(body);
        refuse_store(request_p, status);
    }
}
