/* test_webhook.c - the Standard Webhooks specification's vector, and where we do not go. */
#include "pia_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/un.h>

#include "webhook.h"

/* The vector that the reference libraries of standardwebhooks.com test with. */
static void the_public_vector_is_signed_right(void **state)
{
    (void)state;
    static const char secret[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    static const char body[] = "{\"test\": 2432232314}";
    uint8_t key[64];
    size_t size = 0;
    assert_int_equal(sodium_base642bin(key, sizeof key, secret, strlen(secret), NULL, &size, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    webhook_message_t message = {.id = "msg_p5jXN8AQM9LWM0D4loKWxJek",
                                 .timestamp = 1614265330,
                                 .body = body,
                                 .size = strlen(body)};
    char signature[WEBHOOK_SIGNATURE_SIZE];
    webhook_sign(key, size, &message, signature);
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void a_secret_is_shown_as_the_specification_says(void **state)
{
    (void)state;
    uint8_t secret[CONTACT_SECRET_SIZE] = {0};
    char text[WEBHOOK_SECRET_SIZE];
    webhook_secret_text(secret, text);
    assert_string_equal(text, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
        return webhook_is_public((const struct sockaddr *)&in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return webhook_is_public((const struct sockaddr *)&in6);
}

static void expect_address(const char *text, bool expected)
{
    if (is_public(text) != expected) {
        fail_msg("%s is %s", text, expected ? "refused" : "taken");
    }
}

static void public_addresses_are_public(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "1.1.1.1",     "9.255.255.255",   "11.0.0.0",   "100.63.255.255",
        "100.128.0.0", "172.15.255.255",  "172.32.0.0", "192.167.255.255",
        "192.169.0.0", "198.17.255.255",  "198.20.0.0", "223.255.255.255",
        "2001:200::1", "2606:4700::1111", "2a00::1",    "2001:db7:ffff::1",
        "2003::1",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        expect_address(addresses[i], true);
    }
}

static void addresses_inside_are_refused(void **state)
{
    (void)state;
    static const char *const addresses[] = {
        "0.0.0.0",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "100::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        expect_address(addresses[i], false);
    }
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    assert_false(webhook_is_public((const struct sockaddr *)&local));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_vector_is_signed_right),
        cmocka_unit_test(a_secret_is_shown_as_the_specification_says),
        cmocka_unit_test(public_addresses_are_public),
        cmocka_unit_test(addresses_inside_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
