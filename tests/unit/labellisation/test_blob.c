/* test_blob.c - bytes of uploads and blobs, as files beside SQLite and as rows in PostgreSQL: the
 * same promises. */
#include "pia_test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attachment.h"
#include "bench.h"
#include "blob.h"
#include "pia/clock.h"
#include "upload.h"

#define UPLOAD "0190a000-0000-7000-8000-0000000000f1"
#define OTHER_UPLOAD "0190a000-0000-7000-8000-0000000000f2"
#define HASH "ab00000000000000000000000000000000000000000000000000000000000001"

static blob_store_t *store;
static char folder[128];
static char dossier[PIA_UUID_TEXT_SIZE];
static int sync_error; /* what a sync fails with; 0: it does not */

/* Stands in place of the C library's. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int fdatasync(int descriptor)
{
    errno = sync_error;
    return sync_error ? -1 : (int)syscall(SYS_fdatasync, descriptor);
}

static int setup(void **state)
{
    (void)bench_setup(state);
    pia_problem_t problem = {.detail = ""};
    snprintf(folder, sizeof folder, "%s/pieces",
             bench.place.directory[0] ? bench.place.directory : "/nonexistent");
    if (blob_store_new(bench.db, folder, &store, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
    bench_create(&bench, "label-pia", dossier);
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static int teardown(void **state)
{
    blob_store_destroy(&store);
    if (bench.place.directory[0])
        assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    return bench_teardown(state);
}

/* The rows that name an upload and an attachment. */
static void add_upload(const char *id, int64_t size)
{
    upload_t upload = {.size = size, .touched_ms = pia_clock_wall()};
    snprintf(upload.id, sizeof upload.id, "%s", id);
    snprintf(upload.dossier, sizeof upload.dossier, "%s", dossier);
    snprintf(upload.piece, sizeof upload.piece, "statuts");
    snprintf(upload.name, sizeof upload.name, "a.pdf");
    crypto_hash_sha256_init(&upload.hashing);
    assert_int_equal(upload_insert(bench.db, &upload), PIA_OK);
}

static void add_attachment(const char *id, int64_t size)
{
    attachment_t attachment = {.size = size, .added_ms = bench.now_ms, .hash = HASH};
    snprintf(attachment.id, sizeof attachment.id, "%s", id);
    snprintf(attachment.piece, sizeof attachment.piece, "statuts");
    snprintf(attachment.name, sizeof attachment.name, "a.pdf");
    snprintf(attachment.type, sizeof attachment.type, "application/pdf");
    assert_int_equal(attachment_insert(bench.db, dossier, &attachment), PIA_OK);
}

static void put(const char *upload, int64_t start, const char *text)
{
    assert_int_equal(blob_write(store, upload, start, text, strlen(text)), PIA_OK);
}

static void assert_reads(const char *name, int64_t start, size_t size, const char *expected)
{
    char bytes[64] = "";
    size_t got = 99;
    assert_int_equal(blob_read(store, name, start, bytes, size, &got), PIA_OK);
    assert_int_equal(got, strlen(expected));
    assert_memory_equal(bytes, expected, got);
}

static pia_status_t reads(const char *name)
{
    char byte;
    size_t got;
    return blob_read(store, name, 0, &byte, 1, &got);
}

/* As the service does after a batch, once through all folders. */
static void sweep(void)
{
    assert_int_equal(pia_db_commit(bench.db), PIA_OK);
    for (int i = 0; i < 257; i++)
        blob_sweep(store);
    assert_int_equal(pia_db_begin(bench.db), PIA_OK);
}

/* An upload of "abcdef" in two parts, kept as a blob with an attachment. */
static void keep_one(const char *id)
{
    add_upload(id, 6);
    put(id, 0, "abc");
    put(id, 3, "def");
    assert_int_equal(blob_keep(store, id, HASH, 6), PIA_OK);
    add_attachment(id, 6);
    assert_int_equal(upload_remove(bench.db, id), PIA_OK);
    assert_int_equal(blob_drop(store, id), PIA_OK);
}

static void parts_become_one_content(void **state)
{
    (void)state;
    add_upload(UPLOAD, 6);
    put(UPLOAD, 0, "abc");
    put(UPLOAD, 3, "de");
    put(UPLOAD, 5, "f");
    assert_reads(UPLOAD, 0, 64, "abcdef");
    assert_reads(UPLOAD, 2, 3, "cde");
    assert_reads(UPLOAD, 6, 3, "");
    assert_int_equal(blob_keep(store, UPLOAD, HASH, 6), PIA_OK);
    assert_reads(HASH, 1, 64, "bcdef");
    assert_int_equal(reads(OTHER_UPLOAD), PIA_INTERNAL);
}

static void the_same_content_is_kept_once(void **state)
{
    (void)state;
    keep_one(UPLOAD);
    keep_one(OTHER_UPLOAD);
    sweep();
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM blob"), 1);
    assert_reads(HASH, 0, 64, "abcdef");
    assert_int_equal(reads(UPLOAD), PIA_INTERNAL);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM blob_chunk"),
                     pia_db_is_shared(bench.db) ? 2 : 0);
}

