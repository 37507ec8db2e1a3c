/* test_strict.c - every way to smuggle, and every way to be well-formed, through the strict filter;
 * each input whole, byte by byte and cut in two at every place. */
#include "pia_test.h"

#include <stdlib.h>
#include <string.h>

#include "strict.h"

#define HOST "Host: a\r\n"
#define POST_HEAD "POST /v1/events HTTP/1.1\r\n" HOST

typedef struct {
    const char *name;
    const char *bytes;
    size_t size;
    int status; /* 0: complete; -1: needs more */
} case_t;

#define CASE(name, text, status)                                                                   \
    {                                                                                              \
        name, text, sizeof(text) - 1, status                                                       \
    }

static const case_t cases[] = {
    CASE("plain get", "GET / HTTP/1.1\r\n" HOST "\r\n", 0),
    CASE("http 1.0", "GET /a?b=%20c HTTP/1.0\r\nhost:a:80\r\n\r\n", 0),
    CASE("ipv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0),
    CASE("body by length", POST_HEAD "Content-Length: 5\r\n\r\nhello", 0),
    CASE("no body", POST_HEAD "Content-Length: 0\r\n\r\n", 0),
    CASE("chunks",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
         0),
    CASE("obs-text in a value", "GET / HTTP/1.1\r\n" HOST "X: \xc3\xa9\r\n\r\n", 0),
    CASE("get with length 0", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0),
    CASE("expect continue", POST_HEAD "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", 0),
    CASE("half a head", "GET / HTTP/1.1\r\n" HOST, -1),
    CASE("half a body", POST_HEAD "Content-Length: 5\r\n\r\nhell", -1),
    CASE("half a chunk", POST_HEAD "Transfer-Encoding: chunked\r\n\r\n5\r\nhello", -1),
    CASE("last chunk without its end", POST_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", -1),

    CASE("duplicate length", POST_HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
    CASE("differing lengths", POST_HEAD "Content-Length: 5\r\ncontent-length: 6\r\n\r\nhello", 400),
    CASE("list of lengths", POST_HEAD "Content-Length: 5, 5\r\n\r\nhello", 400),
    CASE("signed length", POST_HEAD "Content-Length: +5\r\n\r\nhello", 400),
    CASE("negative length", POST_HEAD "Content-Length: -5\r\n\r\nhello", 400),
    CASE("hexadecimal length", POST_HEAD "Content-Length: 0x5\r\n\r\nhello", 400),
    CASE("length with a space inside", POST_HEAD "Content-Length: 1 0\r\n\r\nhello", 400),
    CASE("length with leading zero", POST_HEAD "Content-Length: 05\r\n\r\nhello", 400),
    CASE("empty length", POST_HEAD "Content-Length:\r\n\r\n", 400),
    CASE("length above the bound", POST_HEAD "Content-Length: 1048577\r\n\r\n", 413),
    CASE("length that overflows", POST_HEAD "Content-Length: 18446744073709551617\r\n\r\n", 413),
    CASE("length without end",
         POST_HEAD "Content-Length: 11111111111111111111111111111111111111111\r\n",
         413),
    CASE("length beside encoding",
         POST_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("encoding beside length",
         POST_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
         400),
    CASE("encoding beside length 0",
         POST_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n",
         400),
    CASE("unknown encoding", POST_HEAD "Transfer-Encoding: gzip\r\n\r\n", 501),
    CASE("encoding list", POST_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("encoding in capitals", POST_HEAD "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 501),
    CASE("encoding with vertical tab",
         POST_HEAD "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("encoding identity", POST_HEAD "Transfer-Encoding: identity\r\n\r\n", 501),
    CASE("encoding twice",
         POST_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("encoding in http 1.0",
         "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("encoding with a space before the colon",
         POST_HEAD "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
         400),
    CASE("get with a body", "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 400),
    CASE("head with a body", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 400),
    CASE("head with chunks",
         "HEAD / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400),

    CASE("chunk size with a sign",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk size with 0x",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk size with a space before",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk size with a space after",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk extension",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("empty chunk size",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk size with 9 digits",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n000000003\r\nabc\r\n0\r\n\r\n",
         400),
    CASE("huge chunk", POST_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413),
    CASE("chunk without its CRLF",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n",
         400),
    CASE("chunk longer than said",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
         400),
    CASE("chunk with LF alone",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
         400),
    CASE("chunk data with LF alone",
         POST_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
         400),
    CASE("trailer", POST_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", 400),

    CASE("no host", "GET / HTTP/1.1\r\n\r\n", 400),
    CASE("no host in 1.0", "GET / HTTP/1.0\r\n\r\n", 400),
    CASE("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    CASE("empty host", "GET / HTTP/1.1\r\nHost:  \r\n\r\n", 400),
    CASE("host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    CASE("host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    CASE("host list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    CASE("space before the colon", "GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n", 400),
    CASE("name with a space", "GET / HTTP/1.1\r\n" HOST "X y: z\r\n\r\n", 400),
    CASE("name in utf-8", "GET / HTTP/1.1\r\n" HOST "\xc3\xa9: z\r\n\r\n", 400),
    CASE("name missing", "GET / HTTP/1.1\r\n" HOST ": z\r\n\r\n", 400),
    CASE("line without colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400),
    CASE("obs-fold", "GET / HTTP/1.1\r\n" HOST "X: y\r\n z\r\n\r\n", 400),
    CASE("obs-fold with tab", "GET / HTTP/1.1\r\n" HOST "X: y\r\n\tz\r\n\r\n", 400),
    CASE("fold before the first header", "GET / HTTP/1.1\r\n X: y\r\n" HOST "\r\n", 400),
    CASE("bare LF after the request line", "GET / HTTP/1.1\n" HOST "\r\n", 400),
    CASE("bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    CASE("bare LF as the end", "GET / HTTP/1.1\r\n" HOST "\n", 400),
    CASE("bare CR in a value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400),
    CASE("CR CR LF", "GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n", 400),
    CASE("NUL in a value", "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n", 400),
    CASE("NUL in a name", "GET / HTTP/1.1\r\n" HOST "X\0: b\r\n\r\n", 400),
    CASE("NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("DEL in a value", "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n", 400),
    CASE("escape in a value", "GET / HTTP/1.1\r\n" HOST "X: \x1b[0m\r\n\r\n", 400),
    CASE("unknown expectation", POST_HEAD "Expect: gift\r\nContent-Length: 1\r\n\r\nx", 417),

    CASE("connect", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 405),
    CASE("trace", "TRACE / HTTP/1.1\r\n" HOST "\r\n", 405),
    CASE("unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501),
    CASE("method in lower case", "get / HTTP/1.1\r\n" HOST "\r\n", 501),
    CASE("endless method", "GETGETGETGETGETGETGETGETGETGETGETGETGETGET", 501),
    CASE("empty line first", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("tls hello", "\x16\x03\x01\x02", 400),
    CASE("absolute target", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("asterisk target", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("fragment in the target", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("bad percent triple", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("short percent triple", "GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("space after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
    CASE("tab as separator", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400),
    CASE("http 0.9", "GET /\r\n", 400),
    CASE("http 1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505),
    CASE("http 2.0", "PRI / HTTP/2.0\r\n\r\n", 501),
    CASE("get http 2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505),
    CASE("http 1.01", "GET / HTTP/1.01\r\n" HOST "\r\n", 400),
    CASE("lower case version", "GET / http/1.1\r\n" HOST "\r\n", 400),
};

static int outcome(const strict_t *strict, strict_verdict_t verdict)
{
    if (verdict == STRICT_COMPLETE)
        return 0;
    return verdict == STRICT_MORE ? -1 : strict->status;
}

/* Feeds `bytes` in two pieces cut at `cut`; what is admitted in all goes to *ret_admitted. */
static int feed_cut(const case_t *c, size_t cut, size_t *ret_admitted)
{
    strict_t strict;
    strict_init(&strict);
    size_t first, second = 0;
    strict_verdict_t verdict = strict_feed(&strict, c->bytes, cut, &first);
    if (verdict == STRICT_MORE)
        verdict = strict_feed(&strict, c->bytes + cut, c->size - cut, &second);
    *ret_admitted = first + second;
    return outcome(&strict, verdict);
}

static int feed_bytewise(const case_t *c)
{
    strict_t strict;
    strict_init(&strict);
    strict_verdict_t verdict = STRICT_MORE;
    size_t admitted;
    for (size_t i = 0; i < c->size && verdict == STRICT_MORE; i++)
        verdict = strict_feed(&strict, c->bytes + i, 1, &admitted);
    return outcome(&strict, verdict);
}

static void each_case_has_its_outcome_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const case_t *c = &cases[i];
        size_t whole, admitted;
        int got = feed_cut(c, c->size, &whole);
        if (got != c->status || feed_bytewise(c) != c->status)
            fail_msg("%s: got %d, wanted %d", c->name, got, c->status);
        for (size_t cut = 0; cut < c->size; cut++) {
            assert_int_equal(feed_cut(c, cut, &admitted), c->status);
            assert_int_equal(admitted, whole);
        }
        assert_true(c->status > 0 ? whole < c->size : whole == c->size);
    }
}

static strict_verdict_t feed_text(strict_t *strict, const char *text)
{
    size_t admitted;
    return strict_feed(strict, text, strlen(text), &admitted);
}

static void the_next_request_waits_for_the_answer(void **state)
{
    (void)state;
    static const char two[] =
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
    size_t half = (sizeof two - 1) / 2, admitted;
    strict_t strict;
    strict_init(&strict);
    assert_false(strict_begun(&strict));
    assert_int_equal(strict_feed(&strict, two, sizeof two - 1, &admitted), STRICT_COMPLETE);
    assert_int_equal(admitted, half);
    assert_int_equal(strict_feed(&strict, two + half, half, &admitted), STRICT_COMPLETE);
    assert_int_equal(admitted, 0);
    strict_next(&strict);
    assert_int_equal(strict_feed(&strict, two + half, half, &admitted), STRICT_COMPLETE);
    assert_int_equal(admitted, half);
}

static void nothing_passes_after_a_refusal(void **state)
{
    (void)state;
    size_t admitted;
    strict_t strict;
    strict_init(&strict);
    assert_int_equal(feed_text(&strict, "BREW / HTTP/1.1\r\n"), STRICT_REJECTED);
    assert_int_equal(strict_feed(&strict, "GET", 3, &admitted), STRICT_REJECTED);
    assert_int_equal(admitted, 0);
    assert_int_equal(strict.status, 501);
    assert_non_null(strict.reason);
}

/* Feeds `text` `times` times; the status of the refusal, or 0. */
static int feed_many(const char *head, const char *text, size_t times)
{
    strict_t strict;
    strict_init(&strict);
    strict_verdict_t verdict = feed_text(&strict, head);
    while (verdict == STRICT_MORE && times-- > 0)
        verdict = feed_text(&strict, text);
    return verdict == STRICT_REJECTED ? strict.status : 0;
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(feed_many("GET /", "a", STRICT_TARGET_MAX - 1), 0);
    assert_int_equal(feed_many("GET /", "a", STRICT_TARGET_MAX), 414);
    assert_int_equal(feed_many("GET / HTTP/1.1\r\nX: ", "a", STRICT_HEADERS_MAX), 431);
    assert_int_equal(feed_many("GET / HTTP/1.1\r\n", "X", STRICT_HEADERS_MAX + 1), 431);
    assert_int_equal(feed_many("GET / HTTP/1.1\r\n", "X:\r\n", STRICT_HEADER_COUNT_MAX), 0);
    assert_int_equal(feed_many("GET / HTTP/1.1\r\n", "X:\r\n", STRICT_HEADER_COUNT_MAX + 1), 431);
    const char *chunked = POST_HEAD "Transfer-Encoding: chunked\r\n\r\n";
    assert_int_equal(feed_many(chunked, "1\r\na\r\n", STRICT_BODY_MAX), 0);
    assert_int_equal(feed_many(chunked, "1\r\na\r\n", STRICT_BODY_MAX + 1), 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_outcome_however_it_is_cut),
        cmocka_unit_test(the_next_request_waits_for_the_answer),
        cmocka_unit_test(nothing_passes_after_a_refusal),
        cmocka_unit_test(sizes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
