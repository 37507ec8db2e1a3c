/* links.c - one epoll for all connections; their numbers are the peers' names. */
#include "links.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia/descriptors.h"
#include "pia/log.h"
#include "pia/memory.h"

#include "buffer.h"

enum {
    EVENTS_MAX = 64,        /* in one look */
    ACCEPTS_MAX = 64,       /* in one look */
    SILENCE_MAX_MS = 30000, /* three times what a peer is given (server.c) */
    DESCRIPTORS_OWN = 1024, /* beside the links: files of the journal, sockets of ZeroMQ */
    NAME_SIZE = 9,          /* 0, as ROUTER's own names begin, place, turn */
    LISTENER = LINKS_MAX,
    REST, /* what is not a link, in epoll's data */
};

typedef struct place place_t;
struct place {
    pia_link_t *link; /* NULL: free */
    uint32_t number;
    uint32_t turn;    /* how many links had this place: a name is not used again */
    int64_t heard_ms; /* monotonic: when it said something whole, at first: when it came */
    bool waits;       /* to be writable */
    bool readable;    /* in the queue of those */
    bool unwritten;   /* in the list of those */
    place_t *next_readable, *next_unwritten;
};

struct links {
    int listener;
    int epoll;
    int rest; /* eventfd: something was left in memory */
    bool listens;
    bool looked; /* in this round */
    size_t frame_max;
    place_t *places[LINKS_MAX];
    size_t made, count;
    size_t refused; /* since the last tick */
    place_t *first_readable, *last_readable;
    place_t *unwritten;
};

static void watch(links_t *self, int operation, int descriptor, uint32_t events, uint32_t number)
{
    struct epoll_event event = {.events = events, .data.u32 = number};
    int rc = epoll_ctl(self->epoll, operation, descriptor, &event);
    assert(rc == 0);
}

pia_status_t
links_new(const char *endpoint, size_t frame_max, links_t **ret_links, pia_problem_t *problem)
{
    int listener = -1;
    pia_status_t status = pia_link_listen(endpoint, &listener, problem);
    if (status != PIA_OK)
        return status;
    size_t allowed = pia_descriptors_allow(LINKS_MAX + DESCRIPTORS_OWN);
    if (allowed < LINKS_MAX + DESCRIPTORS_OWN)
        pia_log(PIA_LOG_WARN, "%zu descriptors are allowed; %d connections may need %d", allowed,
                LINKS_MAX, LINKS_MAX + DESCRIPTORS_OWN);
    links_t *self = pia_alloc(sizeof *self);
    self->listener = listener;
    self->frame_max = frame_max;
    self->listens = true;
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->rest = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert(self->epoll >= 0 && self->rest >= 0);
    watch(self, EPOLL_CTL_ADD, listener, EPOLLIN, LISTENER);
    watch(self, EPOLL_CTL_ADD, self->rest, EPOLLIN, REST);
    *ret_links = self;
    return PIA_OK;
}

int links_descriptor(const links_t *self)
{
    return self->epoll;
}

static void add_readable(links_t *self, place_t *place)
{
    if (place->readable)
        return;
    place->readable = true;
    place->next_readable = NULL;
    if (self->last_readable)
        self->last_readable->next_readable = place;
    else
        self->first_readable = place;
    self->last_readable = place;
}

static place_t *take_readable(links_t *self)
{
    place_t *place = self->first_readable;
    self->first_readable = place->next_readable;
    if (!self->first_readable)
        self->last_readable = NULL;
    place->readable = false;
    return place;
}

/* It may still be in the queue and the list, which find it empty. */
static void drop(links_t *self, place_t *place)
{
    pia_link_destroy(&place->link); /* closing takes it out of epoll */
    place->turn++;
    place->waits = false;
    self->count--;
}

/* Writes; false: it is gone. */
static bool flush(links_t *self, place_t *place)
{
    if (!pia_link_flush(place->link)) {
        drop(self, place);
        return false;
    }
    bool blocked = pia_link_is_blocked(place->link);
    if (blocked != place->waits)
        watch(self, EPOLL_CTL_MOD, pia_link_descriptor(place->link),
              blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, place->number);
    place->waits = blocked;
    return true;
}

static place_t *free_place(links_t *self)
{
    for (size_t i = 0; self->count < self->made && i < self->made; i++)
        if (!self->places[i]->link && !self->places[i]->readable && !self->places[i]->unwritten)
            return self->places[i];
    if (self->made == LINKS_MAX)
        return NULL;
    place_t *place = pia_alloc(sizeof *place);
    place->number = (uint32_t)self->made;
    self->places[self->made++] = place;
    return place;
}

static void add_link(links_t *self, int descriptor)
{
    place_t *place = free_place(self);
    if (!place) {
        self->refused++;
        (void)close(descriptor);
        return;
    }
    place->link = pia_link_new(PIA_LINK_ROUTER, self->frame_max);
    place->heard_ms = pia_clock_monotonic();
    self->count++;
    pia_link_attach(place->link, descriptor);
    watch(self, EPOLL_CTL_ADD, descriptor, EPOLLIN, place->number);
    (void)flush(self, place);
}

/* Without a descriptor for who comes, nobody is looked for until the next tick. */
static void accept_some(links_t *self)
{
    bool full = false;
    int descriptor = 0;
    for (int i = 0; i < ACCEPTS_MAX && descriptor >= 0; i++) {
        descriptor = pia_link_accept(self->listener, &full);
        if (descriptor >= 0)
            add_link(self, descriptor);
    }
    if (!full)
        return;
    pia_log(PIA_LOG_ERROR, "who connects is kept waiting: %s", strerrordesc_np(errno));
    watch(self, EPOLL_CTL_MOD, self->listener, 0, LISTENER);
    self->listens = false;
}