static void what_nothing_uses_goes_after_a_day_and_not_before(void **state)
{
    (void)state;
    const int64_t day_ms = INT64_C(24) * 3600 * 1000;
    keep_one(UPLOAD);
    keep_one(OTHER_UPLOAD);
    assert_int_equal(attachment_remove(bench.db, UPLOAD), PIA_OK);
    assert_int_equal(blob_release(store, HASH), PIA_OK);
    assert_int_equal(blob_expire(store, pia_clock_wall() + 2 * day_ms), PIA_OK);
    sweep();
    assert_reads(HASH, 0, 64, "abcdef"); /* another attachment has it */
    assert_int_equal(attachment_remove(bench.db, OTHER_UPLOAD), PIA_OK);
    assert_int_equal(blob_release(store, HASH), PIA_OK);
    assert_int_equal(blob_expire(store, pia_clock_wall()), PIA_OK);
    sweep();
    assert_reads(HASH, 0, 64, "abcdef");
    assert_int_equal(blob_expire(store, pia_clock_wall() + day_ms + 1000), PIA_OK);
    sweep();
    assert_int_equal(reads(HASH), PIA_INTERNAL);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM blob"), 0);
}

static void what_is_used_again_within_the_day_stays(void **state)
{
    (void)state;
    keep_one(UPLOAD);
    assert_int_equal(attachment_remove(bench.db, UPLOAD), PIA_OK);
    assert_int_equal(blob_release(store, HASH), PIA_OK);
    keep_one(OTHER_UPLOAD);
    assert_int_equal(blob_expire(store, INT64_MAX / 2), PIA_OK);
    sweep();
    assert_reads(HASH, 0, 64, "abcdef");
}

static void a_finish_that_is_rolled_back_leaves_the_upload(void **state)
{
    (void)state;
    add_upload(UPLOAD, 6);
    put(UPLOAD, 0, "abcdef");
    bench_commit(&bench);
    assert_int_equal(blob_keep(store, UPLOAD, HASH, 6), PIA_OK);
    pia_db_rollback(bench.db);
    assert_int_equal(pia_db_begin(bench.db), PIA_OK);
    sweep(); /* takes what the finish had linked */
    assert_int_equal(reads(HASH), PIA_INTERNAL);
    assert_reads(UPLOAD, 0, 64, "abcdef");
    assert_int_equal(blob_keep(store, UPLOAD, HASH, 6), PIA_OK);
    add_attachment(UPLOAD, 6);
    sweep();
    assert_reads(HASH, 0, 64, "abcdef");
}

static void an_upload_that_nobody_goes_on_with_goes(void **state)
{
    (void)state;
    add_upload(UPLOAD, 6);
    put(UPLOAD, 0, "abc");
    assert_int_equal(upload_expire(bench.db, store, pia_clock_wall() - 1000), PIA_OK);
    sweep();
    assert_reads(UPLOAD, 0, 64, "abc");
    assert_int_equal(upload_expire(bench.db, store, pia_clock_wall() + 1000), PIA_OK);
    sweep();
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM upload"), 0);
    assert_int_equal(reads(UPLOAD), PIA_INTERNAL);
}

/* Files only: what a file system may do to them. */
static void what_is_lost_of_an_upload_is_told(void **state)
{
    (void)state;
    char path[256];
    if (pia_db_is_shared(bench.db))
        skip();
    add_upload(UPLOAD, 6);
    put(UPLOAD, 0, "abc");
    snprintf(path, sizeof path, "%s/uploads/%s", folder, UPLOAD);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(blob_write(store, UPLOAD, 3, "def", 3), PIA_GONE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(blob_write(store, UPLOAD, 3, "def", 3), PIA_GONE);
    assert_int_equal(blob_keep(store, UPLOAD, HASH, 6), PIA_GONE);
}

/* The kernel may have dropped the bytes, and call the next sync good: also when the disk was full.
 */
static void an_upload_that_could_not_be_synced_is_gone(void **state)
{
    static const int errors[] = {EIO, ENOSPC};
    (void)state;
    if (pia_db_is_shared(bench.db))
        skip();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        put(UPLOAD, 0, "abc");
        sync_error = errors[i];
        pia_status_t status = blob_write(store, UPLOAD, 3, "def", 3);
        sync_error = 0;
        assert_int_equal(status, PIA_UNAVAILABLE);
        assert_int_equal(blob_write(store, UPLOAD, 6, "ghi", 3), PIA_GONE);
    }
}

static void a_blob_is_never_overwritten(void **state)
{
    (void)state;
    char path[256];
    struct stat before, after;
    if (pia_db_is_shared(bench.db))
        skip();
    keep_one(UPLOAD);
    snprintf(path, sizeof path, "%s/ab/%s", folder, HASH);
    assert_int_equal(stat(path, &before), 0);
    keep_one(OTHER_UPLOAD);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(truncate(path, 3), 0); /* damage is told, not repaired in silence */
    add_upload("0190a000-0000-7000-8000-0000000000f3", 6);
    put("0190a000-0000-7000-8000-0000000000f3", 0, "abcdef");
    assert_int_equal(blob_keep(store, "0190a000-0000-7000-8000-0000000000f3", HASH, 6),
                     PIA_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parts_become_one_content, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_content_is_kept_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nothing_uses_goes_after_a_day_and_not_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_used_again_within_the_day_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_finish_that_is_rolled_back_leaves_the_upload, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_upload_that_nobody_goes_on_with_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_lost_of_an_upload_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(an_upload_that_could_not_be_synced_is_gone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_blob_is_never_overwritten, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
