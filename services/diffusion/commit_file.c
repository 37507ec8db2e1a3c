/* commit_file.c - a ring of commits on disk. */
#include "commit_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pia/memory.h"

enum { PIECE = 1 << 20, PATH_SIZE = 640 };

typedef struct {
    size_t offset, size;
} place_t;

struct commit_file {
    int descriptor;
    size_t capacity;
    bool grows;         /* there was space for it so far */
    bool used_since;    /* written to since it was all zeros */
    const char *broken; /* how the disk failed; else NULL */
    place_t *places;    /* a circle of `place_capacity`, a power of two: of what was not released */
    size_t place_capacity;
    size_t first, count;
    size_t used;
    place_t next;   /* what is being made */
    uint8_t *bytes; /* aligned, `room` of them */
    size_t room;
};

static place_t *place_at(const commit_file_t *self, size_t index)
{
    return &self->places[(self->first + index) & (self->place_capacity - 1)];
}

static uint8_t *alloc_blocks(size_t size)
{
    void *bytes = NULL;
    if (posix_memalign(&bytes, COMMIT_BLOCK, size) != 0)
        abort(); /* as everywhere: memory.h */
    return bytes;
}

static bool write_all(int descriptor, const uint8_t *bytes, size_t size, size_t offset)
{
    while (size > 0) {
        ssize_t written = pwrite(descriptor, bytes, size, (off_t)offset);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        bytes += written;
        size -= (size_t)written;
        offset += (size_t)written;
    }
    return true;
}

/* Zeros that are written, not only reserved: else the first write to a block would have to make
 * durable that it is one. */
static bool fill(int descriptor, size_t from, size_t to)
{
    uint8_t *zeros = alloc_blocks(PIECE);
    bool good = true;
    memset(zeros, 0, PIECE);
    for (size_t at = from; good && at < to; at += PIECE)
        good = write_all(descriptor, zeros, to - at < PIECE ? to - at : PIECE, at);
    int why = errno;
    free(zeros);
    errno = why;
    return good && fsync(descriptor) == 0;
}

static bool sync_folder(const char *path)
{
    char folder[PATH_SIZE] = ".";
    const char *slash = strrchr(path, '/');
    if (slash)
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        (void)close(descriptor);
    return good;
}

/* Past the page cache, if the file system knows how. */
static void go_direct(int descriptor)
{
    uint8_t *block = alloc_blocks(COMMIT_BLOCK);
    int flags = fcntl(descriptor, F_GETFL);
    if (fcntl(descriptor, F_SETFL, flags | O_DIRECT) == 0 &&
        pread(descriptor, block, COMMIT_BLOCK, 0) != COMMIT_BLOCK)
        (void)fcntl(descriptor, F_SETFL, flags);
    free(block);
}

/* *ret_size: how much of it is there already; less than COMMIT_FILE_SIZE is made anew. */
static bool prepare(int descriptor, const char *path, size_t *ret_size)
{
    struct stat file;
    if (fstat(descriptor, &file) != 0)
        return false;
    *ret_size = (size_t)file.st_size / COMMIT_BLOCK * COMMIT_BLOCK;
    if (*ret_size >= COMMIT_FILE_SIZE)
        return sync_folder(path); /* who made it may have been killed before that */
    if (!fill(descriptor, *ret_size, COMMIT_FILE_SIZE) || !sync_folder(path)) {
        int why = errno;
        if (*ret_size == 0)
            (void)unlink(path);
        errno = why;
        return false;
    }
    *ret_size = COMMIT_FILE_SIZE;
    return true;
}

pia_status_t commit_file_open(const char *path, commit_file_t **ret_file, pia_problem_t *problem)
{
    size_t capacity = 0;
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0 || !prepare(descriptor, path, &capacity)) {
        (void)pia_problem_set(problem, PIA_UNAVAILABLE, "", "%s cannot be made: %s", path,
                              strerrordesc_np(errno));
        if (descriptor >= 0)
            (void)close(descriptor);
        return PIA_UNAVAILABLE;
    }
    go_direct(descriptor);
    commit_file_t *self = pia_alloc(sizeof *self);
    self->descriptor = descriptor;
    self->capacity = capacity < COMMIT_FILE_SIZE_MAX ? capacity : COMMIT_FILE_SIZE_MAX;
    self->grows = true;
    self->used_since = true;
    self->place_capacity = 64;
    self->places = pia_alloc(self->place_capacity * sizeof *self->places);
    *ret_file = self;
    return PIA_OK;
}

void commit_file_close(commit_file_t **file_p)
{
    commit_file_t *self = *file_p;
    if (!self)
        return;
    (void)close(self->descriptor);
    free(self->places);
    free(self->bytes);
    free(self);
    *file_p = NULL;
}

