/* link.c - a connection of ZMTP 3: frames into one writev, and out of one readv. */
#include "pia/link.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "link_codec.h"
#include "pia/memory.h"

enum {
    READ_SIZE = 8192,       /* what is read at once, beside the rest of a frame */
    READ_MAX = 1024 * 1024, /* bytes after which one pia_link_recv reads no more */
    PARTS_MAX = 64,         /* of a message: more make no sense */
    BESIDE_MAX = 64 * 1024, /* bytes of a message beside its largest frame */
    PARTS_FIRST = 16,
    VECTOR_MAX = 64,
    SMALL_MAX = 512,   /* a frame of at most so much is copied beside its head */
    SMALL_ROOM = 4096, /* such copies in one write */
};

/* A frame that waits to be written. */
typedef struct {
    zmq_msg_t message;
    uint8_t flags;
} part_t;

typedef enum { GREETING, READY, OPEN } state_t;

struct pia_link {
    int descriptor;
    pia_link_side_t side;
    size_t frame_max;
    state_t state;
    bool drained; /* the socket had nothing more when it was read */
    bool blocked; /* nor room when it was written */
    bool mute;    /* it takes nothing any more; what it said may still be there to be read */
    uint8_t hello[PIA_ZMTP_HELLO_MAX];
    size_t hello_size, hello_written;
    part_t *parts; /* a circle of `room`, a power of two */
    size_t room, first, count;
    size_t messages; /* whole ones among the parts */
    size_t waiting;  /* bytes of the parts, whether they were written in part or not */
    size_t written;  /* of the first part with its head */
    uint8_t *buffer; /* READ_SIZE; what was read and not looked at */
    size_t start, end;
    bool in_frame; /* its head was read; then its body: */
    pia_zmtp_head_t head;
    zmq_msg_t body;
    size_t have;         /* of it */
    pia_frames_t frames; /* of the present message: the first of its parts, which are */
    size_t part_count;   /* so many, */
    size_t part_bytes;   /* with so many bytes */
};

pia_link_t *pia_link_new(pia_link_side_t side, size_t frame_max)
{
    pia_link_t *link = pia_alloc(sizeof *link);
    link->descriptor = -1;
    link->side = side;
    link->frame_max = frame_max;
    link->room = PARTS_FIRST;
    link->parts = pia_alloc(link->room * sizeof *link->parts);
    link->buffer = pia_alloc(READ_SIZE);
    pia_frames_init(&link->frames);
    return link;
}

static part_t *part_at(const pia_link_t *link, size_t index)
{
    return &link->parts[(link->first + index) & (link->room - 1)];
}

static void drop_first(pia_link_t *link)
{
    part_t *part = part_at(link, 0);
    if (!(part->flags & (PIA_ZMTP_MORE | PIA_ZMTP_COMMAND)))
        link->messages--;
    link->waiting -= zmq_msg_size(&part->message);
    zmq_msg_close(&part->message);
    link->first++;
    link->count--;
}

/* Forgets what was read. */
static void clear_input(pia_link_t *link)
{
    if (link->in_frame)
        zmq_msg_close(&link->body);
    link->in_frame = false;
    link->part_count = link->part_bytes = 0;
    pia_frames_clear(&link->frames);
    link->start = link->end = 0;
}

void pia_link_detach(pia_link_t *link)
{
    if (link->descriptor >= 0)
        (void)close(link->descriptor);
    link->descriptor = -1;
    clear_input(link);
}

void pia_link_destroy(pia_link_t **link_p)
{
    pia_link_t *link = *link_p;
    if (!link)
        return;
    pia_link_detach(link);
    while (link->count)
        drop_first(link);
    free(link->parts);
    free(link->buffer);
    free(link);
    *link_p = NULL;
}

void pia_link_attach(pia_link_t *link, int descriptor)
{
    assert(link->descriptor < 0 && descriptor >= 0);
    link->descriptor = descriptor;
    link->state = GREETING;
    link->drained = link->blocked = link->mute = false;
    link->hello_size = pia_zmtp_hello(link->side, link->hello);
    link->hello_written = 0;
}

int pia_link_descriptor(const pia_link_t *link)
{
    return link->descriptor;
}

bool pia_link_is_open(const pia_link_t *link)
{
    return link->descriptor >= 0 && link->state == OPEN;
}

