/* db_sqlite_log.c - a VFS around the default one that gathers the writes to a write-ahead log.
 *
 * SQLite writes a log frame as 24 bytes and a page, each with a call of its own: 150 calls for a
 * commit of 300 KiB. And it appends, so that each sync also has to make the file's new size
 * durable: measured, ext4: 105 us for 4 KiB appended, 42 us for the same written over zeros. */
#include "db_sqlite_log.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

enum {
    ROOM_FIRST = 8 * 1024,
    ROOM_MAX = 1024 * 1024, /* gathered at most */
    PIECE = 64 * 1024,      /* SQLite's own VFS takes no 128 KiB at once (os_unix.c) */
    GROWTH = 1024 * 1024,   /* the file grows by so much */
};

static const char NAME[] = "pia-log";

typedef struct {
    sqlite3_file base; /* first */
    char *bytes;       /* gathered, to be written at `start` */
    size_t size, room;
    sqlite3_int64 start;
    sqlite3_int64 end; /* of the file, once it is known; else -1 */
    sqlite3_file real; /* last: longer than it says, as the VFS below wants it */
} log_file_t;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return &((log_file_t *)file)->real;
}

static int write_pieces(log_file_t *self, const char *bytes, size_t size, sqlite3_int64 offset)
{
    int code = SQLITE_OK;
    for (size_t done = 0; code == SQLITE_OK && done < size; done += PIECE) {
        size_t piece = size - done < PIECE ? size - done : PIECE;
        code = self->real.pMethods->xWrite(&self->real, bytes + done, (int)piece,
                                           offset + (sqlite3_int64)done);
    }
    return code;
}

/* Zeros from the file's end on, until `needed` bytes and some more are there. */
static int make_room(log_file_t *self, sqlite3_int64 needed)
{
    static const char zeros[PIECE];
    sqlite3_file *real = &self->real;
    int code = self->end < 0 ? real->pMethods->xFileSize(real, &self->end) : SQLITE_OK;
    if (code != SQLITE_OK || needed <= self->end)
        return code;
    sqlite3_int64 end = (needed + GROWTH - 1) / GROWTH * GROWTH;
    while (code == SQLITE_OK && self->end < end) {
        sqlite3_int64 left = end - self->end;
        size_t size = left < PIECE ? (size_t)left : PIECE;
        code = write_pieces(self, zeros, size, self->end);
        self->end += (sqlite3_int64)size;
    }
    return code;
}

/* What cannot be written is dropped: the transaction that it belongs to is undone. */
static int flush(log_file_t *self)
{
    if (self->size == 0)
        return SQLITE_OK;
    int code = make_room(self, self->start + (sqlite3_int64)self->size);
    if (code == SQLITE_OK)
        code = write_pieces(self, self->bytes, self->size, self->start);
    if (code != SQLITE_OK)
        self->end = -1;
    self->size = 0;
    return code;
}

static int log_close(sqlite3_file *file)
{
    log_file_t *self = (log_file_t *)file;
    free(self->bytes);
    self->bytes = NULL;
    return self->real.pMethods->xClose(&self->real);
}

static int log_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset)
{
    int code = flush((log_file_t *)file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset)
                             : code;
}

static void grow(log_file_t *self, size_t needed)
{
    if (needed <= self->room)
        return;
    while (self->room < needed)
        self->room = self->room ? self->room * 2 : ROOM_FIRST;
    self->bytes = pia_realloc(self->bytes, self->room);
}

static int log_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    log_file_t *self = (log_file_t *)file;
    int code = SQLITE_OK;
    if (offset != self->start + (sqlite3_int64)self->size ||
        self->size + (size_t)size > (size_t)ROOM_MAX)
        code = flush(self);
    if (code != SQLITE_OK)
        return code;
    if (self->size == 0)
        self->start = offset;
    grow(self, self->size + (size_t)size);
    memcpy(self->bytes + self->size, bytes, (size_t)size);
    self->size += (size_t)size;
    return SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    log_file_t *self = (log_file_t *)file;
    int code = flush(self);
    self->end = -1;
    return code == SQLITE_OK ? self->real.pMethods->xTruncate(&self->real, size) : code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    int code = flush((log_file_t *)file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : code;
}

static int log_file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    int code = flush((log_file_t *)file);
    return code == SQLITE_OK ? real_of(file)->pMethods->xFileSize(real_of(file), ret_size) : code;
}

static int log_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int log_check_reserved_lock(sqlite3_file *file, int *ret_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_reserved);
}

static int log_file_control(sqlite3_file *file, int operation, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, arg);
}

static int log_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int log_device_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods LOG_METHODS = {
    .iVersion = 1, /* a log is neither mapped nor has it shared memory */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_file_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_reserved_lock,
    .xFileControl = log_file_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_device_characteristics,
};

static sqlite3_vfs *below_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *below = below_of(vfs);
    if ((flags & SQLITE_OPEN_WAL) == 0)
        return below->xOpen(below, name, file, flags, ret_flags);
    log_file_t *self = (log_file_t *)file;
    memset(self, 0, sizeof *self);
    self->end = -1;
    int code = below->xOpen(below, name, &self->real, flags, ret_flags);
    if (self->real.pMethods)
        self->base.pMethods = &LOG_METHODS;
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    return below_of(vfs)->xDelete(below_of(vfs), name, sync);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret_there)
{
    return below_of(vfs)->xAccess(below_of(vfs), name, flags, ret_there);
}

static int vfs_full_pathname(sqlite3_vfs *vfs, const char *name, int size, char *ret_path)
{
    return below_of(vfs)->xFullPathname(below_of(vfs), name, size, ret_path);
}

static int vfs_randomness(sqlite3_vfs *vfs, int size, char *ret_bytes)
{
    return below_of(vfs)->xRandomness(below_of(vfs), size, ret_bytes);
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    return below_of(vfs)->xSleep(below_of(vfs), us);
}

static int vfs_current_time(sqlite3_vfs *vfs, double *ret_days)
{
    return below_of(vfs)->xCurrentTime(below_of(vfs), ret_days);
}

static int vfs_last_error(sqlite3_vfs *vfs, int size, char *ret_text)
{
    return below_of(vfs)->xGetLastError(below_of(vfs), size, ret_text);
}

static sqlite3_vfs log_vfs = {
    .iVersion = 1,
    .zName = NAME,
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_pathname,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_current_time,
    .xGetLastError = vfs_last_error,
};

/* SQLite's list of VFSes is the process's: the one thing here that is. */
static void register_vfs(void)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    if (!below)
        return;
    log_vfs.pAppData = below;
    log_vfs.szOsFile = below->szOsFile + (int)offsetof(log_file_t, real);
    log_vfs.mxPathname = below->mxPathname;
    (void)sqlite3_vfs_register(&log_vfs, 0);
}

const char *pia_sqlite_log_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (pthread_once(&once, register_vfs) != 0 || !sqlite3_vfs_find(NAME))
        return NULL;
    return NAME;
}
