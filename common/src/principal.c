/* principal.c - roles, and what a principal may see. */
#include "pia/principal.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *text;
    uint32_t bit;
} role_table[] = {
#define X(name, text, bit) {text, PIA_ROLE_##name},
    PIA_ROLE_MAP(X)
#undef X
};

enum { ROLE_COUNT = sizeof role_table / sizeof role_table[0] };

/* The bit of a name of `size` bytes, or 0. */
static uint32_t role_of(const char *text, size_t size)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strlen(role_table[i].text) == size && memcmp(role_table[i].text, text, size) == 0) {
            return role_table[i].bit;
        }
    }
    return 0;
}

uint32_t pia_role_parse(const char *text)
{
    return role_of(text, strlen(text));
}

json_t *pia_roles_json(uint32_t roles)
{
    json_t *json = json_array();
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (roles & role_table[i].bit) {
            json_array_append_new(json, json_string(role_table[i].text));
        }
    }
    return json;
}

bool pia_roles_parse(const json_t *json, uint32_t *ret_roles)
{
    if (!json_is_array(json)) {
        return false;
    }
    uint32_t roles = 0;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const char *text = json_string_value(json_array_get(json, i));
        uint32_t bit = text ? pia_role_parse(text) : 0;
        if (!bit) {
            return false;
        }
        roles |= bit;
    }
    *ret_roles = roles;
    return true;
}

bool pia_principal_acts_for_pole(const pia_principal_t *principal, const char *pole)
{
    if (!pole[0] || !principal->pole[0]) {
        return false;
    }
    return strcmp(principal->pole, "*") == 0 || strcmp(principal->pole, pole) == 0;
}

/* Whether text[0..size) is `prefix` followed by exactly `value`, and `value` is not empty. */
static bool names(const char *text, size_t size, const char *prefix, const char *value)
{
    size_t prefix_size = strlen(prefix);
    size_t value_size = strlen(value);
    return value_size > 0 && size == prefix_size + value_size &&
           memcmp(text, prefix, prefix_size) == 0 &&
           memcmp(text + prefix_size, value, value_size) == 0;
}

/* Whether one entry of a restriction ("role:secretariat") names the principal. */
static bool is_named_by(const pia_principal_t *principal, const char *entry, size_t size)
{
    static const char role_prefix[] = "role:";
    const size_t prefix_size = sizeof role_prefix - 1;
    if (size > prefix_size && memcmp(entry, role_prefix, prefix_size) == 0) {
        return (principal->roles & role_of(entry + prefix_size, size - prefix_size)) != 0;
    }
    return names(entry, size, "person:", principal->person) ||
           names(entry, size, "structure:", principal->structure);
}

static bool is_among(const pia_principal_t *principal, const char *restricted_to)
{
    for (const char *entry = restricted_to; *entry;) {
        size_t size = strcspn(entry, ",");
        if (is_named_by(principal, entry, size)) {
            return true;
        }
        entry += size + (entry[size] == ',');
    }
    return false;
}

bool pia_principal_sees(const pia_principal_t *principal,
                        const char *visibility,
                        const char *restricted_to)
{
    if (!visibility) {
        return false;
    }
    if (strcmp(visibility, "public") == 0) {
        return true;
    }
    bool service = (principal->roles & PIA_ROLE_SERVICE) != 0;
    if (strcmp(visibility, "network") == 0) {
        return service || (principal->roles & PIA_ROLE_ANY & ~(uint32_t)PIA_ROLE_CANDIDAT) != 0;
    }
    if (strcmp(visibility, "restricted") == 0) {
        return service || (restricted_to && is_among(principal, restricted_to));
    }
    return false;
}
