/* fuzz_mime.c - an e-mail of any texts: no header but ours, lines within their limits. */
#include "fuzz.h"

#include "mime.h"

enum { LINE_MAX_BYTES = 998 };

/* Lines of a header or of a quoted-printable text: printable ASCII, bounded. */
static void check_lines(const char *text, size_t line_max, int folded)
{
    size_t line = 0;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\n') {
            FUZZ_CHECK(!folded || c[1] == ' ');
            line = 0;
            continue;
        }
        FUZZ_CHECK((*c >= ' ' && *c < 0x7f) || (!folded && *c == '\t'));
        line++;
        FUZZ_CHECK(line <= line_max);
    }
}

/* How many lines of the head begin with this name. */
static int count_headers(const char *message, const char *name)
{
    int count = 0;
    const char *end = strstr(message, "\n\n");
    for (const char *line = message; line != NULL && line < end; line = strchr(line, '\n')) {
        line += *line == '\n';
        count += strncasecmp(line, name, strlen(name)) == 0;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_t fuzz = {data, size};
    size_t subject_size = fuzz_word(&fuzz) % 2000;
    fuzz_t first = {fuzz.at, subject_size < fuzz.left ? subject_size : fuzz.left};
    fuzz.at += first.left;
    fuzz.left -= first.left;
    char *subject = fuzz_text(&first);
    char *body = fuzz_text(&fuzz);
    char *header = mime_header(subject);
    char *quoted = mime_quoted_printable(body);
    check_lines(header, LINE_MAX_BYTES, 1);
    check_lines(quoted, 76, 0);
    char *message = mime_compose(&(mime_t){.id = "id",
                                           .sender = "a@example.org",
                                           .sender_name = subject,
                                           .to = "b@example.org",
                                           .subject = subject,
                                           .body = body,
                                           .date_ms = 1764138655000});
    FUZZ_CHECK(strstr(message, "\n\n") != NULL);
    FUZZ_CHECK(count_headers(message, "Subject:") == 1 && count_headers(message, "To:") == 1);
    FUZZ_CHECK(count_headers(message, "Bcc:") == 0);
    free(message);
    free(header);
    free(quoted);
    free(subject);
    free(body);
    return 0;
}
