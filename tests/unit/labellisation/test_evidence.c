/* test_evidence.c - the log over all histories: no hole, every change is found where it stands. */
#include "pia_test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "evidence.h"
#include "pia/clock.h"
#include "proof.h"
#include "verify.h"

static pia_signing_key_t key;

static int setup(void **state)
{
    uint8_t seed[crypto_sign_SEEDBYTES] = {1};
    bench_setup(state);
    assert_int_equal(crypto_sign_seed_keypair(key.public_key, key.secret, seed), 0);
    assert_int_equal(evidence_open(bench.db, &key), PIA_OK);
    return 0;
}

/* Three dossiers, two of them until the decision: 1 + 8 + ... entries, their steps mixed. */
static void fill(char id[3][PIA_UUID_TEXT_SIZE])
{
    bench_to_decision(&bench, id[0]);
    bench_create(&bench, "label-pia", id[1]);
    bench_to_decision(&bench, id[2]);
    go(id[1], CANDIDATE, PIA_ROLE_CANDIDAT, "deposer", NULL);
}

static int64_t size_of_log(void)
{
    evidence_t evidence;
    assert_int_equal(evidence_read(bench.db, &evidence), PIA_OK);
    return (int64_t)evidence.tree.size;
}

/* Checks it all in pieces of `limit`; the last answer is the caller's. */
static json_t *check_log(int64_t limit)
{
    int64_t from = 0;
    for (;;) {
        json_t *check = NULL;
        assert_int_equal(verify_log(bench.db, &key, from, limit, &check), PIA_OK);
        const json_t *next = json_object_get(check, "next");
        if (!next)
            return check;
        assert_int_equal(json_integer_value(next), from + limit);
        from = json_integer_value(next);
        json_decref(check);
    }
}

static void assert_good(void)
{
    for (int64_t limit = 1; limit <= 64; limit *= 4) {
        json_t *check = check_log(limit);
        if (!json_is_true(json_object_get(check, "valid")))
            fail_msg("%s", json_string_value(json_object_get(check, "detail")));
        json_decref(check);
    }
}

/* The first bad entry is at this position, whatever the size of the pieces. */
static void assert_broken_at(int64_t position, const char *detail)
{
    for (int64_t limit = 1; limit <= 64; limit *= 4) {
        json_t *check = check_log(limit);
        assert_false(json_is_true(json_object_get(check, "valid")));
        const char *why = json_string_value(json_object_get(check, "detail"));
        if (json_integer_value(json_object_get(check, "broken_at")) != position ||
            !strstr(why, detail))
            fail_msg("at %lld: %s",
                     (long long)json_integer_value(json_object_get(check, "broken_at")), why);
        json_decref(check);
    }
}

static void every_entry_has_its_place_in_one_log(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    int64_t entries = bench_integer(&bench, "SELECT COUNT(*) FROM history");
    assert_true(entries > 20);
    assert_int_equal(size_of_log(), entries);
    assert_int_equal(bench_integer(&bench, "SELECT MIN(position) FROM history"), 0);
    assert_int_equal(bench_integer(&bench, "SELECT MAX(position) FROM history"), entries - 1);
    assert_good();
}

