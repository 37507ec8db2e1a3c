/* volatile_disk.c - preloaded into a process: what it writes into a database and does not sync is
 * gone when the process is killed, as it is when the power goes.
 *
 * A write is kept in memory until its file is synced; a read sees it. So that the file may also be
 * left torn and out of order, some 512-byte sectors of a write go to the file at once, chosen at
 * random; a file grows at once, with zeros. Of a process that is killed there remains what was
 * synced, and some of the rest.
 *
 * PIA_VOLATILE_SEED  where the random sequence begins
 * PIA_VOLATILE_LIES  if set, a sync says that it is done and does nothing, and no sector goes to
 * the file at once: a disk that lies
 *
 * Only files whose name has ".db" and is not SQLite's shared memory or a lock, as SQLite opens
 * them, and the commit file, which cannot be written past the page cache then. Global state: the C
 * library's functions have no other place for it. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILES_MAX = 64, DESCRIPTORS_MAX = 1024, SECTOR = 512, LEAKS_ONE_IN = 4 };

typedef struct write {
    struct write *next;
    off64_t offset;
    size_t size;
    unsigned char bytes[];
} write_t;

typedef struct {
    bool used;
    dev_t device;
    ino_t inode;
    write_t *first, *last; /* in order */
} file_t;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all that follows */
static file_t files[FILES_MAX];
static file_t *file_of[DESCRIPTORS_MAX];
static unsigned short sequence[3];

static struct {
    int (*open)(const char *path, int flags, ...);
    int (*control)(int descriptor, int operation, ...);
    int (*close)(int descriptor);
    int (*unlink)(const char *path);
    int (*truncate)(int descriptor, off64_t size);
    int (*sync)(int descriptor);
    int (*datasync)(int descriptor);
    ssize_t (*read)(int descriptor, void *bytes, size_t size, off64_t offset);
    ssize_t (*write)(int descriptor, const void *bytes, size_t size, off64_t offset);
} real;

/* The C library's names, for what stands in their place. */
int open_file(const char *path, int flags, ...) __asm__("open64");
int close_file(int descriptor) __asm__("close");
int remove_file(const char *path) __asm__("unlink");
ssize_t read_file(int descriptor, void *bytes, size_t size, off64_t offset) __asm__("pread64");
ssize_t
write_file(int descriptor, const void *bytes, size_t size, off64_t offset) __asm__("pwrite64");
int truncate_file(int descriptor, off64_t size) __asm__("ftruncate64");
int open_commits(const char *path, int flags, ...) __asm__("open");
ssize_t read_commits(int descriptor, void *bytes, size_t size, off64_t offset) __asm__("pread");
ssize_t
write_commits(int descriptor, const void *bytes, size_t size, off64_t offset) __asm__("pwrite");
int control_file(int descriptor, int operation, ...) __asm__("fcntl");
int sync_file(int descriptor) __asm__("fsync");
int sync_data(int descriptor) __asm__("fdatasync");

static void find(void *ret_function, const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        abort();
    memcpy(ret_function, &function, sizeof function);
}

static void find_all(void)
{
    const char *seed = getenv("PIA_VOLATILE_SEED");
    unsigned long number = seed ? strtoul(seed, NULL, 10) : 0;
    memcpy(sequence, &number, sizeof sequence);
    find(&real.open, "open64");
    find(&real.control, "fcntl");
    find(&real.close, "close");
    find(&real.unlink, "unlink");
    find(&real.truncate, "ftruncate64");
    find(&real.sync, "fsync");
    find(&real.datasync, "fdatasync");
    find(&real.read, "pread64");
    find(&real.write, "pwrite64");
}

static void begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, find_all);
    pthread_mutex_lock(&mutex);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    return size >= strlen(end) && strcmp(text + size - strlen(end), end) == 0;
}

static bool is_ours(const char *path)
{
    return strstr(path, ".db") && !ends_with(path, "-shm") && !ends_with(path, ".lock");
}

static void forget_writes(file_t *file)
{
    while (file->first) {
        write_t *write = file->first;
        file->first = write->next;
        free(write);
    }
    file->last = NULL;
}

static file_t *find_file(const struct stat *about)
{
    for (file_t *file = files; file < files + FILES_MAX; file++) {
        if (file->used && file->device == about->st_dev && file->inode == about->st_ino)
            return file;
    }
    return NULL;
}

static file_t *add_file(const struct stat *about)
{
    file_t *file = files;
    while (file < files + FILES_MAX && file->used)
        file++;
    if (file == files + FILES_MAX)
        abort();
    *file = (file_t){.used = true, .device = about->st_dev, .inode = about->st_ino};
    return file;
}

/* NULL: not one of ours. */
static file_t *file_at(int descriptor)
{
    return descriptor >= 0 && descriptor < DESCRIPTORS_MAX ? file_of[descriptor] : NULL;
}

static int open_any(const char *path, int flags, mode_t mode, bool ours)
{
    begin();
    struct stat about;
    int descriptor = real.open(path, flags, mode);
    if (descriptor >= 0 && descriptor < DESCRIPTORS_MAX) {
        ours = ours && fstat(descriptor, &about) == 0;
        file_of[descriptor] = !ours ? NULL : find_file(&about);
        if (ours && !file_of[descriptor])
            file_of[descriptor] = add_file(&about);
    }
    pthread_mutex_unlock(&mutex);
    return descriptor;
}

int open_file(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_any(path, flags, mode, is_ours(path));
}

