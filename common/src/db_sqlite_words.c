/* db_sqlite_words.c - a few words for a few others. */
#include "db_sqlite_words.h"

#include <stdlib.h>
#include <string.h>

#include "pia/memory.h"

/* A shorter text before a longer one that begins like it would hide it. */
static const struct {
    const char *from, *to;
} words[] = {
    {" FOR UPDATE SKIP LOCKED", ""},
    {" FOR UPDATE", ""},
    {" BIGINT PRIMARY KEY", " INTEGER PRIMARY KEY"},
    {" BIGINT NOT NULL PRIMARY KEY", " INTEGER NOT NULL PRIMARY KEY"},
};

enum { WORDS = sizeof words / sizeof *words };

/* Which of the words stands here, -1: none. */
static int word_at(const char *at)
{
    for (int i = 0; *at == ' ' && i < WORDS; i++) {
        if (strncmp(at, words[i].from, strlen(words[i].from)) == 0) {
            return i;
        }
    }
    return -1;
}

char *pia_sqlite_words(const char *sql)
{
    size_t size = strlen(sql);
    char *copy = pia_alloc(size + size / 16 + 1); /* a word grows by a letter, and has 19 */
    char *to = copy;
    while (*sql != '\0') {
        int word = word_at(sql);
        if (word < 0) {
            *to++ = *sql++;
            continue;
        }
        size_t length = strlen(words[word].to);
        memcpy(to, words[word].to, length);
        to += length;
        sql += strlen(words[word].from);
    }
    *to = '\0';
    return copy;
}
