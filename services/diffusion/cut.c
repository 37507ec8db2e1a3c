/* cut.c - publications and subscriptions when a tail is cut. */
#include "cut.h"

#include <stdlib.h>
#include <string.h>

#include "pia/clock.h"

#include "journal_read.h"
#include "publication.h"
#include "publication_store.h"
#include "subscription.h"

/* So many go back with one walk over the journal: 4 KB of memory each. */
enum { PIECE = 1000 };

/* Publications that an event behind the cut has written, by id: as they are now. */
typedef struct {
    pia_db_t *db;
    pia_fresh_t *fresh;
    uint64_t end;
    json_t *left; /* whose last event before the cut was not found yet */
} cut_t;

static void set_time(json_t *resource, const char *member, int64_t time_ms)
{
    char text[PIA_TIME_TEXT_SIZE];
    pia_time_format(time_ms, text);
    json_object_set_new(resource, member, json_string(text));
}

/* Its version is one that was never given out: caches and clients know the later ones. */
static pia_status_t
put_back(cut_t *self, const json_t *present, json_t *resource, const record_t *record)
{
    json_int_t version = json_integer_value(json_object_get(present, "version"));
    json_object_set_new(resource, "version", json_integer(version + 1));
    pia_status_t status = publication_write(self->db, resource, pia_clock_now(),
                                            record ? record->cursor.sequence : 0);
    if (status == PIA_OK)
        publication_refresh(self->fresh, present, resource);
    return status;
}

/* As the event has left it, but for what only the one that published it knows. */
static void
fill_in(json_t *resource, const json_t *present, const char *type, const record_t *record)
{
    bool cancels = strcmp(type, "publication.cancelled") == 0;
    json_object_set_new(resource, "state", json_string(cancels ? "cancelled" : "published"));
    json_object_set(resource, "created_at", json_object_get(present, "created_at"));
    json_object_set(resource, "published_at", json_object_get(present, "published_at"));
    (void)json_object_del(resource, "changed_at");
    (void)json_object_del(resource, "cancelled_at");
    if (strcmp(type, "publication.published") != 0)
        set_time(resource, cancels ? "cancelled_at" : "changed_at", record->recorded_ms);
}

/* An event before the cut; the first one that is seen of a publication is its last. What does not
 * make sense was refused when it came. */
static pia_status_t take_event(cut_t *self, const record_t *record)
{
    entry_t entry;
    json_t *resource = NULL;
    pia_problem_t problem = {0};
    if (entry_parse(record->event, record->event_size, NULL, NULL, &entry, &problem) != PIA_OK)
        return PIA_OK;
    pia_status_t status = PIA_OK;
    if (publication_of(&entry, &resource, &problem) == PIA_OK) {
        const char *id = json_string_value(json_object_get(resource, "publication"));
        const json_t *present = json_object_get(self->left, id);
        if (present) {
            fill_in(resource, present, entry_type(&entry), record);
            status = put_back(self, present, resource, record);
            (void)json_object_del(self->left, id);
        }
    }
    json_decref(resource);
    entry_clear(&entry);
    return status;
}

static pia_status_t take_batch(cut_t *self, const batch_t *batch)
{
    pia_status_t status = PIA_OK;
    uint64_t last = batch_last(batch) < self->end ? batch_last(batch) : self->end;
    for (uint64_t sequence = last; status == PIA_OK && sequence >= batch->first; sequence--) {
        record_t record;
        attributes_t attributes;
        if (!batch_find(batch, sequence, &record) || !record.event)
            continue;
        batch_attributes(batch, sequence, &attributes);
        if (attributes_is_publication(attributes.value[ATTRIBUTE_TYPE]))
            status = take_event(self, &record);
    }
    return status;
}

/* Backwards, until each is found: what was changed lately was mostly published lately. */
static pia_status_t walk(cut_t *self)
{
    pia_status_t status = PIA_OK;
    for (uint64_t last = self->end; last && json_object_size(self->left);) {
        batch_t *batch = NULL;
        status = journal_read_batch(self->db, last, &batch);
        if (status != PIA_OK)
            return status;
        last = batch->first - 1;
        status = take_batch(self, batch);
        batch_release(&batch);
        if (status != PIA_OK)
            return status;
    }
    return PIA_OK;
}

/* No event says what it was before: none is there, or retention has removed it. */
static pia_status_t make_drafts(cut_t *self)
{
    const char *id = NULL;
    json_t *present = NULL;
    pia_status_t status = PIA_OK;
    json_object_foreach(self->left, id, present)
    {
        static const char *const members[] = {"published_at", "changed_at", "cancelled_at",
                                              "reason"};
        json_t *draft = json_copy(present);
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
            (void)json_object_del(draft, members[i]);
        json_object_set_new(draft, "state", json_string("draft"));
        status = put_back(self, present, draft, NULL);
        json_decref(draft);
        if (status != PIA_OK)
            return status;
    }
    return PIA_OK;
}

static pia_status_t cut_piece(cut_t *self, uint64_t *ret_count)
{
    self->left = json_object();
    pia_status_t status = publication_after(self->db, self->end, PIECE, self->left);
    *ret_count = json_object_size(self->left);
    if (status == PIA_OK)
        status = walk(self);
    if (status == PIA_OK)
        status = make_drafts(self);
    json_decref(self->left);
    return status;
}

pia_status_t
cut_projections(pia_db_t *db, pia_fresh_t *fresh, uint64_t end, uint64_t *ret_publications)
{
    cut_t cut = {.db = db, .fresh = fresh, .end = end};
    uint64_t count = 0;
    *ret_publications = 0;
    pia_status_t status = subscription_cut(db, end);
    do {
        if (status == PIA_OK)
            status = cut_piece(&cut, &count);
        *ret_publications += count;
    } while (status == PIA_OK && count > 0);
    return status;
}
