/* opening.c - where the journal really ends. */
#include "opening.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pia/log.h"

#include "journal_head.h"
#include "journal_read.h"
#include "verify.h"

enum { WALK_EVENTS = 100000 };

static bool is_same(const receipt_t *one, const receipt_t *other)
{
    return one->sequence == other->sequence && memcmp(one->chain, other->chain, CHAIN_SIZE) == 0;
}

/* What is not there is damage as well. */
static pia_status_t missing(pia_status_t status)
{
    return status == PIA_NOT_FOUND ? PIA_INTERNAL : status;
}

pia_status_t opening_check_end(pia_db_t *db, receipt_t *ret_end)
{
    receipt_t last = {.sequence = 0};
    batch_t *batch = NULL;
    pia_status_t status = missing(journal_read_end(db, ret_end));
    if (status != PIA_OK)
        return status;
    status = journal_read_row(db, INT64_MAX, &batch);
    if (status == PIA_NOT_FOUND && ret_end->sequence == 0)
        return PIA_OK;
    if (status != PIA_OK)
        return missing(status);
    bool whole = !batch->damage && batch_last(batch) == ret_end->sequence;
    batch_release(&batch);
    status = whole ? missing(journal_read_receipt(db, ret_end->sequence, &last)) : PIA_INTERNAL;
    if (status != PIA_OK)
        return status;
    return last.epoch <= ret_end->epoch && is_same(&last, ret_end) ? PIA_OK : PIA_INTERNAL;
}

/* Walks from the beginning to the last event that is good. */
static pia_status_t walk(pia_db_t *db, damage_t *damage, receipt_t *ret_end)
{
    verification_t found = {.next = 1, .detail = NULL};
    pia_log(PIA_LOG_WARN, "looking for the last good event of the journal");
    while (found.next) {
        pia_status_t status = journal_walk(db, found.next, WALK_EVENTS, &found);
        if (status != PIA_OK)
            return status;
    }
    if (found.bad)
        damage_found(damage, found.good, found.detail);
    *ret_end = found.end.sequence ? found.end : (receipt_t){.epoch = 1};
    if (!found.good || found.end.sequence) /* a second look may meet the page behind its row */
        return PIA_OK;
    return journal_read_receipt(db, found.good, ret_end);
}

/* What was acknowledged beside events: a subscription, say. */
static pia_status_t compare_turn(pia_db_t *db, const mark_t *mark, damage_t *damage, uint64_t end)
{
    uint64_t turn = 0;
    pia_status_t status = journal_head_read_turn(db, &turn);
    if (status == PIA_OK && turn < mark->turn)
        damage_found(damage, end, "Changes were acknowledged that are not there, beside events.");
    return status;
}

/* Whether what was acknowledged is still there. If that finds damage before `end`, the end is found
 * once more. */
static pia_status_t compare_mark(pia_db_t *db, const mark_t *mark, damage_t *damage, receipt_t *end)
{
    char detail[96];
    receipt_t there = {.sequence = 0};
    const receipt_t *head = &mark->head;
    if (head->epoch < end->epoch)
        return PIA_OK;
    if (head->epoch > end->epoch || head->sequence > end->sequence) {
        (void)snprintf(detail, sizeof detail,
                       "Events up to %" PRIu64 " of epoch %" PRIu32 " were acknowledged.",
                       head->sequence, head->epoch);
        damage_found(damage, end->sequence, detail);
        return PIA_OK;
    }
    pia_status_t status = compare_turn(db, mark, damage, end->sequence);
    if (status != PIA_OK || head->sequence == 0)
        return status;
    status = journal_read_receipt(db, head->sequence, &there);
    if (status == PIA_OK && !is_same(&there, head))
        damage_found(damage, end->sequence, "Other events than these were acknowledged.");
    if (status != PIA_NOT_FOUND && status != PIA_INTERNAL)
        return status;
    damage_look(damage, db, head->sequence);
    return damage_is_known(damage, NULL) ? walk(db, damage, end) : PIA_UNAVAILABLE;
}

pia_status_t
opening_find_end(pia_db_t *db, const mark_t *mark, damage_t *damage, receipt_t *ret_end)
{
    pia_status_t status =
        damage_is_known(damage, NULL) ? PIA_INTERNAL : opening_check_end(db, ret_end);
    if (status == PIA_INTERNAL)
        status = walk(db, damage, ret_end);
    if (status == PIA_OK && mark)
        status = compare_mark(db, mark, damage, ret_end);
    return status;
}
