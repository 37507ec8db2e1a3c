/* format.c - the checks behind the names in format.h. */
#include "pia/format.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "pia/clock.h"
#include "pia/principal.h"
#include "pia/territory.h"
#include "pia/uuid.h"

enum {
    CODE_MAX = 63,
    EMAIL_MAX = 254,      /* RFC 5321, 4.5.3.1.3 less the brackets */
    EMAIL_LOCAL_MAX = 64, /* RFC 5321, 4.5.3.1.1 */
    LABEL_MAX = 63,       /* RFC 1035, 2.3.4 */
    URL_MAX = 2048,
    CURSOR_MAX = 512,
    EVENT_TYPE_MAX = 128,
    API_KEY_MIN = 16,
    API_KEY_MAX = 128,
    SIREN_SIZE = 9,
    SIRET_SIZE = 14,
    COMMUNE_SIZE = 5,
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Printable ASCII without the space and without what quotes or escapes. */
static bool is_plain(char c)
{
    return c > ' ' && c < 0x7F && !strchr("\"'<>\\^`{|}", c);
}

static bool all(const char *text, size_t min, size_t max, bool (*allowed)(char))
{
    size_t size = 0;
    for (; text[size]; size++) {
        if (size == max || !allowed(text[size])) {
            return false;
        }
    }
    return size >= min;
}

static bool check_uuid(const char *text)
{
    uint8_t uuid[PIA_UUID_SIZE];
    return pia_uuid_parse(text, uuid);
}

static bool check_code(const char *text)
{
    size_t size = 0;
    for (; text[size]; size++) {
        char c = text[size];
        bool inner = c == '-' && text[size + 1] != '-' && text[size + 1] != '\0';
        if (size == CODE_MAX || (!is_lower(c) && (size == 0 || (!is_digit(c) && !inner)))) {
            return false;
        }
    }
    return size > 0;
}

/* Luhn's sum over all digits, the last being the check digit. */
static bool is_luhn(const char *digits, size_t size)
{
    int sum = 0;
    for (size_t i = 0; i < size; i++) {
        int value = digits[size - 1 - i] - '0';
        value *= i % 2 ? 2 : 1;
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

static bool check_siren(const char *text)
{
    return all(text, SIREN_SIZE, SIREN_SIZE, is_digit) && is_luhn(text, SIREN_SIZE) &&
           strcmp(text, "000000000") != 0;
}

/* La Poste numbers its establishments so that the plain sum of the digits is a multiple of 5. */
static bool is_la_poste(const char *siret)
{
    int sum = 0;
    for (const char *c = siret; *c; c++) {
        sum += *c - '0';
    }
    return strncmp(siret, "356000000", SIREN_SIZE) == 0 && sum % 5 == 0;
}

static bool check_siret(const char *text)
{
    if (!all(text, SIRET_SIZE, SIRET_SIZE, is_digit)) {
        return false;
    }
    char siren[SIREN_SIZE + 1] = {0};
    memcpy(siren, text, SIREN_SIZE);
    return check_siren(siren) && (is_luhn(text, SIRET_SIZE) || is_la_poste(text));
}

static bool check_date(const char *text)
{
    int64_t days = 0;
    return pia_date_parse(text, &days);
}

static bool check_date_time(const char *text)
{
    int64_t time_ms = 0;
    return pia_time_parse(text, &time_ms);
}

/* One label of a host name: letters, digits, inner hyphens. */
static bool is_label(const char *label, size_t size)
{
    if (size == 0 || size > LABEL_MAX || label[0] == '-' || label[size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_alnum(label[i]) && label[i] != '-') {
            return false;
        }
    }
    return true;
}

/* At least two labels; the last is not a number (that would be an address). */
static bool is_domain(const char *domain)
{
    size_t labels = 0;
    for (const char *label = domain;; labels++) {
        size_t size = strcspn(label, ".");
        if (!is_label(label, size)) {
            return false;
        }
        if (!label[size]) {
            return labels >= 1 && !is_digit(label[0]);
        }
        label += size + 1;
    }
}

static bool is_local_char(char c)
{
    return is_alnum(c) || strchr("!#$%&'*+/=?^_`{|}~-", c);
}

static bool check_email(const char *text)
{
    const char *at = strchr(text, '@');
    size_t local = at ? (size_t)(at - text) : 0;
    if (local == 0 || local > EMAIL_LOCAL_MAX || strlen(text) > EMAIL_MAX) {
        return false;
    }
    for (size_t i = 0; i < local; i++) {
        bool inner_dot = text[i] == '.' && i > 0 && i + 1 < local && text[i + 1] != '.';
        if (!inner_dot && !is_local_char(text[i])) {
            return false;
        }
    }
    return is_domain(at + 1);
}

/* ":8080" or nothing. */
static bool is_port(const char *text, size_t size)
{
    if (size == 0) {
        return true;
    }
    int value = 0;
    for (size_t i = 1; i < size && size <= 6; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    return text[0] == ':' && value >= 1 && value <= 65535;
}

/* "[::1]" or labels joined by dots, and a port. */
static bool is_authority(const char *text, size_t size)
{
    size_t host = 0;
    if (text[0] == '[') {
        host = strspn(text + 1, "0123456789abcdefABCDEF:.") + 2;
        return host > 3 && host <= size && text[host - 1] == ']' &&
               is_port(text + host, size - host);
    }
    while (host < size && text[host] != ':') {
        size_t label = strcspn(text + host, ".:/?#");
        if (!is_label(text + host, label)) {
            return false;
        }
        host += label + (text[host + label] == '.');
    }
    return host > 0 && text[host - 1] != '.' && is_port(text + host, size - host);
}

static bool check_url(const char *text)
{
    if (!all(text, 1, URL_MAX, is_plain)) {
        return false;
    }
    const char *authority = strncmp(text, "https://", 8) == 0  ? text + 8
                            : strncmp(text, "http://", 7) == 0 ? text + 7
                                                               : NULL;
    return authority && is_authority(authority, strcspn(authority, "/?#"));
}

static bool check_cursor(const char *text)
{
    return all(text, 1, CURSOR_MAX, is_plain);
}

static bool check_departement(const char *text)
{
    return pia_territory_region_of(text) != NULL;
}

static bool check_region(const char *text)
{
    return pia_territory_has_region(text) != 0;
}

static bool check_commune(const char *text)
{
    if (strlen(text) != COMMUNE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < COMMUNE_SIZE; i++) {
        bool corsica = i == 1 && (text[i] == 'A' || text[i] == 'B');
        if (!is_digit(text[i]) && !corsica) {
            return false;
        }
    }
    char departement[4];
    pia_territory_departement_of(text, departement);
    return check_departement(departement);
}

static bool check_territory(const char *text)
{
    static const struct {
        const char *level;
        bool (*check)(const char *code);
    } levels[] = {{"commune:", check_commune},
                  {"epci:", check_siren},
                  {"departement:", check_departement},
                  {"region:", check_region}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t size = strlen(levels[i].level);
        if (strncmp(text, levels[i].level, size) == 0) {
            return levels[i].check(text + size);
        }
    }
    return false;
}

static bool check_language(const char *text)
{
    return all(text, 2, 2, is_lower);
}

static bool is_key_char(char c)
{
    return is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static bool check_api_key(const char *text)
{
    return all(text, API_KEY_MIN, API_KEY_MAX, is_key_char);
}

static bool check_role(const char *text)
{
    return pia_role_parse(text) != 0;
}

static bool check_event_type(const char *text)
{
    char before = '.';
    size_t size = 0;
    for (; text[size]; size++) {
        char c = text[size];
        bool word = is_lower(c) || (before != '.' && (is_digit(c) || c == '_' || c == '-'));
        if (size == EVENT_TYPE_MAX || (!word && (c != '.' || before == '.'))) {
            return false;
        }
        before = c;
    }
    return size > 0 && before != '.';
}

static const struct {
    const char *name;
    bool (*check)(const char *text);
} formats[] = {
#define X(id, name) {name, check_##id},
    PIA_FORMAT_MAP(X)
#undef X
};

bool pia_format_check(const char *format, const char *text)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, format) == 0) {
            return formats[i].check(text);
        }
    }
    assert(!"a format that is not in format.h");
    return false;
}
