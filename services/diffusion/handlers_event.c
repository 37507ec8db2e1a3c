/* handlers_event.c - events in by message, and the journal by filter and cursor. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "append.h"
#include "epoch.h"
#include "filter.h"
#include "journal_read.h"
#include "pia/clock.h"
#include "pia/memory.h"
#include "problems.h"
#include "proto/event.h"

enum {
    LIMIT_DEFAULT = 50,
    PAGE_SIZE_MAX = 512 * 1024, /* and one event more; an answer has at most 1 MiB */
    SCAN_MAX = 20000,           /* events looked at for one page, and their bytes: nothing else */
    GAPS_MAX = 1000,
    SCAN_BYTES_MAX = 8 << 20, /* is stored meanwhile */
};

static pia_status_t
take_entries(const json_t *events, entry_t *entries, size_t *ret_count, pia_problem_t *problem)
{
    *ret_count = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        pia_status_t status = entry_from_json(json_array_get(events, i), &entries[i], problem);
        if (status != PIA_OK) {
            problem_under(problem, i);
            return status;
        }
        *ret_count = i + 1;
    }
    return PIA_OK;
}

static json_t *receipt_json(const diffusion_t *self, const receipt_t *receipt)
{
    char chain[2 * CHAIN_SIZE + 1];
    char cursor_text[CURSOR_TEXT_SIZE];
    cursor_t cursor;
    sodium_bin2hex(chain, sizeof chain, receipt->chain, CHAIN_SIZE);
    receipt_cursor(receipt, &cursor);
    cursor_format(&cursor, cursor_text);
    return json_pack("{s:s, s:I, s:I, s:s, s:s, s:b}", "journal", journal_id(self->journal),
                     "epoch", (json_int_t)receipt->epoch, "sequence", (json_int_t)receipt->sequence,
                     "chain", chain, "cursor", cursor_text, "duplicate", receipt->duplicate);
}

static json_t *receipts_json(const diffusion_t *self, const receipt_t *receipts, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, receipt_json(self, &receipts[i]));
    return json_pack("{s:o}", "receipts", array);
}

void handle_event_append(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_event_append_t *fields = pia_request_fields(*request_p);
    size_t room = json_array_size(fields->events);
    entry_t *entries = pia_alloc(room * sizeof *entries);
    receipt_t *receipts = pia_alloc(room * sizeof *receipts);
    append_t append = {.principal = pia_request_principal(*request_p),
                       .entries = entries,
                       .receipts = receipts,
                       .now_ms = pia_clock_now()};
    pia_problem_t problem = {0};
    pia_status_t status = take_entries(fields->events, entries, &append.count, &problem);
    if (status == PIA_OK)
        status = diffusion_append(diffusion, diffusion->context->db, &append, &problem);
    if (status == PIA_OK) {
        pia_request_answer(request_p, receipts_json(diffusion, receipts, append.count), 0);
    } else {
        problem_under_member(&problem, "events");
        pia_request_fail(request_p, &problem);
    }
    for (size_t i = 0; i < append.count; i++)
        entry_clear(&entries[i]);
    free(entries);
    free(receipts);
}

/* A page being filled. */
typedef struct {
    const pia_principal_t *principal;
    const filter_t *filter;
    cursor_t at; /* covered so far */
    size_t limit;
    size_t scanned, scanned_bytes;
    size_t size;
    json_t *items;
    json_t *gaps; /* ranges of removed events */
} page_t;

static bool page_full(const page_t *page)
{
    return json_array_size(page->items) >= page->limit || json_array_size(page->gaps) >= GAPS_MAX ||
           page->scanned >= SCAN_MAX || page->scanned_bytes >= SCAN_BYTES_MAX ||
           page->size >= PAGE_SIZE_MAX;
}

static json_t *record_json(const record_t *record)
{
    char cursor[CURSOR_TEXT_SIZE];
    char time[PIA_TIME_TEXT_SIZE];
    cursor_format(&record->cursor, cursor);
    pia_time_format(record->recorded_ms, time);
    return json_pack("{s:s, s:I, s:s, s:o}", "cursor", cursor, "sequence",
                     (json_int_t)record->cursor.sequence, "recorded_at", time, "event",
                     json_loadb((const char *)record->event, record->event_size, 0, NULL));
}

/* Adds a removed event to the page's gaps: [{"from", "to"}], each as far as they stand together. */
static void add_gap(page_t *page, uint64_t sequence)
{
    json_t *last = json_array_get(page->gaps, json_array_size(page->gaps) - 1);
    if (last && json_integer_value(json_object_get(last, "to")) == (json_int_t)sequence - 1)
        json_object_set_new(last, "to", json_integer((json_int_t)sequence));
    else
        json_array_append_new(page->gaps, json_pack("{s:I, s:I}", "from", (json_int_t)sequence,
                                                    "to", (json_int_t)sequence));
}