bool pia_link_is_blocked(const pia_link_t *link)
{
    return link->blocked;
}

bool pia_link_has_more(const pia_link_t *link)
{
    return link->start < link->end;
}

void pia_link_wake(pia_link_t *link)
{
    link->drained = false;
}

void pia_link_pause(pia_link_t *link)
{
    link->drained = true;
}

/* Twice the room. */
static void grow(pia_link_t *link)
{
    part_t *parts = pia_alloc(2 * link->room * sizeof *parts);
    for (size_t i = 0; i < link->count; i++) {
        part_t *part = part_at(link, i);
        parts[i].flags = part->flags;
        zmq_msg_init(&parts[i].message);
        zmq_msg_move(&parts[i].message, &part->message);
    }
    free(link->parts);
    link->parts = parts;
    link->room *= 2;
    link->first = 0;
}

static void push(pia_link_t *link, zmq_msg_t *message, uint8_t flags)
{
    if (link->count == link->room)
        grow(link);
    part_t *part = part_at(link, link->count++);
    part->flags = flags;
    link->waiting += zmq_msg_size(message);
    zmq_msg_init(&part->message);
    zmq_msg_move(&part->message, message);
}

pia_status_t pia_link_send(pia_link_t *link, pia_frames_t *frames, size_t first)
{
    assert(first < frames->count);
    if (link->mute) {
        pia_frames_clear(frames);
        return PIA_OK;
    }
    bool full = link->messages >= PIA_LINK_MESSAGES_MAX ||
                (link->side == PIA_LINK_ROUTER && link->waiting >= PIA_LINK_BYTES_MAX);
    for (size_t i = first; !full && i < frames->count; i++)
        push(link, &frames->frame[i], i + 1 < frames->count ? PIA_ZMTP_MORE : 0);
    link->messages += !full;
    pia_frames_clear(frames);
    return full ? PIA_UNAVAILABLE : PIA_OK;
}

/* What one write takes along. */
typedef struct {
    struct iovec vector[VECTOR_MAX];
    int count;
    size_t size;
    size_t skip; /* bytes of the first part that were written before */
    uint8_t small[SMALL_ROOM];
    size_t small_size;
} writing_t;

static void add_bytes(writing_t *writing, const void *bytes, size_t size)
{
    size_t skip = writing->skip < size ? writing->skip : size;
    writing->skip -= skip;
    if (skip == size)
        return;
    writing->vector[writing->count++] =
        (struct iovec){.iov_base = (uint8_t *)bytes + skip, .iov_len = size - skip};
    writing->size += size - skip;
}

/* A copy, which joins the one before it. */
static void add_small(writing_t *writing, const void *bytes, size_t size)
{
    uint8_t *copy = writing->small + writing->small_size;
    struct iovec *last = writing->count ? &writing->vector[writing->count - 1] : NULL;
    if (size)
        memcpy(copy, bytes, size);
    writing->small_size += size;
    if (writing->skip || !last || (uint8_t *)last->iov_base + last->iov_len != copy) {
        add_bytes(writing, copy, size);
        return;
    }
    last->iov_len += size;
    writing->size += size;
}

/* False: it does not go into this write. */
static bool add_part(writing_t *writing, part_t *part)
{
    uint8_t head[PIA_ZMTP_HEAD_MAX];
    const void *bytes = zmq_msg_data(&part->message);
    size_t size = zmq_msg_size(&part->message);
    size_t head_size = pia_zmtp_write_head(part->flags, size, head);
    size_t copied = head_size + (size <= SMALL_MAX ? size : 0);
    if (writing->count + 2 > VECTOR_MAX || writing->small_size + copied > SMALL_ROOM)
        return false;
    add_small(writing, head, head_size);
    if (size <= SMALL_MAX)
        add_small(writing, bytes, size);
    else
        add_bytes(writing, bytes, size);
    return true;
}

static void collect(const pia_link_t *link, writing_t *writing)
{
    writing->count = 0;
    writing->size = writing->small_size = 0;
    writing->skip = 0;
    add_bytes(writing, link->hello + link->hello_written, link->hello_size - link->hello_written);
    if (link->state != OPEN)
        return;
    writing->skip = link->written;
    for (size_t i = 0; i < link->count && add_part(writing, part_at(link, i)); i++)
        continue;
}

