/* test_link.c - an unsubscription link is one contact's only. */
#include "pia_test.h"

#include <string.h>

#include "link.h"

#define CONTACT "0192f0c1-2345-7abc-8def-0123456789ab"

static void a_token_is_its_contacts_only(void **state)
{
    (void)state;
    const uint8_t key[LINK_KEY_SIZE] = {1}, other_key[LINK_KEY_SIZE] = {2};
    char token[LINK_TOKEN_SIZE];
    link_token(key, CONTACT, token);
    assert_int_equal(strlen(token), LINK_TOKEN_SIZE - 1);
    assert_true(link_is_valid(key, CONTACT, token));
    assert_false(link_is_valid(key, "0192f0c1-2345-7abc-8def-0123456789ac", token));
    assert_false(link_is_valid(other_key, CONTACT, token));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_false(link_is_valid(key, CONTACT, token));
    assert_false(link_is_valid(key, CONTACT, ""));
    assert_false(link_is_valid(key, CONTACT, "00"));
}

static void a_link_leads_to_the_site(void **state)
{
    (void)state;
    notifications_t service = {.site = "https://pia.example.org"};
    char link[LINK_SIZE];
    link_unsubscribe(&service, CONTACT, link);
    assert_non_null(
        strstr(link, "https://pia.example.org/desabonnement?contact=" CONTACT "&token="));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_its_contacts_only),
        cmocka_unit_test(a_link_leads_to_the_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
