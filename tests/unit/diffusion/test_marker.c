/* test_marker.c - markers of removed events, and records of which only the hash is left. */
#include "pia_test.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "marker.h"
#include "row_check.h"

static void fill(marker_t *marker, signer_t *signer)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {7};
    assert_int_equal(crypto_sign_seed_keypair(signer->public_key, signer->secret, seed), 0);
    *marker = (marker_t){.journal = "01a21757-1090-7e4b-95e0-7216cda61e64",
                         .kind = "veille",
                         .rule = MARKER_KEEP_BYTES,
                         .limit = 1000,
                         .at_ms = 1764150000000,
                         .count = 4,
                         .bytes = 900,
                         .chain = {1, 2, 3},
                         .range_count = 2,
                         .ranges = {{3, 5}, {9, 9}}};
    marker_sign(marker, signer);
}

static char *text_of(const marker_t *marker)
{
    json_t *event = marker_event(marker);
    char *text = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    return text;
}

static void a_marker_is_read_back_and_its_signature_holds(void **state)
{
    (void)state;
    marker_t marker;
    marker_t *again = calloc(1, sizeof *again);
    signer_t signer;
    fill(&marker, &signer);
    char *text = text_of(&marker);
    assert_true(marker_read(text, strlen(text), again));
    assert_true(marker_is_signed(again));
    assert_memory_equal(again->ranges, marker.ranges, 2 * sizeof(marker_range_t));
    for (uint64_t i = 1; i < 12; i++)
        assert_int_equal(marker_has(again, i), (i >= 3 && i <= 5) || i == 9);
    again->ranges[1].last = 10;
    assert_false(marker_is_signed(again));
    free(text);
    free(again);
}

/* Whatever byte of the event is changed: it is no marker any more, or not signed, or says the same.
 */
static void no_byte_of_a_marker_can_be_changed(void **state)
{
    (void)state;
    marker_t marker;
    marker_t *again = calloc(1, sizeof *again);
    signer_t signer;
    fill(&marker, &signer);
    char *text = text_of(&marker);
    const char *data = strstr(text, "\"data\"");
    for (size_t i = (size_t)(data - text); i < strlen(text); i++) {
        text[i] ^= 1;
        if (marker_read(text, strlen(text), again) && marker_is_signed(again)) {
            assert_int_equal(again->count, marker.count);
            assert_memory_equal(again->ranges, marker.ranges, 2 * sizeof(marker_range_t));
            assert_string_equal(again->kind, marker.kind);
        }
        text[i] ^= 1;
    }
    free(text);
    free(again);
}

static void ranges_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const char *const ranges[] = {
        "[]",        "[[5,3]]", "[[0,3]]",           "[[3,5],[5,6]]", "[[3,5],[1]]",
        "[[3,5,6]]", "{}",      "[[1,2],[\"3\",4]]", "[[-1,2]]",      "[[3,4],[1,2]]"};
    marker_t marker;
    marker_t *again = calloc(1, sizeof *again);
    signer_t signer;
    fill(&marker, &signer);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        json_t *event = marker_event(&marker);
        json_object_set_new(json_object_get(event, "data"), "ranges",
                            json_loads(ranges[i], JSON_DECODE_ANY, NULL));
        char *text = json_dumps(event, 0);
        assert_false(marker_read(text, strlen(text), again));
        free(text);
        json_decref(event);
    }
    free(again);
}

static void a_removed_record_keeps_its_hash_and_its_marker(void **state)
{
    (void)state;
    uint8_t hash[CHAIN_SIZE];
    uint8_t found[CHAIN_SIZE];
    buffer_t bytes = {0};
    record_t record;
    record_hash("event", 5, hash);
    record_t written = {.cursor = {1, 4, 99}, .recorded_ms = 5, .hash = hash, .marker = 12};
    record_write(&bytes, &written);
    size_t offset = 0;
    assert_true(record_read(bytes.bytes, bytes.size, &offset, &record));
    assert_int_equal(offset, bytes.size);
    assert_null(record.event);
    assert_int_equal(record.marker, 12);
    record_event_hash(&record, found);
    assert_memory_equal(found, hash, CHAIN_SIZE);
    for (size_t size = 0; size < bytes.size; size++) {
        offset = 0;
        assert_false(record_read(bytes.bytes, size, &offset, &record));
    }
    bytes.bytes[27] ^= 1; /* another length */
    offset = 0;
    assert_false(record_read(bytes.bytes, bytes.size, &offset, &record));
    buffer_free(&bytes);
}

static void a_key_is_made_once_and_for_its_owner(void **state)
{
    (void)state;
    char folder[] = "/tmp/pia-signer-XXXXXX";
    char path[64];
    signer_t one;
    signer_t other;
    pia_problem_t problem = {0};
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/key", folder);
    assert_int_equal(pia_signing_key_open(path, &one, &problem), PIA_OK);
    assert_int_equal(pia_signing_key_open(path, &other, &problem), PIA_OK);
    assert_memory_equal(&one, &other, sizeof one);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(pia_signing_key_open(path, &other, &problem), PIA_UNAVAILABLE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_marker_is_read_back_and_its_signature_holds),
        cmocka_unit_test(no_byte_of_a_marker_can_be_changed),
        cmocka_unit_test(ranges_that_make_no_sense_are_refused),
        cmocka_unit_test(a_removed_record_keeps_its_hash_and_its_marker),
        cmocka_unit_test(a_key_is_made_once_and_for_its_owner),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