int open_commits(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_any(path, flags, mode, ends_with(path, ".commits"));
}

int control_file(int descriptor, int operation, ...)
{
    va_list rest;
    va_start(rest, operation);
    void *value = va_arg(rest, void *);
    va_end(rest);
    begin();
    bool direct = operation == F_SETFL && ((intptr_t)value & O_DIRECT) != 0 && file_at(descriptor);
    pthread_mutex_unlock(&mutex);
    if (direct) {
        errno = EINVAL;
        return -1;
    }
    return real.control(descriptor, operation, value);
}

int close_file(int descriptor)
{
    begin();
    if (file_at(descriptor))
        file_of[descriptor] = NULL;
    int rc = real.close(descriptor);
    pthread_mutex_unlock(&mutex);
    return rc;
}

int remove_file(const char *path)
{
    begin();
    struct stat about;
    file_t *file = stat(path, &about) == 0 ? find_file(&about) : NULL;
    if (file) {
        forget_writes(file);
        file->used = false;
    }
    int rc = real.unlink(path);
    pthread_mutex_unlock(&mutex);
    return rc;
}

/* Some sectors reach the file before they are synced. */
static void leak(int descriptor, const write_t *write)
{
    size_t at = 0;
    while (at < write->size) {
        size_t piece = SECTOR - (size_t)((write->offset + (off64_t)at) % SECTOR);
        if (piece > write->size - at)
            piece = write->size - at;
        if (nrand48(sequence) % LEAKS_ONE_IN == 0)
            (void)!real.write(descriptor, write->bytes + at, piece, write->offset + (off64_t)at);
        at += piece;
    }
}

static void keep(file_t *file, int descriptor, const void *bytes, size_t size, off64_t offset)
{
    write_t *write = malloc(sizeof *write + size);
    if (!write)
        abort();
    write->next = NULL;
    write->offset = offset;
    write->size = size;
    memcpy(write->bytes, bytes, size);
    if (file->last)
        file->last->next = write;
    else
        file->first = write;
    file->last = write;
    if (!getenv("PIA_VOLATILE_LIES"))
        leak(descriptor, write);
}

ssize_t write_file(int descriptor, const void *bytes, size_t size, off64_t offset)
{
    begin();
    file_t *file = file_at(descriptor);
    struct stat about;
    ssize_t done = -1;
    if (!file)
        done = real.write(descriptor, bytes, size, offset);
    else if (fstat(descriptor, &about) == 0 &&
             (about.st_size >= offset + (off64_t)size ||
              real.truncate(descriptor, offset + (off64_t)size) == 0)) {
        keep(file, descriptor, bytes, size, offset);
        done = (ssize_t)size;
    }
    pthread_mutex_unlock(&mutex);
    return done;
}

ssize_t write_commits(int descriptor, const void *bytes, size_t size, off64_t offset)
{
    return write_file(descriptor, bytes, size, offset);
}

/* What of a write lies in the bytes that were read. */
static void lay_over(const write_t *write, unsigned char *bytes, size_t size, off64_t offset)
{
    off64_t from = write->offset > offset ? write->offset : offset;
    off64_t write_end = write->offset + (off64_t)write->size;
    off64_t read_end = offset + (off64_t)size;
    off64_t to = write_end < read_end ? write_end : read_end;
    if (from < to)
        memcpy(bytes + (from - offset), write->bytes + (from - write->offset), (size_t)(to - from));
}

ssize_t read_file(int descriptor, void *bytes, size_t size, off64_t offset)
{
    begin();
    const file_t *file = file_at(descriptor);
    ssize_t got = real.read(descriptor, bytes, size, offset);
    for (const write_t *write = file && got > 0 ? file->first : NULL; write; write = write->next)
        lay_over(write, bytes, (size_t)got, offset);
    pthread_mutex_unlock(&mutex);
    return got;
}

ssize_t read_commits(int descriptor, void *bytes, size_t size, off64_t offset)
{
    return read_file(descriptor, bytes, size, offset);
}

int truncate_file(int descriptor, off64_t size)
{
    begin();
    file_t *file = file_at(descriptor);
    for (write_t *write = file ? file->first : NULL; write; write = write->next) {
        if (write->offset >= size)
            write->size = 0;
        else if (write->offset + (off64_t)write->size > size)
            write->size = (size_t)(size - write->offset);
    }
    int rc = real.truncate(descriptor, size);
    pthread_mutex_unlock(&mutex);
    return rc;
}

static int write_all(int descriptor, const file_t *file)
{
    for (const write_t *write = file->first; write; write = write->next) {
        if (real.write(descriptor, write->bytes, write->size, write->offset) !=
            (ssize_t)write->size)
            return -1;
    }
    return 0;
}

static int synced(int descriptor, int (*sync)(int descriptor))
{
    file_t *file = file_at(descriptor);
    if (file && getenv("PIA_VOLATILE_LIES"))
        return 0;
    if (file && write_all(descriptor, file) < 0)
        return -1;
    int rc = sync(descriptor);
    if (file && rc == 0)
        forget_writes(file);
    return rc;
}

int sync_file(int descriptor)
{
    begin();
    int rc = synced(descriptor, real.sync);
    pthread_mutex_unlock(&mutex);
    return rc;
}

int sync_data(int descriptor)
{
    begin();
    int rc = synced(descriptor, real.datasync);
    pthread_mutex_unlock(&mutex);
    return rc;
}
