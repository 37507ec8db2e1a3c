/* handlers_audience.c - whom an event reaches. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "diffusion.h"
#include "journal_read.h"
#include "pia/memory.h"
#include "proto/subscription.h"
#include "subscription.h"

enum { LIMIT_DEFAULT = 50 };

static void add_text(buffer_t *page, const char *text)
{
    buffer_add(page, text, strlen(text));
}

/* Ids are plain characters: no escapes. The form is the one that pia/items.h reads quickly. */
static void add_recipient(void *arg, const char *id, const char *contact)
{
    buffer_t *page = arg;
    if (page->bytes[page->size - 1] != '[')
        add_text(page, ",");
    add_text(page, "{\"subscription\":\"");
    add_text(page, id);
    add_text(page, "\",\"contact\":\"");
    add_text(page, contact);
    add_text(page, "\"}");
}

/* What is wanted of an audience. */
typedef struct {
    uint64_t sequence;
    attributes_t attributes;
    int64_t after;
    size_t limit;
} wanted_t;

/* Writes the page as JSON: by hand, for a jansson object takes 1.5 us a recipient, this 0.1 us. */
static pia_status_t write_page(diffusion_t *self, const wanted_t *wanted, buffer_t *page)
{
    pia_db_t *db = self->context->db;
    int64_t *slots = pia_alloc((wanted->limit + 1) * sizeof *slots);
    pia_status_t status = matching_refresh(self->matching, db);
    size_t count = 0;
    if (status == PIA_OK)
        count = matching_audience(self->matching, wanted->sequence, &wanted->attributes,
                                  wanted->after, slots, wanted->limit + 1);
    bool more = count > wanted->limit;
    count -= more;
    add_text(page, "{\"items\":[");
    if (status == PIA_OK)
        status = subscription_people(db, slots, count, add_recipient, page);
    add_text(page, "]");
    if (more) {
        char next[24];
        subscription_place(slots[count - 1], next);
        add_text(page, ",\"next\":\"");
        add_text(page, next);
        add_text(page, "\"");
    }
    add_text(page, "}");
    free(slots);
    return status;
}

/* Subscribers are people outside the network: they are told of what is public, and of nothing else.
 */
static bool reaches_subscribers(const attributes_t *attributes)
{
    pia_principal_t nobody = {0};
    return pia_principal_sees(&nobody, attributes->value[ATTRIBUTE_VISIBILITY],
                              attributes->value[ATTRIBUTE_RESTRICTED_TO]);
}

static pia_status_t find_event(pia_db_t *db,
                               const pia_diffusion_audience_list_t *fields,
                               batch_t **ret_batch,
                               attributes_t *ret_attributes,
                               pia_problem_t *problem)
{
    record_t record;
    pia_status_t status = journal_read_batch(db, (uint64_t)fields->sequence, ret_batch);
    if (status == PIA_NOT_FOUND)
        return pia_problem_set(problem, status, "/sequence", "There is no such event.");
    if (status == PIA_OK && !batch_find(*ret_batch, (uint64_t)fields->sequence, &record))
        status = PIA_INTERNAL;
    if (status != PIA_OK)
        return pia_problem_set(problem, status, "", "The journal cannot be read now.");
    if (fields->has_epoch && record.cursor.epoch != (uint64_t)fields->epoch)
        return pia_problem_set(problem, PIA_GONE, "/epoch",
                               "The event of this number is of another epoch.");
    if (record.hash)
        return pia_problem_set(problem, PIA_GONE, "/sequence",
                               "The event was removed by retention.");
    batch_attributes(*ret_batch, record.cursor.sequence, ret_attributes);
    return PIA_OK;
}

void handle_audience_list(void *self, pia_request_t **request_p)
{
    diffusion_t *diffusion = self;
    const pia_diffusion_audience_list_t *fields = pia_request_fields(*request_p);
    wanted_t wanted = {.sequence = (uint64_t)fields->sequence,
                       .limit = fields->has_limit ? (size_t)fields->limit : LIMIT_DEFAULT};
    pia_problem_t problem = {0};
    batch_t *batch = NULL;
    buffer_t page = {0};
    pia_status_t status =
        find_event(diffusion->context->db, fields, &batch, &wanted.attributes, &problem);
    if (status == PIA_OK && !subscription_parse_place(fields->after, &wanted.after))
        status =
            pia_problem_set(&problem, PIA_INVALID, "/after", "It is not a `next` of this list.");
    if (status == PIA_OK && !reaches_subscribers(&wanted.attributes))
        add_text(&page, "{\"items\":[]}");
    else if (status == PIA_OK && (status = write_page(diffusion, &wanted, &page)) != PIA_OK)
        (void)pia_problem_set(&problem, status, "", "The subscriptions are out of reach now.");
    if (status == PIA_OK) {
        pia_request_answer_text(request_p, (char *)page.bytes, page.size, 0);
    } else {
        buffer_free(&page);
        pia_request_fail(request_p, &problem);
    }
    batch_release(&batch);
}
