/* pdf_words.c - reading PDFs with pdftotext. */
#include "pia_test.h"

#include "pdf_words.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* White space, also form feeds and no-break spaces, becomes one space. */
static void squeeze(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0';) {
        size_t wide = strspn(from, " \n\f\t");
        if (wide == 0 && strncmp(from, "\u00a0", 2) == 0)
            wide = 2;
        if (wide == 0 && strncmp(from, "\u202f", 3) == 0)
            wide = 3;
        if (wide == 0)
            *to++ = *from++;
        else if (to > text && to[-1] != ' ')
            *to++ = ' ';
        from += wide;
    }
    while (to > text && to[-1] == ' ')
        to--;
    *to = '\0';
}

/* Makes the text beside the PDF. */
static void run_pdftotext(char *path, char *into)
{
    char name[] = "pdftotext";
    char *const arguments[] = {name, path, into, NULL};
    pid_t child;
    int ended = 0;
    assert_int_equal(posix_spawnp(&child, name, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) == 0);
}

static char *read_all(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(path, "r"), *into = open_memstream(&text, &size);
    assert_non_null(from);
    assert_non_null(into);
    for (int byte; (byte = fgetc(from)) != EOF;)
        fputc(byte, into);
    fclose(from);
    fclose(into);
    return text;
}

char *pdf_words(const uint8_t *bytes, size_t size)
{
    char path[] = "/tmp/pia-pdf.XXXXXX", into[sizeof path + 4];
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
    snprintf(into, sizeof into, "%s.txt", path);
    run_pdftotext(path, into);
    char *text = read_all(into);
    unlink(path);
    unlink(into);
    squeeze(text);
    return text;
}
