/* limits.c - what this machine can do at most: fsync, memory, one bare SQLite loop, and a byte
 * there and back between two processes on one core and on two. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { BATCH = 1000, MIB = 1 << 20, COPY = 64 * MIB };

static void check(bool done, const char *what)
{
    if (!done)
        die("%s: %s", what, strerror(errno));
}

/* Appends of `size` bytes, each followed by fdatasync: how many a second. */
static double appends(size_t size, double seconds)
{
    static const char path[] = "limits.append";
    char *bytes = calloc(1, size);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    check(bytes && file >= 0, path);
    int64_t began = clock_ns(), until = began + (int64_t)(seconds * 1e9);
    uint64_t count = 0;
    for (; clock_ns() < until; count++) {
        check(write(file, bytes, size) == (ssize_t)size, "write");
        check(fdatasync(file) == 0, "fdatasync");
    }
    double rate = (double)count * 1e9 / (double)(clock_ns() - began);
    check(close(file) == 0 && unlink(path) == 0, path);
    free(bytes);
    return rate;
}

/* Bytes a second of memcpy beyond the caches. */
static double copies(double seconds)
{
    char *from = malloc(COPY), *to = malloc(COPY);
    check(from && to, "memory");
    memset(from, 1, COPY);
    memset(to, 2, COPY);
    int64_t began = clock_ns(), until = began + (int64_t)(seconds * 1e9);
    uint64_t count = 0;
    for (; clock_ns() < until; count++) {
        memcpy(to, from, COPY);
        from[count % COPY] = to[COPY - 1];
    }
    double rate = (double)count * COPY * 1e9 / (double)(clock_ns() - began);
    free(from);
    free(to);
    return rate;
}

static void run_sql(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("SQLite: %s", sqlite3_errmsg(db));
}

static void remove_database(void)
{
    (void)unlink("limits.db");
    (void)unlink("limits.db-wal");
    (void)unlink("limits.db-shm");
}

/* Events a second when BATCH events are one blob, one row and one commit, and nothing else is done.
 */
static double sqlite_events(double seconds)
{
    static char blob[(size_t)BATCH * EVENT_SIZE];
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    remove_database();
    check(sqlite3_open("limits.db", &db) == SQLITE_OK, "limits.db");
    run_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                "CREATE TABLE batch (first INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
    check(sqlite3_prepare_v2(db, "INSERT INTO batch (bytes) VALUES (?)", -1, &insert, NULL) ==
              SQLITE_OK,
          "insert");
    int64_t began = clock_ns(), until = began + (int64_t)(seconds * 1e9);
    uint64_t count = 0;
    for (; clock_ns() < until; count += BATCH) {
        (void)sqlite3_bind_blob(insert, 1, blob, sizeof blob, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE)
            die("SQLite: %s", sqlite3_errmsg(db));
        (void)sqlite3_reset(insert);
    }
    double rate = (double)count * 1e9 / (double)(clock_ns() - began);
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
    remove_database();
    return rate;
}

static void stay_on(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    check(sched_setaffinity(0, sizeof set, &set) == 0, "sched_setaffinity");
}

static void echo(int in, int out)
{
    char byte;
    while (read(in, &byte, 1) == 1)
        if (write(out, &byte, 1) != 1)
            break;
}

/* Microseconds of a byte through a pipe and back, this side on core 0, the other on `core`. */
static double ping_pong(int core, double seconds)
{
    int there[2], back[2];
    check(pipe(there) == 0 && pipe(back) == 0, "pipe");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        stay_on(core);
        (void)close(there[1]);
        echo(there[0], back[1]);
        _exit(EXIT_SUCCESS);
    }
    stay_on(0);
    char byte = 'x';
    int64_t began = clock_ns(), until = began + (int64_t)(seconds * 1e9);
    uint64_t count = 0;
    for (; clock_ns() < until; count++)
        check(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "pipe");
    double us = (double)(clock_ns() - began) / 1000 / (double)count;
    (void)close(there[1]);
    (void)waitpid(child, NULL, 0);
    (void)close(there[0]);
    (void)close(back[0]);
    (void)close(back[1]);
    return us;
}

/* usage: bench-limits SECONDS (for each), in a directory of the disk that is meant */
int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;
    (void)printf("{\"fdatasync_4k\":%.1f,", appends(4096, seconds));
    (void)printf("\"fdatasync_256k\":%.1f,", appends(262144, seconds));
    (void)printf("\"memcpy_bytes\":%.0f,", copies(seconds));
    (void)printf("\"sqlite_events\":%.1f,", sqlite_events(seconds));
    (void)printf("\"ping_one_core_us\":%.2f,", ping_pong(0, seconds));
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    (void)printf("\"ping_two_cores_us\":%.2f}\n", ping_pong(cores > 1 ? 1 : 0, seconds));
    return EXIT_SUCCESS;
}