/* Whether `size` bytes fit after the last commit, or at the beginning, and where. */
static bool find_place(const commit_file_t *self, size_t size, size_t *ret_offset)
{
    if (self->count == 0) {
        *ret_offset = 0;
        return size <= self->capacity;
    }
    const place_t *last = place_at(self, self->count - 1);
    size_t oldest = place_at(self, 0)->offset;
    size_t after = last->offset + last->size;
    bool wrapped = last->offset < oldest;
    size_t end = wrapped ? oldest : self->capacity;
    *ret_offset = after;
    if (size <= end - after)
        return true;
    *ret_offset = 0;
    return !wrapped && size <= oldest;
}

/* Doubles the file; the commits in it lie in order from the oldest on. */
static bool grow(commit_file_t *self)
{
    bool wrapped =
        self->count && place_at(self, self->count - 1)->offset < place_at(self, 0)->offset;
    size_t capacity = 2 * self->capacity;
    if (!self->grows || wrapped || capacity > COMMIT_FILE_SIZE_MAX)
        return false;
    self->grows = fill(self->descriptor, self->capacity, capacity);
    if (self->grows)
        self->capacity = capacity;
    else if (errno != ENOSPC && errno != EDQUOT)
        self->broken = strerrordesc_np(errno);
    return self->grows;
}

uint8_t *commit_file_begin(commit_file_t *self, size_t size)
{
    size_t offset = 0;
    assert(size > 0 && size % COMMIT_BLOCK == 0);
    while (!find_place(self, size, &offset)) {
        if (!grow(self))
            return NULL;
    }
    if (size > self->room) {
        free(self->bytes);
        self->room = size;
        self->bytes = alloc_blocks(size);
    }
    self->next = (place_t){.offset = offset, .size = size};
    return self->bytes;
}

pia_status_t commit_file_write(const commit_file_t *self, const char **ret_reason)
{
    if (!write_all(self->descriptor, self->bytes, self->next.size, self->next.offset) ||
        fdatasync(self->descriptor) != 0) {
        *ret_reason = strerrordesc_np(errno);
        return PIA_UNAVAILABLE;
    }
    return PIA_OK;
}

void commit_file_keep(commit_file_t *self)
{
    if (self->count == self->place_capacity) {
        place_t *places = pia_alloc(2 * self->place_capacity * sizeof *places);
        for (size_t i = 0; i < self->count; i++)
            places[i] = *place_at(self, i);
        free(self->places);
        self->places = places;
        self->place_capacity *= 2;
        self->first = 0;
    }
    *place_at(self, self->count++) = self->next;
    self->used_since = true;
    self->used += self->next.size;
}

void commit_file_release(commit_file_t *self, size_t count)
{
    assert(count <= self->count);
    for (size_t i = 0; i < count; i++)
        self->used -= place_at(self, i)->size;
    self->first += count;
    self->count -= count;
}

pia_status_t commit_file_wipe(commit_file_t *self)
{
    assert(self->count == 0);
    if (self->used_since && !fill(self->descriptor, 0, self->capacity)) {
        self->broken = strerrordesc_np(errno);
        return PIA_UNAVAILABLE;
    }
    self->used_since = false;
    return PIA_OK;
}

const char *commit_file_broken(const commit_file_t *self)
{
    return self->broken;
}

size_t commit_file_used(const commit_file_t *self)
{
    return self->used;
}

/* How much there is. A block that the disk does not give stays zeros, as a torn one. */
static size_t read_blocks(int descriptor, uint8_t *bytes, size_t size, size_t *ret_bad)
{
    size_t done = 0;
    ssize_t got = 1;
    *ret_bad = 0;
    while (done < size && got != 0) {
        got = pread(descriptor, bytes + done, size - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && size - done > COMMIT_BLOCK) /* some of it can be read, perhaps */
            got = pread(descriptor, bytes + done, COMMIT_BLOCK - done % COMMIT_BLOCK, (off_t)done);
        if (got < 0) {
            size_t block = COMMIT_BLOCK - done % COMMIT_BLOCK;
            done += block < size - done ? block : size - done;
            (*ret_bad)++;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return done;
}

pia_status_t
commit_file_read(const char *path, uint8_t **ret_bytes, size_t *ret_size, size_t *ret_bad)
{
    struct stat file = {.st_size = 0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *ret_bytes = NULL;
    *ret_size = 0;
    if (descriptor < 0)
        return errno == ENOENT ? PIA_OK : PIA_UNAVAILABLE;
    size_t size = 0;
    if (fstat(descriptor, &file) == 0)
        size = (size_t)file.st_size < COMMIT_FILE_SIZE_MAX ? (size_t)file.st_size
                                                           : COMMIT_FILE_SIZE_MAX;
    *ret_bytes = pia_alloc(size + 1);
    *ret_size = read_blocks(descriptor, *ret_bytes, size, ret_bad);
    (void)close(descriptor);
    return PIA_OK;
}
