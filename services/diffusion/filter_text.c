/* filter_text.c - {"kinds":["guide"],"themes":["arts","sante"]}, character by character. */
#include "filter_text.h"

#include <string.h>

enum { VALUE_MAX = 255 };

static const char *behind_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/* Passes over blanks, and over the character if it is there. */
static bool take(const char **at, char expected)
{
    *at = behind_blanks(*at);
    bool there = **at == expected;
    *at += there;
    return there;
}

static bool is_end(const char *at)
{
    return !*behind_blanks(at);
}

/* The text between quotes at *at, which moves behind it; false if it is not one of ours. */
static bool read_text(const char **at, char ret_text[VALUE_MAX + 1])
{
    if (!take(at, '"'))
        return false;
    const char *from = *at;
    size_t size = 0;
    while (from[size] && from[size] != '"' && from[size] != '\\')
        size++;
    if (from[size] != '"' || size > VALUE_MAX)
        return false;
    memcpy(ret_text, from, size);
    ret_text[size] = '\0';
    *at = from + size + 1;
    return true;
}

static bool read_values(const char **at, criterion_t criterion, filter_text_fn *each, void *arg)
{
    char value[VALUE_MAX + 1];
    if (!take(at, '['))
        return false;
    if (take(at, ']'))
        return true;
    do {
        if (!read_text(at, value))
            return false;
        each(arg, criterion, value);
    } while (take(at, ','));
    return take(at, ']');
}

static bool find_criterion(const char *member, criterion_t *ret_criterion)
{
    for (criterion_t c = 0; c < CRITERION_COUNT; c++) {
        if (strcmp(criterion_member(c), member) == 0) {
            *ret_criterion = c;
            return true;
        }
    }
    return false;
}

bool filter_text_read(const char *text, filter_text_fn *each, void *arg, uint32_t *ret_asks)
{
    char member[VALUE_MAX + 1];
    criterion_t criterion = 0;
    *ret_asks = 0;
    if (!take(&text, '{'))
        return false;
    if (take(&text, '}'))
        return is_end(text);
    do {
        if (!read_text(&text, member) || !find_criterion(member, &criterion) ||
            *ret_asks >> criterion & 1 || !take(&text, ':') ||
            !read_values(&text, criterion, each, arg))
            return false;
        *ret_asks |= 1U << criterion;
    } while (take(&text, ','));
    return take(&text, '}') && is_end(text);
}
