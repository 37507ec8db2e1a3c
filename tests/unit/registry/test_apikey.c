/* test_apikey.c - keys, what they open, and who may give what. */
#include "pia_test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apikey.h"
#include "keyfile.h"

static void keys_are_wellformed_and_differ(void **state)
{
    (void)state;
    char one[APIKEY_TEXT_SIZE];
    char two[APIKEY_TEXT_SIZE];
    apikey_make(one);
    apikey_make(two);
    assert_true(apikey_is_wellformed(one));
    assert_int_equal(strlen(one), 47);
    assert_string_not_equal(one, two);
}

static void what_could_be_no_key_is_told_apart(void **state)
{
    (void)state;
    char key[APIKEY_TEXT_SIZE];
    apikey_make(key);
    assert_false(apikey_is_wellformed(""));
    assert_false(apikey_is_wellformed("pia_"));
    assert_false(apikey_is_wellformed(key + 1));
    key[10] = '\'';
    assert_false(apikey_is_wellformed(key));
}

static void the_hash_is_of_the_whole_text(void **state)
{
    (void)state;
    uint8_t one[APIKEY_HASH_SIZE];
    uint8_t two[APIKEY_HASH_SIZE];
    apikey_hash("pia_a", one);
    apikey_hash("pia_b", two);
    assert_memory_not_equal(one, two, sizeof one);
    apikey_hash("pia_a", two);
    assert_memory_equal(one, two, sizeof one);
}

static void a_key_is_valid_until_it_expires_or_is_revoked(void **state)
{
    (void)state;
    apikey_t key = {.expires_at = 0};
    assert_string_equal(apikey_state(&key, 5000), "valid");
    key.expires_at = 5000;
    assert_string_equal(apikey_state(&key, 4999), "valid");
    assert_string_equal(apikey_state(&key, 5000), "expired");
    key.revoked_at = 1;
    assert_string_equal(apikey_state(&key, 0), "revoked");
}

#define PERSON "019abcde-0123-7123-8123-0123456789ab"

static void a_persons_key_gives_no_more_than_the_person_has_now(void **state)
{
    (void)state;
    apikey_t key = {
        .person = PERSON, .roles = PIA_ROLE_REVIEWER | PIA_ROLE_SECRETARIAT, .pole = "cnidep"};
    person_t person = {.id = PERSON, .roles = PIA_ROLE_REVIEWER | PIA_ROLE_POLE, .pole = "cerfav"};
    pia_principal_t principal;
    apikey_principal(&key, &person, &principal);
    assert_string_equal(principal.subject, "/persons/" PERSON);
    assert_string_equal(principal.person, PERSON);
    assert_int_equal(principal.roles, PIA_ROLE_REVIEWER);
    assert_string_equal(principal.pole, "cerfav");
}

static void a_persons_key_narrows_any_pole_to_its_own(void **state)
{
    (void)state;
    apikey_t key = {.person = PERSON, .roles = PIA_ROLE_POLE, .pole = "cnidep"};
    person_t person = {.id = PERSON, .roles = PIA_ROLE_POLE, .pole = "*"};
    pia_principal_t principal;
    apikey_principal(&key, &person, &principal);
    assert_string_equal(principal.pole, "cnidep");
    key.pole[0] = '\0';
    apikey_principal(&key, &person, &principal);
    assert_string_equal(principal.pole, "*");
}

static void a_programs_key_has_its_own_rights(void **state)
{
    (void)state;
    apikey_t key = {.service = "gateway", .roles = PIA_ROLE_SERVICE};
    pia_principal_t principal;
    apikey_principal(&key, NULL, &principal);
    assert_string_equal(principal.subject, "/services/gateway");
    assert_string_equal(principal.person, "");
    assert_int_equal(principal.roles, PIA_ROLE_SERVICE);
}

static void nobody_gives_a_role_or_pole_they_lack_save_an_operator(void **state)
{
    (void)state;
    pia_principal_t secretariat = {.subject = "/persons/x", .roles = PIA_ROLE_SECRETARIAT};
    pia_principal_t operator= {.subject = "/services/admin", .roles = PIA_ROLE_OPERATOR};
    pia_problem_t problem;
    assert_int_equal(rights_may_give(&secretariat, PIA_ROLE_SECRETARIAT, NULL, &problem), PIA_OK);
    assert_int_equal(rights_may_give(&secretariat, PIA_ROLE_OPERATOR, NULL, &problem),
                     PIA_FORBIDDEN);
    assert_int_equal(rights_may_give(&secretariat, PIA_ROLE_SECRETARIAT, "*", &problem),
                     PIA_FORBIDDEN);
    assert_int_equal(rights_may_give(&operator, PIA_ROLE_ANY, "*", &problem), PIA_OK);
}

static void a_key_file_is_private_and_holds_one_line(void **state)
{
    (void)state;
    char directory[] = "/tmp/pia-keyfile.XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    char key[APIKEY_TEXT_SIZE];
    char read[APIKEY_TEXT_SIZE];
    struct stat facts;
    apikey_make(key);
    assert_int_equal(keyfile_read("x.key", read, NULL), PIA_NOT_FOUND);
    assert_int_equal(keyfile_write("x.key", key, NULL), PIA_OK);
    assert_int_equal(stat("x.key", &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(keyfile_read("x.key", read, NULL), PIA_OK);
    assert_string_equal(read, key);
    assert_int_equal(truncate("x.key", 20), 0);
    assert_int_equal(keyfile_read("x.key", read, NULL), PIA_NOT_FOUND);
    assert_int_equal(keyfile_make_directory("d", NULL), PIA_OK);
    assert_int_equal(keyfile_make_directory("d", NULL), PIA_OK);
    assert_int_equal(keyfile_write("none/x.key", key, NULL), PIA_UNAVAILABLE);
    assert_int_equal(unlink("x.key"), 0);
    assert_int_equal(rmdir("d"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(directory), 0); /* nothing half-written was left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_wellformed_and_differ),
        cmocka_unit_test(what_could_be_no_key_is_told_apart),
        cmocka_unit_test(the_hash_is_of_the_whole_text),
        cmocka_unit_test(a_key_is_valid_until_it_expires_or_is_revoked),
        cmocka_unit_test(a_persons_key_gives_no_more_than_the_person_has_now),
        cmocka_unit_test(a_persons_key_narrows_any_pole_to_its_own),
        cmocka_unit_test(a_programs_key_has_its_own_rights),
        cmocka_unit_test(nobody_gives_a_role_or_pole_they_lack_save_an_operator),
        cmocka_unit_test(a_key_file_is_private_and_holds_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
