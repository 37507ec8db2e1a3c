/* group.h - a member of a group (proto/README.md, Groups): one of any number of workers that share
 * a stream, in order per key. It joins again by itself when the connection, the lease or the
 * instance is lost, and goes where the group is. One thread. */
#ifndef PIA_GROUP_H
#define PIA_GROUP_H

#include <jansson.h>
#include <stdbool.h>

#include "pia/event.h"
#include "pia/problem.h"
#include "pia/token.h"

typedef struct pia_member pia_member_t;

typedef enum {
    PIA_MEMBER_JOINED,  /* `json`: what the server says of the group */
    PIA_MEMBER_TASK,    /* `task`: an event to be settled, by ack or nack */
    PIA_MEMBER_SETTLED, /* `sequence`, `fence`, `outcome`: what became of it, durably */
    PIA_MEMBER_LOST,    /* nothing is in its hands any more; it joins again. `problem`: why */
    PIA_MEMBER_REFUSED, /* for good. `problem`: why */
    PIA_MEMBER_LEFT,    /* after pia_member_leave: all is settled */
} pia_member_kind_t;

typedef enum {
    PIA_TASK_ACKNOWLEDGED, /* durable: it does not come again */
    PIA_TASK_FENCED,       /* it was not, or no longer, ours */
    PIA_TASK_RETURNED,     /* it failed and comes again */
    PIA_TASK_PARKED,       /* it failed too often */
} pia_task_outcome_t;

/* An event in our hands. */
typedef struct {
    uint64_t sequence;
    uint64_t fence;           /* grows each time its key is given out: store it with the effect */
    uint32_t attempt;         /* from 1 */
    const pia_event_t *event; /* parsed */
} pia_task_t;

/* Borrowed for the call. */
typedef struct {
    pia_member_kind_t kind;
    const pia_task_t *task;
    uint64_t sequence, fence;
    pia_task_outcome_t outcome;
    const json_t *json;
    const pia_problem_t *problem;
} pia_member_message_t;
typedef void pia_member_fn(void *arg, const pia_member_message_t *message);

/* Fills a token for joining, and for staying: it is asked for every few seconds, and one that is
 * new is shown. Returns its size, 0: there is none now, ask again later. */
typedef size_t pia_member_token_fn(void *arg, uint8_t ret_token[PIA_TOKEN_MAX]);

/* Texts and JSON are copied. */
typedef struct {
    void *zmq;
    const char *endpoint; /* of any instance */
    const char *group;
    const json_t *filter; /* NULL: the group's, or of a new one everything */
    const char *from;     /* where a new group begins; NULL: the beginning */
    uint32_t attempts;    /* of a new group; 0: the default */
    uint32_t credit;      /* events in its hands at most, 1 to 10000 */
    uint32_t run;      /* of one key, 1 to 1000: it is given them in order, and when one fails the
                          rest of them is not its any more; 0: 1 */
    uint32_t lease_ms; /* 1000 to 10000; 0: the default */
    pia_member_token_fn *token;
    pia_member_fn *on_message; /* may call ack, nack and leave */
    void *arg;
} pia_member_options_t;

pia_member_t *pia_member_new(const pia_member_options_t *options);
/* What it has goes back, and counts as failed when the lease has run out: leave first. */
void pia_member_destroy(pia_member_t **member_p);

/* The event is done. Sent with the next flush; SETTLED follows, or LOST. */
void pia_member_ack(pia_member_t *member, uint64_t sequence, uint64_t fence);

/* It failed, and comes again after `delay_ms` (at most an hour). `reason` is cut at 255 bytes. */
void pia_member_nack(
    pia_member_t *member, uint64_t sequence, uint64_t fence, uint32_t delay_ms, const char *reason);

/* No more tasks; LEFT comes when those in hand are settled (at once if there are none). */
void pia_member_leave(pia_member_t *member);

/* Acks and nacks that are not yet told of. */
size_t pia_member_unsettled(const pia_member_t *member);

/* Sends the acks. Process does it too. */
void pia_member_flush(pia_member_t *member);

/* For an event loop: the socket; what to do when it may be readable; and a call at least every
 * 200 ms, which joins and keeps the lease. */
void *pia_member_socket(pia_member_t *member);
void pia_member_process(pia_member_t *member);
void pia_member_tick(pia_member_t *member);

#endif