static void take_event(links_t *self, const struct epoll_event *event)
{
    if (event->data.u32 == LISTENER) {
        accept_some(self);
        return;
    }
    if (event->data.u32 == REST) {
        uint64_t count = 0;
        ssize_t got = read(self->rest, &count, sizeof count);
        assert(got == (ssize_t)sizeof count || errno == EAGAIN || errno == EINTR);
        return;
    }
    place_t *place = self->places[event->data.u32];
    if (!place->link)
        return;
    if ((event->events & EPOLLOUT) && !flush(self, place))
        return;
    if (event->events & ~(uint32_t)EPOLLOUT) {
        pia_link_wake(place->link);
        add_readable(self, place);
    }
}

static void look(links_t *self)
{
    self->looked = true;
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(self->epoll, events, EVENTS_MAX, 0);
    assert(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++)
        take_event(self, &events[i]);
}

static void write_name(const place_t *place, uint8_t ret_name[NAME_SIZE])
{
    ret_name[0] = 0;
    bytes_put_u32(ret_name + 1, place->number);
    bytes_put_u32(ret_name + 5, place->turn);
}

static void add_unwritten(links_t *self, place_t *place)
{
    if (place->unwritten)
        return;
    place->unwritten = true;
    place->next_unwritten = self->unwritten;
    self->unwritten = place;
}

/* Its next message; PIA_TIMEOUT: it has none. */
static pia_status_t recv_of(links_t *self, place_t *place, pia_frames_t *frames)
{
    uint8_t name[NAME_SIZE];
    write_name(place, name);
    pia_frames_add(frames, name, sizeof name);
    pia_status_t status = pia_link_recv(place->link, frames);
    if (status != PIA_UNAVAILABLE && pia_link_has_output(place->link))
        add_unwritten(self, place);
    if (status == PIA_OK || status == PIA_TOO_LARGE) {
        place->heard_ms = pia_clock_monotonic();
        add_readable(self, place);
        return status;
    }
    pia_frames_clear(frames);
    if (status == PIA_UNAVAILABLE)
        drop(self, place);
    return PIA_TIMEOUT;
}

/* Each round looks at least once: who always has something to say keeps neither the others, nor who
 * connects, nor what can be written again, from being seen. */
pia_status_t links_recv(links_t *self, pia_frames_t *frames)
{
    pia_status_t status = PIA_TIMEOUT;
    if (!self->looked || !self->first_readable)
        look(self);
    while (status == PIA_TIMEOUT && self->first_readable) {
        place_t *place = take_readable(self);
        if (place->link)
            status = recv_of(self, place, frames);
    }
    return status;
}

void links_rest(links_t *self)
{
    bool more = false;
    self->looked = false;
    for (const place_t *place = self->first_readable; place && !more; place = place->next_readable)
        more = place->link && pia_link_has_more(place->link);
    uint64_t one = 1;
    if (!more)
        return;
    ssize_t written = write(self->rest, &one, sizeof one);
    assert(written == (ssize_t)sizeof one || errno == EAGAIN);
}

static place_t *find(const links_t *self, const uint8_t *name, size_t size)
{
    uint32_t number = size == NAME_SIZE && name[0] == 0 ? bytes_get_u32(name + 1) : LINKS_MAX;
    if (number >= self->made)
        return NULL;
    place_t *place = self->places[number];
    return place->link && place->turn == bytes_get_u32(name + 5) ? place : NULL;
}

pia_status_t links_send(links_t *self, pia_frames_t *frames)
{
    place_t *place = find(self, pia_frames_data(frames, 0), pia_frames_size(frames, 0));
    if (!place) {
        pia_frames_clear(frames);
        return PIA_NOT_FOUND;
    }
    pia_status_t status = pia_link_send(place->link, frames, 1);
    add_unwritten(self, place);
    return status;
}

void links_flush(links_t *self)
{
    while (self->unwritten) {
        place_t *place = self->unwritten;
        self->unwritten = place->next_unwritten;
        place->unwritten = false;
        if (place->link && !place->waits)
            (void)flush(self, place);
    }
}

void links_tick(links_t *self, int64_t now_ms)
{
    for (size_t i = 0; i < self->made; i++) {
        place_t *place = self->places[i];
        if (!place->link)
            continue;
        bool open = pia_link_is_open(place->link);
        if (now_ms - place->heard_ms > (open ? SILENCE_MAX_MS : PIA_LINK_HANDSHAKE_MS))
            drop(self, place);
    }
    if (self->refused)
        pia_log(PIA_LOG_WARN, "%zu connections were refused: there are %d", self->refused,
                LINKS_MAX);
    self->refused = 0;
    if (!self->listens)
        watch(self, EPOLL_CTL_MOD, self->listener, EPOLLIN, LISTENER);
    self->listens = true;
}

/* Until it is written, or gone, or the time is over. */
static void write_rest(links_t *self, place_t *place, int64_t until_ms)
{
    while (place->link && flush(self, place) && place->waits) {
        int64_t left = until_ms - pia_clock_monotonic();
        struct pollfd entry = {.fd = pia_link_descriptor(place->link), .events = POLLOUT};
        if (left <= 0 || poll(&entry, 1, (int)left) < 0)
            return;
    }
}

void links_destroy(links_t **self_p, int linger_ms)
{
    links_t *self = *self_p;
    if (!self)
        return;
    int64_t until_ms = pia_clock_monotonic() + linger_ms;
    for (size_t i = 0; i < self->made; i++) {
        write_rest(self, self->places[i], until_ms);
        pia_link_destroy(&self->places[i]->link);
        free(self->places[i]);
    }
    (void)close(self->listener);
    (void)close(self->rest);
    (void)close(self->epoll);
    free(self);
    *self_p = NULL;
}