/* So many bytes have left. */
static void advance(pia_link_t *link, size_t size)
{
    uint8_t head[PIA_ZMTP_HEAD_MAX];
    size_t hello = link->hello_size - link->hello_written;
    hello = hello < size ? hello : size;
    link->hello_written += hello;
    link->written += size - hello;
    while (link->count) {
        part_t *part = part_at(link, 0);
        size_t whole = zmq_msg_size(&part->message);
        whole += pia_zmtp_write_head(part->flags, whole, head);
        if (link->written < whole)
            return;
        link->written -= whole;
        drop_first(link);
    }
}

bool pia_link_has_output(const pia_link_t *link)
{
    return !link->mute &&
           (link->hello_written < link->hello_size || (link->state == OPEN && link->count > 0));
}

/* Nothing can be written. What was received before that is not to be lost with the connection:
 * once it is open, its end comes when all of it has been read. */
static bool give_up_writing(pia_link_t *link)
{
    if (link->state != OPEN)
        return false;
    link->mute = true;
    while (link->count)
        drop_first(link);
    return true;
}

bool pia_link_flush(pia_link_t *link)
{
    writing_t writing;
    link->blocked = false;
    if (link->descriptor < 0)
        return true;
    while (pia_link_has_output(link)) {
        collect(link, &writing);
        struct msghdr message = {.msg_iov = writing.vector, .msg_iovlen = (size_t)writing.count};
        ssize_t written = sendmsg(link->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0 && errno == EINTR)
            continue;
        link->blocked = written < 0 && (errno == EAGAIN || errno == ENOTCONN);
        if (written < 0)
            return link->blocked || give_up_writing(link);
        advance(link, (size_t)written);
    }
    return true;
}

/* Reads the rest of the present frame, and what follows; adds its size to *read. */
static pia_status_t fill(pia_link_t *link, size_t *read)
{
    if (link->drained || link->descriptor < 0)
        return PIA_TIMEOUT;
    memmove(link->buffer, link->buffer + link->start, link->end - link->start);
    link->end -= link->start;
    link->start = 0;
    size_t rest = link->in_frame ? (size_t)link->head.size - link->have : 0;
    uint8_t *body = rest ? (uint8_t *)zmq_msg_data(&link->body) + link->have : NULL;
    struct iovec vector[] = {
        {.iov_base = body, .iov_len = rest},
        {.iov_base = link->buffer + link->end, .iov_len = READ_SIZE - link->end}};
    ssize_t got = 0;
    do {
        got = readv(link->descriptor, rest ? vector : vector + 1, rest ? 2 : 1);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        link->drained = true;
        return got < 0 && (errno == EAGAIN || errno == ENOTCONN) ? PIA_TIMEOUT : PIA_UNAVAILABLE;
    }
    size_t size = (size_t)got;
    *read += size;
    link->drained = size < rest + READ_SIZE - link->end;
    size_t taken = size < rest ? size : rest;
    link->have += taken;
    link->end += size - taken;
    return PIA_OK;
}

/* PIA_OK: it was read. */
static pia_status_t read_greeting(pia_link_t *link)
{
    size_t size = link->end - link->start;
    size = size < PIA_ZMTP_GREETING_SIZE ? size : PIA_ZMTP_GREETING_SIZE;
    if (size && !pia_zmtp_is_greeting(link->buffer + link->start, size))
        return PIA_UNAVAILABLE;
    if (size < PIA_ZMTP_GREETING_SIZE)
        return PIA_TIMEOUT;
    link->start += size;
    link->state = READY;
    return PIA_OK;
}

/* Whether the head that was just read is of a frame that may come now. */
static bool is_welcome(const pia_link_t *link)
{
    if (link->head.flags & PIA_ZMTP_COMMAND)
        return link->head.size <= PIA_ZMTP_COMMAND_MAX;
    return link->state == OPEN && link->head.size <= link->frame_max &&
           link->part_bytes + link->head.size <= link->frame_max + BESIDE_MAX;
}

