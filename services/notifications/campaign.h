/* campaign.h - telling the journal's subscribers of one event, page by page; the table `campaign`.
 * Store thread. */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include "delivery.h"
#include "pia/items.h"
#include "pia/uuid.h"

enum { CURSOR_MAX = 513, CAMPAIGN_PAGE = 200 };

/* A leased campaign: what is needed to ask for its next page. */
typedef struct {
    char notice[PIA_UUID_TEXT_SIZE];
    int64_t token; /* of the lease: what an older holder still tries is refused */
    int64_t epoch, sequence;
    char after[CURSOR_MAX];
} campaign_t;

/* How long a page may be waited for: an answer of the diffusion that comes later than half of the
 * lease would be stored for a campaign that another may hold by then. */
int64_t campaign_ask_ms(int64_t lease_ms);

/* Opens a campaign; again is harmless. */
pia_status_t campaign_add(notifications_t *self, const telling_t *telling);

/* Leases the one that has waited longest; PIA_NOT_FOUND: none is due. */
pia_status_t campaign_take(notifications_t *self, campaign_t *ret_campaign);

/* The members of an item of diffusion.audience.list, for pia_items_read. */
extern const char *const campaign_members[];

/* Stores the deliveries of a page of these and where the next one begins. PIA_CONFLICT: the lease
 * is another's; PIA_INVALID: the next page's place is too long. */
pia_status_t
campaign_store(notifications_t *self, const campaign_t *campaign, const pia_items_t *items);

/* Gives it back after a failure: to be tried again later, or (`for_good`) never. */
pia_status_t campaign_give_back(notifications_t *self, const campaign_t *campaign, bool for_good);

#endif
