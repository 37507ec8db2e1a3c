/* test_format.c - each format's good texts and the ones that look almost right. */
#include "pia_test.h"

#include <stdio.h>
#include <string.h>

#include "pia/format.h"

static void expect_one(const char *format, bool valid, const char *text)
{
    if (pia_format_check(format, text) != valid) {
        fail_msg("%s '%s' is %s", format, text, valid ? "refused" : "taken");
    }
}

static void expect(const char *format, bool valid, const char *const *texts)
{
    for (; *texts; texts++) {
        expect_one(format, valid, *texts);
    }
}

#define GOOD(format, ...) expect(format, true, (const char *const[]){__VA_ARGS__, NULL})
#define BAD(format, ...) expect(format, false, (const char *const[]){__VA_ARGS__, NULL})

static void codes(void **state)
{
    (void)state;
    GOOD("code", "a", "cnrace", "pole-bois-2", "x1");
    BAD("code", "", "1a", "-a", "a-", "a--b", "A", "a_b", "a b", "é", "a\n");
    char text[65];
    memset(text, 'a', sizeof text);
    text[63] = '\0';
    GOOD("code", text);
    text[63] = 'a';
    text[64] = '\0';
    BAD("code", text);
}

static void siren_and_siret(void **state)
{
    (void)state;
    GOOD("siren", "732829320", "552081317", "356000000");
    BAD("siren", "", "433367670", "73282932", "7328293200", "73282932a", "000000000", " 73282932");
    GOOD("siret", "73282932000074", "55208131766522", "35600000049837", "35600000000048");
    BAD("siret", "12345678912345", "73282932000075", "7328293200007", "732829320000745", "",
        "35600000049838", "73282932O00074", "00000000000000");
}

static void dates(void **state)
{
    (void)state;
    GOOD("date", "2026-11-26", "2024-02-29", "9999-12-31");
    BAD("date", "", "2025-02-29", "2026-11-31", "26-11-2026", "2026-11-26T00:00:00Z", "1969-01-01");
    GOOD("date-time", "2026-11-26T06:30:55Z", "2026-11-26T06:30:55.5+02:00");
    BAD("date-time", "", "2026-11-26", "2026-11-26T06:30:55", "2026-11-26T25:00:00Z");
}

static void emails(void **state)
{
    (void)state;
    GOOD("email", "a@example.org", "jean.d'arc+pia@mail.example.org", "x_y@xn--caf-dma.example");
    BAD("email", "", "a", "@example.org", "a@", "a@example", "a b@example.org", "a@exa mple.org",
        ".a@example.org", "a.@example.org", "a..b@example.org", "a@@example.org", "a@b@example.org",
        "a@-example.org", "a@example-.org", "a@example..org", "a@example.org.", "a@.example.org",
        "a@127.0.0.1", "a@[127.0.0.1]", "\"a\"@example.org", "A <a@example.org>", "a@example.org\n",
        "a@example.org\r\nBcc: b@example.org", "a\r\n@example.org", "a,b@example.org",
        "a@exam_ple.org", "é@example.org", "a@\xc3\xa9xample.org");
    char text[300];
    (void)snprintf(text, sizeof text, "%065d@example.org", 0);
    BAD("email", text);
    (void)snprintf(text, sizeof text, "%064d@example.org", 0);
    GOOD("email", text);
    (void)snprintf(text, sizeof text, "a@%060d.%060d.%060d.%060d.%020dorg", 0, 0, 0, 0, 0);
    BAD("email", text);
}

static void urls(void **state)
{
    (void)state;
    GOOD("url", "http://example.org", "https://example.org/", "https://a.example.org:8443/x?y=z#t",
         "http://127.0.0.1:8080/hook", "http://[::1]:80/", "https://localhost/x", "https://a?b");
    BAD("url", "", "example.org", "ftp://example.org", "HTTP://example.org", "http://", "http:///x",
        "https:/example.org", "http://user@example.org", "http://user:pass@example.org/",
        "javascript:alert(1)", "http://exa mple.org", "http://example.org/\n",
        "http://example.org/\r\nX: y", "http://example.org/<script>", "http://example.org/\"",
        "http://example.org\\@evil.org", "http://-a.org", "http://a..org", "http://a:0/",
        "http://a:65536/", "http://a:/", "http://a:8o/", "http://[::1", "http://[]/",
        "http://[::1]x/", "http://é.org/", "file:///etc/passwd", "http://a.org.:80",
        "http://a:123456789/");
}

static void territories(void **state)
{
    (void)state;
    GOOD("departement", "01", "2A", "974", "988", "75");
    BAD("departement", "", "1", "20", "96", "2C", "2a", "000", "9741");
    GOOD("region", "11", "75", "94", "01");
    BAD("region", "", "1", "99", "2A", "011");
    GOOD("commune", "75056", "2A004", "97411", "01053", "2B033");
    BAD("commune", "", "7505", "750560", "20004", "2C004", "96001", "A2004", "750A6", "97999");
}

static void small_ones(void **state)
{
    (void)state;
    GOOD("uuid", "0192f0c1-2345-7abc-8def-0123456789ab");
    BAD("uuid", "", "0192f0c1-2345-7abc-8def-0123456789a");
    GOOD("language", "fr", "en");
    BAD("language", "", "f", "FR", "fra", "f1", "fr-FR");
    GOOD("cursor", "1.42.0a1b2c3d", "AAAA_-=", "a");
    BAD("cursor", "", "a b", "a\n", "a\"b", "é", "<a>");
    GOOD("api-key", "pia_0123456789ABCDEF-.x");
    BAD("api-key", "", "short", "pia_0123456789 ABCDEF", "pia_0123456789\nABCDEF");
    GOOD("role", "secretariat", "service");
    BAD("role", "", "admin", "Service", "service ");
    GOOD("event-type", "label.awarded", "publication", "a.b-c.d_1");
    BAD("event-type", "", ".", "a.", ".a", "a..b", "A.b", "a b", "a.1", "1", "a.-b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),      cmocka_unit_test(siren_and_siret),
        cmocka_unit_test(dates),      cmocka_unit_test(emails),
        cmocka_unit_test(urls),       cmocka_unit_test(territories),
        cmocka_unit_test(small_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