/* PIA_OK: the present frame is whole. */
static pia_status_t read_frame(pia_link_t *link)
{
    size_t left = link->end - link->start;
    if (!link->in_frame) {
        if (!pia_zmtp_read_head(link->buffer + link->start, left, &link->head))
            return PIA_UNAVAILABLE;
        if (!link->head.head_size)
            return PIA_TIMEOUT;
        if (!is_welcome(link))
            return PIA_UNAVAILABLE;
        link->start += link->head.head_size;
        left -= link->head.head_size;
        link->in_frame = true;
        link->have = 0;
        int rc = zmq_msg_init_size(&link->body, (size_t)link->head.size);
        assert(rc == 0); /* as everywhere: memory.h */
    }
    size_t rest = (size_t)link->head.size - link->have;
    size_t taken = rest < left ? rest : left;
    if (taken)
        memcpy((uint8_t *)zmq_msg_data(&link->body) + link->have, link->buffer + link->start,
               taken);
    link->start += taken;
    link->have += taken;
    return link->have == link->head.size ? PIA_OK : PIA_TIMEOUT;
}

static pia_status_t take_command(pia_link_t *link)
{
    const uint8_t *body = zmq_msg_data(&link->body);
    size_t size = zmq_msg_size(&link->body);
    if (link->state == READY) {
        if (!pia_zmtp_is_ready(link->side, body, size))
            return PIA_UNAVAILABLE;
        link->state = OPEN;
        return pia_link_flush(link) ? PIA_TIMEOUT : PIA_UNAVAILABLE;
    }
    uint8_t pong[PIA_ZMTP_COMMAND_MAX];
    size_t pong_size = pia_zmtp_pong(body, size, pong);
    if (pong_size && !link->mute && link->count < PIA_LINK_MESSAGES_MAX) {
        zmq_msg_t message;
        zmq_msg_init_size(&message, pong_size);
        memcpy(zmq_msg_data(&message), pong, pong_size);
        push(link, &message, PIA_ZMTP_COMMAND);
    }
    return PIA_TIMEOUT;
}

/* A part of a message; PIA_TIMEOUT: more follow; PIA_UNAVAILABLE: without end. */
static pia_status_t take_part(pia_link_t *link)
{
    pia_frames_t *frames = &link->frames;
    if (++link->part_count > PARTS_MAX)
        return PIA_UNAVAILABLE;
    link->part_bytes += zmq_msg_size(&link->body);
    if (frames->count < PIA_FRAMES_MAX) {
        zmq_msg_init(&frames->frame[frames->count]);
        zmq_msg_move(&frames->frame[frames->count++], &link->body);
    }
    return link->head.flags & PIA_ZMTP_MORE ? PIA_TIMEOUT : PIA_OK;
}

/* What was read becomes the next message; PIA_TIMEOUT: its end is not there yet. */
static pia_status_t decode(pia_link_t *link)
{
    pia_status_t status = link->state == GREETING ? read_greeting(link) : PIA_OK;
    while (status == PIA_OK) {
        status = read_frame(link);
        if (status != PIA_OK)
            return status;
        bool command = (link->head.flags & PIA_ZMTP_COMMAND) != 0;
        status = command ? take_command(link) : take_part(link);
        zmq_msg_close(&link->body);
        link->in_frame = false;
        if (status == PIA_OK)
            return PIA_OK;
        if (status == PIA_TIMEOUT)
            status = PIA_OK;
    }
    return status;
}

static pia_status_t hand_over(pia_link_t *link, pia_frames_t *frames)
{
    pia_frames_t *own = &link->frames;
    bool fits = frames->count + link->part_count <= PIA_FRAMES_MAX;
    for (size_t i = 0; fits && i < own->count; i++) {
        zmq_msg_init(&frames->frame[frames->count]);
        zmq_msg_move(&frames->frame[frames->count++], &own->frame[i]);
    }
    pia_frames_clear(own);
    link->part_count = link->part_bytes = 0;
    return fits ? PIA_OK : PIA_TOO_LARGE;
}

pia_status_t pia_link_recv(pia_link_t *link, pia_frames_t *frames)
{
    size_t read = 0;
    pia_status_t status = decode(link);
    while (status == PIA_TIMEOUT) {
        if (read >= READ_MAX)
            pia_link_pause(link);
        status = fill(link, &read);
        if (status != PIA_OK)
            return status;
        status = decode(link);
    }
    return status == PIA_OK ? hand_over(link, frames) : status;
}
