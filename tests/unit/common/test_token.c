/* test_token.c - who signs, who verifies, and what is refused: forged, expired, foreign, cut,
 * revoked. */
#include "pia/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pia/clock.h"
#include "pia_test.h"

typedef struct {
    char directory[64];
    char secret[96], public[96];
    pia_signer_t *signer;
    pia_verifier_t *verifier;
    pia_principal_t principal;
    uint8_t token[PIA_TOKEN_MAX];
    size_t size;
} fixture_t;

static int set_up(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/pia-token.XXXXXX");
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->secret, sizeof fixture->secret, "%s/token.key", fixture->directory);
    snprintf(fixture->public, sizeof fixture->public, "%s/token.pub", fixture->directory);
    pia_problem_t problem = {0};
    if (pia_signer_open(fixture->secret, fixture->public, &fixture->signer, &problem) != PIA_OK)
        fail_msg("%s", problem.detail);
    fixture->verifier = pia_verifier_new(fixture->public);
    fixture->principal =
        (pia_principal_t){.subject = "/persons/0190a5d2-0000-7000-8000-000000000001",
                          .person = "0190a5d2-0000-7000-8000-000000000001",
                          .pole = "ceramique",
                          .roles = PIA_ROLE_POLE | PIA_ROLE_REVIEWER};
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *fixture = *state;
    pia_signer_destroy(&fixture->signer);
    pia_verifier_destroy(&fixture->verifier);
    (void)unlink(fixture->secret);
    (void)unlink(fixture->public);
    assert_int_equal(rmdir(fixture->directory), 0); /* no temporary file was left */
    free(fixture);
    return 0;
}

static pia_status_t check(fixture_t *fixture, const void *token, size_t size, pia_principal_t *ret)
{
    pia_problem_t problem = {0};
    return pia_verifier_check(fixture->verifier, token, size, ret, &problem);
}

static void a_token_proves_its_principal(void **state)
{
    fixture_t *fixture = *state;
    for (int i = 0; i < 2; i++) { /* the second time from the cache */
        pia_principal_t got;
        assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
        assert_string_equal(got.subject, fixture->principal.subject);
        assert_string_equal(got.person, fixture->principal.person);
        assert_string_equal(got.structure, "");
        assert_string_equal(got.pole, "ceramique");
        assert_int_equal(got.roles, fixture->principal.roles);
        int64_t left = got.expires_at - pia_clock_wall();
        assert_true(left > 0 && left <= PIA_TOKEN_LIFE_MS);
    }
}

static void no_token_is_anonymous(void **state)
{
    pia_principal_t got = {.roles = PIA_ROLE_ANY};
    assert_int_equal(check(*state, NULL, 0, &got), PIA_OK);
    assert_string_equal(got.subject, "");
    assert_int_equal(got.roles, PIA_ROLE_NONE);
}

static void every_changed_byte_is_refused(void **state)
{
    fixture_t *fixture = *state;
    for (size_t i = 0; i < fixture->size; i++) {
        pia_principal_t got;
        fixture->token[i] ^= 0x01;
        assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_UNAUTHENTICATED);
        fixture->token[i] ^= 0x01;
    }
}

static void every_cut_is_refused(void **state)
{
    fixture_t *fixture = *state;
    for (size_t size = 1; size < fixture->size; size++) {
        pia_principal_t got;
        assert_int_equal(check(fixture, fixture->token, size, &got), PIA_UNAUTHENTICATED);
    }
}

static void a_longer_token_is_refused(void **state)
{
    fixture_t *fixture = *state;
    uint8_t token[2 * PIA_TOKEN_MAX] = {0};
    pia_principal_t got;
    memcpy(token, fixture->token, fixture->size);
    for (size_t size = fixture->size + 1; size <= sizeof token; size += 97)
        assert_int_equal(check(fixture, token, size, &got), PIA_UNAUTHENTICATED);
}

static void an_expired_token_is_refused_also_from_the_cache(void **state)
{
    fixture_t *fixture = *state;
    pia_principal_t got;
    fixture->principal.expires_at = pia_clock_wall() + 30;
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
    while (pia_clock_wall() < fixture->principal.expires_at)
        ;
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_UNAUTHENTICATED);
}

static void a_foreign_key_is_refused(void **state)
{
    fixture_t *fixture = *state;
    char secret[128], public[128];
    snprintf(secret, sizeof secret, "%s/other.key", fixture->directory);
    snprintf(public, sizeof public, "%s/other.pub", fixture->directory);
    pia_signer_t *other = NULL;
    assert_int_equal(pia_signer_open(secret, public, &other, NULL), PIA_OK);
    fixture->size = pia_signer_sign(other, &fixture->principal, fixture->token);
    pia_principal_t got;
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_UNAUTHENTICATED);
    pia_signer_destroy(&other);
    (void)unlink(secret);
    (void)unlink(public);
}

