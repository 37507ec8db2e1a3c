/* mailbox.c - just enough of RFC 5322 and RFC 2047 to show our own messages' subjects. */
#include "mailbox.h"

#include <dirent.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 8192, PATH_SIZE = 512 };

/* The head of a message, NUL-terminated; false if it cannot be read. */
static bool read_head(const char *directory, const char *name, char ret_head[HEAD_MAX])
{
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t size = fread(ret_head, 1, HEAD_MAX - 1, file);
    ret_head[size] = '\0';
    (void)fclose(file);
    return true;
}

/* The value of a header with its folded lines, or false. */
static bool header(const char *head, const char *name, char *ret_value, size_t size)
{
    const char *line = strstr(head, name);
    if (!line || (line != head && line[-1] != '\n'))
        return false;
    line += strlen(name);
    size_t length = 0;
    for (; *line && length + 1 < size; line++) {
        if (*line == '\n' && line[1] != ' ' && line[1] != '\t')
            break;
        if (*line != '\r' && *line != '\n')
            ret_value[length++] = *line;
    }
    ret_value[length] = '\0';
    return true;
}

/* Prints text with its =?UTF-8?B?…?= words decoded; white space between two words is dropped. */
static void print_decoded(FILE *out, const char *text)
{
    static const char start[] = "=?UTF-8?B?";
    while (*text) {
        const char *end = NULL;
        unsigned char bytes[256];
        size_t size = 0;
        if (strncasecmp(text, start, strlen(start)) != 0 ||
            !(end = strstr(text + strlen(start), "?=")) ||
            sodium_base642bin(bytes, sizeof bytes, text + strlen(start),
                              (size_t)(end - text) - strlen(start), NULL, &size, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0) {
            (void)fputc(*text++, out);
            continue;
        }
        (void)fwrite(bytes, 1, size, out);
        text = end + 2;
        size_t blank = strspn(text, " \t");
        if (strncasecmp(text + blank, start, strlen(start)) == 0)
            text += blank;
    }
}

/* Counts, and prints if `out` is not NULL. */
static size_t each(FILE *out, const char *data, const char *address)
{
    char directory[PATH_SIZE];
    (void)snprintf(directory, sizeof directory, "%s/mail/new", data);
    DIR *maildir = opendir(directory);
    if (!maildir)
        return 0;
    size_t count = 0;
    const struct dirent *entry = NULL;
    char head[HEAD_MAX];
    char value[1024];
    while ((entry = readdir(maildir))) { // NOLINT(concurrency-mt-unsafe): its own DIR
        if (entry->d_name[0] == '.' || !read_head(directory, entry->d_name, head) ||
            !header(head, "To:", value, sizeof value) || !strstr(value, address))
            continue;
        count++;
        if (out && header(head, "Subject:", value, sizeof value)) {
            (void)fputs("         objet :", out);
            print_decoded(out, value);
            (void)fputc('\n', out);
        }
    }
    closedir(maildir);
    return count;
}

size_t mailbox_count(const char *data, const char *address)
{
    return each(NULL, data, address);
}

void mailbox_tell(FILE *out, const char *data, const char *address)
{
    each(out, data, address);
}
