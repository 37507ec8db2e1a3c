/* reader.h - reads the journal for streams that are behind: its own thread with its own read-only
 * connection, so that a long replay neither holds up publishing nor the loop. */
#ifndef DIFFUSION_READER_H
#define DIFFUSION_READER_H

#include "pia/loop.h"
#include "pia/problem.h"

#include "batch.h"
#include "damage.h"

enum { READ_BATCHES_MAX = 64 };

typedef struct reader reader_t;
typedef struct read read_t;

/* One question. The asker makes it with pia_alloc; the reader fills it; `done` gets it back in the
 * loop's thread, frees the batches that it does not keep, and the read itself. */
struct read {
    void (*done)(void *arg, read_t *read);
    void *arg;
    void *asker;        /* whom it is for; NULL once reader_cancel was called */
    cursor_t after;     /* what follows this place */
    bool locate;        /* first see whether it is a place of this journal */
    uint64_t committed; /* what the asker knows to be there: up to this event the database may still
                           have to follow (journal_log.h); 0: it has all */

    pia_status_t status; /* PIA_OK; PIA_GONE: see common; PIA_NOT_FOUND: nothing follows;
                            PIA_INTERNAL: damaged; PIA_UNAVAILABLE: try again, later: the store is
                            out of reach, or has not followed yet */
    cursor_t common;
    batch_t *batches[READ_BATCHES_MAX]; /* consecutive, the first holds after + 1; at most about
                                           256 KiB in all */
    size_t count;
    bool counted; /* the reader's, as the next two: rows read for it are counted */
    bool cancelled;
    read_t *next;
};

/* What it finds damaged it tells `damage`, which must outlive it. */
pia_status_t reader_new(const char *url,
                        pia_loop_t *loop,
                        damage_t *damage,
                        reader_t **ret_reader,
                        pia_problem_t *problem);

/* Ends the thread; what was asked is answered PIA_UNAVAILABLE. */
void reader_destroy(reader_t **self_p);

/* Takes the read. Loop thread. */
void reader_ask(reader_t *self, read_t *read);

/* Nobody waits for it any more: it comes back as ever, and if it has not begun, at once and unread:
 * streams that are opened and closed do not hold up those that stay. Loop thread. */
void reader_cancel(reader_t *self, read_t *read);

/* Rows were changed: what was read before is read again. Any thread. */
void reader_forget(reader_t *self);

/* How many rows were read from disk for an asker. Any thread. */
uint64_t reader_rows(reader_t *self);

/* Releases the batches and frees the read. */
void read_destroy(read_t **read_p);

#endif