static void a_new_public_key_is_read_when_a_token_names_it(void **state)
{
    fixture_t *fixture = *state;
    pia_verifier_t *verifier = pia_verifier_new(fixture->public);
    pia_principal_t got;
    assert_int_equal(unlink(fixture->secret), 0);
    assert_int_equal(unlink(fixture->public), 0);
    assert_int_equal(pia_verifier_check(verifier, fixture->token, fixture->size, &got, NULL),
                     PIA_UNAUTHENTICATED);
    pia_signer_destroy(&fixture->signer);
    assert_int_equal(pia_signer_open(fixture->secret, fixture->public, &fixture->signer, NULL),
                     PIA_OK);
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    pia_status_t status = PIA_UNAUTHENTICATED;
    int64_t deadline = pia_clock_monotonic() + 5000; /* the file is read at most every 500 ms */
    while (status != PIA_OK && pia_clock_monotonic() < deadline)
        status = pia_verifier_check(verifier, fixture->token, fixture->size, &got, NULL);
    assert_int_equal(status, PIA_OK);
    pia_verifier_destroy(&verifier);
}

static void a_revoked_subject_needs_a_new_token(void **state)
{
    fixture_t *fixture = *state;
    pia_principal_t got;
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
    pia_verifier_revoke(fixture->verifier, "/persons/somebody-else", pia_clock_wall());
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
    int64_t made = pia_clock_wall();
    while (pia_clock_wall() <= made)
        ;
    pia_verifier_revoke(fixture->verifier, fixture->principal.subject, pia_clock_wall());
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_UNAUTHENTICATED);
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
}

/* A revocation of the future (a shifted clock) must not lock the subject out for ever. */
static void a_revocation_counts_until_now_at_most(void **state)
{
    fixture_t *fixture = *state;
    pia_principal_t got;
    pia_verifier_revoke(fixture->verifier, fixture->principal.subject,
                        pia_clock_wall() + INT64_C(86400000));
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
}

static void too_many_revocations_refuse_everybodys_old_tokens(void **state)
{
    fixture_t *fixture = *state;
    pia_principal_t got;
    int64_t made = pia_clock_wall();
    while (pia_clock_wall() <= made)
        ;
    for (int i = 0; i < 5000; i++) {
        char subject[64];
        snprintf(subject, sizeof subject, "/persons/%d", i);
        pia_verifier_revoke(fixture->verifier, subject, pia_clock_wall());
    }
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_UNAUTHENTICATED);
    made = pia_clock_wall();
    while (pia_clock_wall() <= made)
        ;
    fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
    assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
}

static void the_cache_does_not_mix_up_many_tokens(void **state)
{
    fixture_t *fixture = *state;
    for (int i = 0; i < 10000; i++) {
        pia_principal_t got;
        snprintf(fixture->principal.subject, sizeof fixture->principal.subject, "/persons/%d",
                 i % 5000);
        fixture->size = pia_signer_sign(fixture->signer, &fixture->principal, fixture->token);
        assert_int_equal(check(fixture, fixture->token, fixture->size, &got), PIA_OK);
        assert_string_equal(got.subject, fixture->principal.subject);
    }
}

static void the_files_have_the_right_modes(void **state)
{
    const fixture_t *fixture = *state;
    struct stat info;
    assert_int_equal(stat(fixture->secret, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(fixture->public, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
}

/* Several processes that make the key at once end with the same one. */
static void a_race_has_one_winner(void **state)
{
    fixture_t *fixture = *state;
    enum { RACERS = 4 };
    assert_int_equal(unlink(fixture->secret), 0);
    assert_int_equal(unlink(fixture->public), 0);
    int results[2];
    assert_int_equal(pipe(results), 0);
    for (int i = 0; i < RACERS; i++) {
        if (fork() == 0) {
            pia_signer_t *signer = NULL;
            if (pia_signer_open(fixture->secret, fixture->public, &signer, NULL) != PIA_OK)
                _exit(1);
            uint8_t token[PIA_TOKEN_MAX] = {0};
            (void)pia_signer_sign(signer, &fixture->principal, token);
            _exit(write(results[1], token + 1, 8) == 8 ? 0 : 1);
        }
    }
    uint8_t ids[RACERS][8];
    for (int i = 0; i < RACERS; i++) {
        int status = 1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
        assert_int_equal(read(results[0], ids[i], 8), 8);
        assert_memory_equal(ids[i], ids[0], 8);
    }
    close(results[0]);
    close(results[1]);
}

static void a_damaged_key_file_is_an_error(void **state)
{
    fixture_t *fixture = *state;
    FILE *file = fopen(fixture->secret, "w");
    assert_non_null(file);
    assert_true(fputs("PIA-TOKEN-SECRET-1 12345\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    pia_signer_t *signer = NULL;
    pia_problem_t problem = {0};
    assert_int_equal(pia_signer_open(fixture->secret, fixture->public, &signer, &problem),
                     PIA_INVALID);
    assert_null(signer);
    assert_non_null(strstr(problem.detail, "token.key"));
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(a_token_proves_its_principal),
        WITH_FILES(no_token_is_anonymous),
        WITH_FILES(every_changed_byte_is_refused),
        WITH_FILES(every_cut_is_refused),
        WITH_FILES(a_longer_token_is_refused),
        WITH_FILES(an_expired_token_is_refused_also_from_the_cache),
        WITH_FILES(a_foreign_key_is_refused),
        WITH_FILES(a_new_public_key_is_read_when_a_token_names_it),
        WITH_FILES(a_revoked_subject_needs_a_new_token),
        WITH_FILES(a_revocation_counts_until_now_at_most),
        WITH_FILES(too_many_revocations_refuse_everybodys_old_tokens),
        WITH_FILES(the_cache_does_not_mix_up_many_tokens),
        WITH_FILES(the_files_have_the_right_modes),
        WITH_FILES(a_race_has_one_winner),
        WITH_FILES(a_damaged_key_file_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