static void what_is_undone_leaves_no_hole(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    int64_t size = size_of_log();
    assert_int_equal(pia_db_savepoint(bench.db), PIA_OK);
    go(id[0], MINISTER, PIA_ROLE_SIGNATORY, "signer", "{'capacite': 'ministre'}");
    assert_int_equal(size_of_log(), size + 1);
    pia_db_rollback_to(bench.db);
    assert_int_equal(size_of_log(), size);
    go(id[1], ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    assert_int_equal(size_of_log(), size + 1);
    assert_good();
}

static void a_changed_entry_is_named(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    bench_run("UPDATE history SET to_state = 'accorde' WHERE position = 13");
    assert_broken_at(13, "not the one that was recorded");
    bench_run("UPDATE history SET salt = nodes WHERE position = 5");
    assert_broken_at(5, "not the one that was recorded");
}

static void a_changed_chain_a_changed_tree_and_a_changed_head_are_named(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    bench_run("UPDATE evidence_head SET size = size + 1000000");
    assert_broken_at(0, "head or its tree is not whole");
    bench_run("UPDATE evidence_head SET size = size - 1000000");
    assert_good();
    bench_run("UPDATE history SET nodes = salt WHERE position = 15");
    assert_broken_at(15, "tree is not the one");
    bench_run("UPDATE history SET chain = '00' WHERE position = 11");
    assert_broken_at(11, "not the one that was recorded");
}

static void a_missing_entry_is_named(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    int64_t size = size_of_log();
    bench_run("UPDATE matter SET version = version + 1 WHERE id = (SELECT MAX(id) FROM matter)");
    assert_broken_at(size, "its last entry is missing");
    bench_run("UPDATE matter SET version = version - 1 WHERE id = (SELECT MAX(id) FROM matter)");
    assert_good();
    bench_run("DELETE FROM history WHERE position = (SELECT MAX(position) FROM history)");
    assert_broken_at(size - 1, "head is not the one of its entries");
    bench_run("DELETE FROM history WHERE position = 9");
    assert_broken_at(9, "missing");
}

/* Who changes an entry and computes everything after it anew cannot sign it anew. */
static void a_signed_head_holds_what_was_before_it(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    fill(id);
    int64_t size = size_of_log(), hour = INT64_C(3600) * 1000;
    assert_int_equal(evidence_keep(bench.db, &key, hour), PIA_OK);
    assert_int_equal(evidence_keep(bench.db, &key, hour * 3), PIA_OK); /* nothing is new */
    go(id[1], ISM, PIA_ROLE_SECRETARIAT, "declarer_complet", NULL);
    assert_int_equal(evidence_keep(bench.db, &key, hour * 2 - 1), PIA_OK); /* too early */
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM evidence_kept"), 1);
    assert_int_equal(evidence_keep(bench.db, &key, hour * 2), PIA_OK);
    assert_int_equal(bench_integer(&bench, "SELECT COUNT(*) FROM evidence_kept"), 2);
    assert_int_equal(bench_integer(&bench, "SELECT MAX(size) FROM evidence_kept"), size + 1);
    assert_good();
    json_t *check = check_log(1000);
    assert_int_equal(json_integer_value(json_object_get(check, "heads")), 2);
    assert_int_equal(json_integer_value(json_object_get(check, "other_keys")), 0);
    json_decref(check);
    bench_run("UPDATE evidence_kept SET root = signature WHERE size = (SELECT MIN(size) FROM "
              "evidence_kept)");
    assert_broken_at(size - 1, "a head that was signed");
    bench_run("DELETE FROM evidence_key");
    bench_run("DELETE FROM evidence_kept WHERE size = (SELECT MIN(size) FROM evidence_kept)");
    assert_broken_at(size, "a head that was signed");
}

static void heads_and_proofs_know_how_far_the_log_goes(void **state)
{
    (void)state;
    char id[3][PIA_UUID_TEXT_SIZE];
    json_t *json = NULL;
    const proof_source_t source = {bench.db, &key, &bench.problem};
    fill(id);
    int64_t size = size_of_log();
    assert_int_equal(proof_head(&source, size + 1, &json), PIA_INVALID);
    assert_int_equal(proof_consistency(&source, 5, 4, &json), PIA_INVALID);
    assert_string_equal(bench.problem.pointer, "/first");
    assert_int_equal(proof_consistency(&source, 4, 0, &json), PIA_OK);
    assert_int_equal(json_integer_value(json_object_get(json, "size")), size);
    json_decref(json);
    matter_t dossier;
    bench_load(&bench, MACHINE_DOSSIER, id[0], &dossier);
    const history_reader_t reader = {dossier.machine, PIA_ROLE_CANDIDAT, "/persons/" CANDIDATE};
    assert_int_equal(proof_matter(&source, &dossier, &reader, 3, &json), PIA_INVALID);
    assert_int_equal(proof_matter(&source, &dossier, &reader, PROOF_LEAST, &json), PIA_OK);
    assert_int_equal(json_integer_value(json_object_get(json, "size")),
                     json_integer_value(json_object_get(json, "position")) + 1);
    const json_t *entries = json_object_get(json, "entries");
    assert_int_equal(json_array_size(entries), dossier.version);
    assert_non_null(json_object_get(json_array_get(entries, 0), "entry"));
    assert_null(json_object_get(json_array_get(entries, 5), "entry")); /* a review */
    assert_non_null(json_object_get(json_array_get(entries, 5), "hash"));
    json_decref(json);
    matter_clear(&dossier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
        T(every_entry_has_its_place_in_one_log),
        T(what_is_undone_leaves_no_hole),
        T(a_changed_entry_is_named),
        T(a_changed_chain_a_changed_tree_and_a_changed_head_are_named),
        T(a_missing_entry_is_named),
        T(a_signed_head_holds_what_was_before_it),
        T(heads_and_proofs_know_how_far_the_log_goes),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