static void look_at(page_t *page, const record_t *record, const attributes_t *attributes)
{
    const char *const *value = attributes->value;
    page->at = record->cursor;
    page->scanned++;
    page->scanned_bytes += record->event_size;
    if (record->hash)
        add_gap(page, record->cursor.sequence);
    if (!pia_principal_sees(page->principal, value[ATTRIBUTE_VISIBILITY],
                            value[ATTRIBUTE_RESTRICTED_TO]) ||
        !filter_matches(page->filter, attributes))
        return;
    json_t *item = record_json(record);
    /* as it is written: a real number of 3 bytes ("0.1") becomes one of 19 */
    page->size += json_dumpb(item, NULL, 0, JSON_COMPACT);
    json_array_append_new(page->items, item);
}

static void scan(page_t *page, const batch_t *batch)
{
    record_t record;
    attributes_t attributes;
    while (!page_full(page) && batch_find(batch, page->at.sequence + 1, &record)) {
        batch_attributes(batch, record.cursor.sequence, &attributes);
        look_at(page, &record, &attributes);
    }
}

/* Fills the page; *ret_more says whether the journal goes on behind it. */
static pia_status_t fill(page_t *page, pia_db_t *db, bool *ret_more)
{
    *ret_more = true;
    while (!page_full(page)) {
        batch_t *batch = NULL;
        uint64_t before = page->at.sequence;
        pia_status_t status = journal_read_batch(db, before + 1, &batch);
        if (status == PIA_NOT_FOUND)
            *ret_more = false;
        if (status != PIA_OK)
            return status == PIA_NOT_FOUND ? PIA_OK : status;
        scan(page, batch);
        batch_release(&batch);
        if (page->at.sequence == before)
            return PIA_INTERNAL;
    }
    return PIA_OK;
}

static pia_status_t
start_page(pia_db_t *db, const char *after, cursor_t *ret_at, pia_problem_t *problem)
{
    cursor_t common;
    char text[CURSOR_TEXT_SIZE];
    *ret_at = (cursor_t){.epoch = 1};
    if (!after || !*after)
        return PIA_OK;
    if (!cursor_parse(after, strlen(after), ret_at))
        return pia_problem_set(problem, PIA_INVALID, "/after", "It is not a cursor.");
    pia_status_t status = journal_locate(db, ret_at, &common);
    if (status == PIA_OK)
        return PIA_OK;
    if (status != PIA_GONE)
        return pia_problem_set(problem, status, "", "The journal cannot be read now.");
    cursor_format(&common, text);
    return pia_problem_set(problem, PIA_GONE, "/after",
                           "The cursor is of another history; the last common one is %s", text);
}

static void answer_page(pia_request_t **request_p, const page_t *page, bool more)
{
    char text[CURSOR_TEXT_SIZE];
    cursor_format(&page->at, text);
    json_t *answer = json_pack("{s:O, s:s}", "items", page->items, "cursor", text);
    if (more)
        json_object_set_new(answer, "next", json_string(text));
    if (json_array_size(page->gaps))
        json_object_set(answer, "gaps", page->gaps);
    pia_request_answer(request_p, answer, 0);
}

void handle_event_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    pia_db_t *db = diffusion->context->db;
    const pia_diffusion_event_list_t *fields = pia_request_fields(*request_p);
    page_t page = {.principal = pia_request_principal(*request_p),
                   .limit = fields->has_limit ? (size_t)fields->limit : LIMIT_DEFAULT,
                   .items = json_array(),
                   .gaps = json_array()};
    pia_problem_t problem = {0};
    filter_t *filter = NULL;
    bool more = false;
    json_t *members = filter_members(pia_request_body(*request_p));
    pia_status_t status = filter_compile(members, &filter, &problem);
    json_decref(members);
    page.filter = filter;
    if (status == PIA_OK)
        status = start_page(db, fields->after, &page.at, &problem);
    if (status == PIA_OK) {
        status = fill(&page, db, &more);
        if (status != PIA_OK)
            (void)pia_problem_set(&problem, status, "", "The journal cannot be read now.");
    }
    if (status == PIA_OK)
        answer_page(request_p, &page, more);
    else
        pia_request_fail(request_p, &problem);
    json_decref(page.items);
    json_decref(page.gaps);
    filter_destroy(&filter);
}
