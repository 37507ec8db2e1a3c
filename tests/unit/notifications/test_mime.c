/* test_mime.c - e-mails that every reader reads, and that nobody injects into. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "mime.h"

static void expect_header(const char *text, const char *expected)
{
    char *header = mime_header(text);
    assert_string_equal(header, expected);
    free(header);
}

static void expect_body(const char *text, const char *expected)
{
    char *body = mime_quoted_printable(text);
    assert_string_equal(body, expected);
    free(body);
}

static void plain_headers_stay_and_others_are_encoded(void **state)
{
    (void)state;
    expect_header("", "");
    expect_header("Hello", "Hello");
    expect_header("Hygiène", "=?UTF-8?B?SHlnacOobmU=?=");
    expect_header("=?UTF-8?B?eA==?=", "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
}

static void a_line_end_cannot_be_put_into_a_header(void **state)
{
    (void)state;
    char *header = mime_header("a\r\nBcc: b@example.org");
    assert_null(strchr(header, '\r'));
    assert_null(strchr(header, '\n'));
    assert_null(strstr(header, "Bcc"));
    free(header);
}

static void long_headers_are_folded_between_characters(void **state)
{
    (void)state;
    char text[301] = "";
    for (size_t i = 0; i < 300; i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3); /* the euro sign, three bytes */
    }
    text[300] = '\0';
    char *header = mime_header(text);
    size_t lines = 0;
    for (char *line = header; line; lines++) {
        size_t size = strcspn(line, "\n");
        assert_true(size <= 76);
        /* 45 bytes a word are 15 whole characters: 60 characters of base64 without "=" */
        assert_true(strncmp(line + (line[0] == ' '), "=?UTF-8?B?", 10) == 0);
        line = line[size] ? line + size + 1 : NULL;
    }
    assert_int_equal(lines, 7);
    free(header);
}

static void bodies_are_quoted_printable(void **state)
{
    (void)state;
    expect_body("", "");
    expect_body("a=b\n", "a=3Db\n");
    expect_body("é\n", "=C3=A9\n");
    expect_body("x \ny\t", "x=20\ny=09");
    expect_body("a\r\n", "a=0D\n");
    expect_body("-- \n", "--=20\n");
}

static void long_lines_are_broken_softly(void **state)
{
    (void)state;
    char text[201];
    memset(text, 'x', 200);
    text[200] = '\0';
    char *body = mime_quoted_printable(text);
    for (const char *line = body; *line;) {
        size_t size = strcspn(line, "\n");
        assert_true(size <= 76);
        line += size + (line[size] == '\n');
    }
    assert_int_equal(strlen(body), 200 + 2 * 2);
    free(body);
}

static void a_message_is_the_same_every_time(void **state)
{
    (void)state;
    mime_t mime = {
        .id = "0192f0c1-2345-8abc-8def-0123456789ab",
        .sender = "pia@example.org",
        .sender_name = "Pôles",
        .to = "a@example.org",
        .subject = "Guide",
        .body = "Bonjour\n",
        .unsubscribe = "https://example.org/desabonnement?contact=1",
        .date_ms = INT64_C(1795674655123),
    };
    char *message = mime_compose(&mime);
    assert_string_equal(message, "From: =?UTF-8?B?UMO0bGVz?=\n"
                                 " <pia@example.org>\n"
                                 "To: <a@example.org>\n"
                                 "Subject: Guide\n"
                                 "Date: Thu, 26 Nov 2026 06:30:55 +0000\n"
                                 "Message-ID: <0192f0c1-2345-8abc-8def-0123456789ab@example.org>\n"
                                 "List-Unsubscribe: <https://example.org/desabonnement?contact=1>\n"
                                 "Auto-Submitted: auto-generated\n"
                                 "MIME-Version: 1.0\n"
                                 "Content-Type: text/plain; charset=utf-8\n"
                                 "Content-Transfer-Encoding: quoted-printable\n"
                                 "\n"
                                 "Bonjour\n");
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_headers_stay_and_others_are_encoded),
        cmocka_unit_test(a_line_end_cannot_be_put_into_a_header),
        cmocka_unit_test(long_headers_are_folded_between_characters),
        cmocka_unit_test(bodies_are_quoted_printable),
        cmocka_unit_test(long_lines_are_broken_softly),
        cmocka_unit_test(a_message_is_the_same_every_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
