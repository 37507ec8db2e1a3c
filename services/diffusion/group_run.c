/* group_run.c - the events of a group this instance has: read, kept in order, given out. */
#include <string.h>

#include "pia/clock.h"
#include "pia/log.h"

#include "groups_private.h"

enum {
    SCAN_BYTES_MAX = 1024 * 1024, /* looked at in a round: the loop has other things to do */
    GRANTS_MAX = 2000,            /* given out in a round */
};

/* What the group makes of an event; the same for all with the same attributes. */
typedef struct {
    const uint8_t *run; /* of the attributes */
    bool wanted;
    char key[GROUP_KEY_MAX + 1];
} view_t;

static void look(const owned_t *owned, const batch_t *batch, uint64_t sequence, view_t *view)
{
    attributes_t attributes;
    record_run_t run = batch_run(batch, sequence);
    if (run.bytes == view->run)
        return;
    batch_attributes(batch, sequence, &attributes);
    const char *const *value = attributes.value;
    view->run = run.bytes;
    view->wanted = pia_principal_sees(&owned->group.owner, value[ATTRIBUTE_VISIBILITY],
                                      value[ATTRIBUTE_RESTRICTED_TO]) &&
                   filter_matches(owned->filter, &attributes);
    if (view->wanted)
        group_key_of(value[ATTRIBUTE_PARTITION_KEY], value[ATTRIBUTE_SOURCE], view->key);
}

static group_event_t event_of(const record_t *record, const view_t *view)
{
    return (group_event_t){.cursor = record->cursor,
                           .key = view->key,
                           .wire = record->wire,
                           .wire_size = record->wire_size};
}

/* False: there is no room, or the batch is damaged. */
static bool scan_batch(owned_t *owned, const batch_t *batch, size_t *scanned)
{
    view_t view = {.run = NULL};
    record_t record;
    uint64_t next = group_engine_scanned(owned->engine)->sequence + 1;
    uint64_t first = next;
    for (; batch_find(batch, next, &record); next++) {
        look(owned, batch, next, &view);
        group_event_t event = event_of(&record, &view);
        if (!record.event_size) /* it was removed: it counts as settled */
            atomic_fetch_add(&owned->groups->counters.removed, 1);
        if (!view.wanted)
            group_engine_pass(owned->engine, &record.cursor);
        else if (!group_engine_offer(owned->engine, &event))
            return false;
        *scanned += record.wire_size;
    }
    return next > first;
}

/* True: there is more to read at once. */
static bool scan(owned_t *owned)
{
    size_t scanned = 0;
    while (group_engine_wants(owned->engine)) {
        const batch_t *batch =
            group_reading_batch(&owned->scan, group_engine_scanned(owned->engine)->sequence + 1);
        if (!batch || !scan_batch(owned, batch, &scanned))
            return false;
        if (scanned >= SCAN_BYTES_MAX)
            return true;
    }
    return false;
}

static bool lane_batch(owned_t *owned, const batch_t *batch, uint64_t after, size_t *scanned)
{
    view_t view = {.run = NULL};
    record_t record;
    uint64_t next = after + 1;
    for (; batch_find(batch, next, &record); next++) {
        look(owned, batch, next, &view);
        group_event_t event = event_of(&record, &view);
        if (!view.wanted)
            group_engine_pass_lane(owned->engine, next);
        else if (!group_engine_offer_lane(owned->engine, &event))
            return false;
        *scanned += record.wire_size;
    }
    return next > after + 1;
}

static bool scan_lane(owned_t *owned)
{
    size_t scanned = 0;
    uint64_t after = 0;
    while (group_engine_wants_lane(owned->engine, &after)) {
        const batch_t *batch = group_reading_batch(&owned->lane, after + 1);
        if (!batch || !lane_batch(owned, batch, after, &scanned))
            return false;
        if (scanned >= SCAN_BYTES_MAX)
            return true;
    }
    return false;
}

static void note_full(owned_t *owned)
{
    group_engine_stats_t stats;
    group_engine_stats(owned->engine, &stats);
    if (stats.full && !owned->full)
        pia_log(PIA_LOG_WARN,
                "group %s is full: %zu events wait behind others of their keys, %zu are with its "
                "%zu members, %zu keys are parked; it reads on when some are settled",
                owned->name, stats.waiting, stats.held, stats.members, stats.parked);
    owned->full = stats.full;
}

bool owned_run(owned_t *owned)
{
    if (owned->state != OWNED_OURS)
        return false;
    group_engine_time(owned->engine, pia_clock_monotonic(), pia_clock_wall());
    bool more = scan(owned);
    more = scan_lane(owned) || more;
    group_grant_t grant;
    int given = 0;
    bool sure = owned_is_sure(owned, pia_clock_monotonic());
    while (sure && given < GRANTS_MAX && group_engine_grant(owned->engine, &grant)) {
        membership_give(group_member_owner(grant.member), &grant);
        given++;
    }
    note_full(owned);
    owned_work(owned);
    return more || given == GRANTS_MAX;
}
