/* matching.c - the index of subscriptions follows their table. */
#include "matching.h"

#include <stdlib.h>

#include "pia/memory.h"

#include "match_terms.h"

struct matching {
    match_index_t *index;
    int64_t change;      /* the last one seen */
    int64_t committed;   /* the last one known to be durable */
    match_terms_t terms; /* of the filter that is being added */
};

static const char SQL_HEAD[] = "SELECT change FROM subscription_head WHERE id = 1";
/* All of them, in the order of the table itself, in parts: PostgreSQL's client holds a whole
 * answer. */
static const char SQL_ALL[] =
    "SELECT change, slot, filter, from_sequence, to_sequence FROM subscription"
    " WHERE slot > $1 ORDER BY slot LIMIT 20000";
static const char SQL_CHANGES[] =
    "SELECT change, slot, filter, from_sequence, to_sequence FROM subscription"
    " WHERE change > $1 ORDER BY slot";

matching_t *matching_new(void)
{
    matching_t *self = pia_alloc(sizeof *self);
    self->index = match_index_new();
    return self;
}

void matching_destroy(matching_t **self_p)
{
    matching_t *self = *self_p;
    *self_p = NULL;
    if (!self)
        return;
    match_index_destroy(&self->index);
    match_terms_free(&self->terms);
    free(self);
}

size_t matching_count(const matching_t *self)
{
    return match_index_size(self->index);
}

void matching_committed(matching_t *self)
{
    self->committed = self->change;
}

void matching_rolled_back(matching_t *self)
{
    if (self->change == self->committed)
        return;
    match_index_destroy(&self->index);
    self->index = match_index_new();
    self->change = 0;
    self->committed = 0;
}

/* Adds the subscription of a row; its filter was checked when it was stored. */
static bool add_row(matching_t *self, pia_stmt_t *stmt, int64_t slot)
{
    match_entry_t entry = {.slot = slot, .from = (uint64_t)pia_stmt_column_integer(stmt, 3)};
    const char *filter = pia_stmt_column_text(stmt, 2);
    if (!filter || !match_terms_of(&self->terms, self->index, filter, &entry.asks))
        return false;
    entry.values = self->terms.values;
    entry.count = self->terms.count;
    match_index_add(self->index, &entry);
    return true;
}

/* A row is new, or has ended. */
static bool take_row(matching_t *self, pia_stmt_t *stmt)
{
    int64_t slot = pia_stmt_column_integer(stmt, 1);
    if (slot > match_index_last(self->index) && !add_row(self, stmt, slot))
        return false;
    return pia_stmt_column_is_null(stmt, 4) ||
           match_index_end(self->index, slot, (uint64_t)pia_stmt_column_integer(stmt, 4));
}

/* The number of the last change of the table. */
static pia_status_t read_change(pia_db_t *db, int64_t *ret_change)
{
    pia_stmt_t *stmt = pia_db_prepare(db, SQL_HEAD);
    pia_status_t status = pia_stmt_step(stmt);
    if (status != PIA_OK)
        return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
    *ret_change = pia_stmt_column_integer(stmt, 0);
    pia_stmt_reset(stmt);
    return PIA_OK;
}

/* Takes the statement's rows; *ret_rows is how many, *last the last change among them. */
static pia_status_t take_rows(matching_t *self, pia_stmt_t *stmt, int64_t *last, size_t *ret_rows)
{
    pia_status_t status = PIA_OK;
    *ret_rows = 0;
    while ((status = pia_stmt_step(stmt)) == PIA_OK) {
        int64_t change = pia_stmt_column_integer(stmt, 0);
        *last = change > *last ? change : *last;
        ++*ret_rows;
        if (!take_row(self, stmt)) {
            pia_stmt_reset(stmt);
            return PIA_INTERNAL;
        }
    }
    return status == PIA_NOT_FOUND ? PIA_OK : status;
}

/* Reads the whole table. Measured for 960,000 in SQLite: 1.1 s, jansson alone would take 4. */
static pia_status_t load(matching_t *self, pia_db_t *db, int64_t *last)
{
    size_t rows = 1;
    pia_status_t status = PIA_OK;
    while (status == PIA_OK && rows) {
        pia_stmt_t *stmt = pia_db_prepare(db, SQL_ALL);
        pia_stmt_integer(stmt, 1, match_index_last(self->index));
        status = take_rows(self, stmt, last, &rows);
    }
    return status;
}

pia_status_t matching_refresh(matching_t *self, pia_db_t *db)
{
    int64_t last = 0;
    size_t rows = 0;
    pia_status_t status = read_change(db, &last);
    if (status != PIA_OK || last == self->change)
        return status;
    if (!match_index_last(self->index)) {
        /* a change that another instance makes meanwhile is seen again, and is one already then */
        int64_t ignored = 0;
        status = load(self, db, &ignored);
    } else {
        pia_stmt_t *stmt = pia_db_prepare(db, SQL_CHANGES);
        pia_stmt_integer(stmt, 1, self->change);
        status = take_rows(self, stmt, &last, &rows);
    }
    if (status == PIA_OK)
        self->change = last;
    return status;
}

size_t matching_audience(const matching_t *self,
                         uint64_t sequence,
                         const attributes_t *attributes,
                         int64_t after,
                         int64_t *ret_slots,
                         size_t limit)
{
    match_query_t query = {0};
    match_query_init(&query, attributes);
    size_t count = match_index_list(self->index, &query, sequence, after, ret_slots, limit);
    match_query_clear(&query);
    return count;
}

size_t matching_shares(const matching_t *self,
                       uint64_t sequence,
                       const attributes_t *attributes,
                       match_share_t *shares,
                       size_t share_count)
{
    match_query_t query = {0};
    match_query_init(&query, attributes);
    size_t count = match_index_shares(self->index, &query, sequence, shares, share_count);
    match_query_clear(&query);
    return count;
}
